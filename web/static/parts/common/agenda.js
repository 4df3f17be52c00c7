// The agenda: what has been, what is on, what is to come; going to an item takes two presses.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {deskView, now} from "../../state.js";
import {t, timeOfDay} from "../../texts.js";
import {act, canGive, mayGive} from "./actions.js";
import {askToClose, CloseButton, ClosedBand, CloseDialog} from "./closed.js";
import {ask} from "./dialogs.js";
import {Icon} from "./icons.js";
import {LimitsDialog, openLimits} from "./limits.js";
import {Menu} from "./menu.js";
import {PromiseDialog} from "./promises.js";
import {PaperList, Reader} from "./reader.js";
import {openRecord, RecordDialog} from "./record.js";
import {toast} from "./toasts.js";

/** @import {AgendaItem} from "../../types.js" */

const MINUTE_MS = 60_000;
const TICK_MS = 10_000;
/** The item whose buttons show. */
const unfolded = signal("");
/** Moves on now and then, so that the time an item took does. */
const tick = signal(0);

export function Agenda() {
  const {agenda, session} = deskView();
  const rows = useRef(/** @type {HTMLElement | null} */ (null));
  useCurrent(rows, session.current_item);
  useEffect(() => {
    const timer = setInterval(() => { tick.value += 1; }, TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return html`<section class="agenda panel" aria-labelledby="agenda-title" data-testid="agenda">
    <header><h2 id="agenda-title">${t("operator.agenda")}</h2><span class="gap"></span><${Following} /></header>
    <div><div class="plan"><${Ending} /><span class="gap"></span><${CloseButton} /></div><${ClosedBand} /></div>
    ${agenda.length ? html`<ol class="rows" ref=${rows}>
      ${agenda.map((item, index) => html`<${Item} key=${item.id} item=${item} index=${index} />`)}
    </ol>` : html`<p class="empty">${t("operator.agenda_empty")}</p>`}
    <${CloseDialog} /><${LimitsDialog} /><${RecordDialog} /><${PromiseDialog} /><${Reader} />
  </section>`;
}

/** A long agenda is at what the session is at, and stays there when its room changes, unless somebody reads elsewhere in it.
 * The list alone moves: a page that scrolls stays under the hand.
 * @param {{current: HTMLElement | null}} rows @param {string | undefined} item */
function useCurrent(rows, item) {
  useEffect(() => {
    const list = rows.current;
    const row = /** @type {HTMLElement | null | undefined} */ (list?.querySelector("[aria-current]"));
    if (!list || !row) return undefined;
    let follows = true;
    const above = () => row.offsetTop - list.scrollTop;
    const below = () => list.clientHeight - above() - row.offsetHeight;
    const show = () => {
      if (follows && (above() < 0 || below() < 0)) list.scrollTop += (above() - below()) / 2;
    };
    const watcher = new ResizeObserver(show);
    const look = () => { follows = Math.min(above(), below()) > -row.offsetHeight; };
    watcher.observe(list); // which shows it at once
    list.addEventListener("scroll", look);
    return () => {
      watcher.disconnect();
      list.removeEventListener("scroll", look);
    };
  }, [item]);
}

/** What goes beyond the queue: time for all, and what one looks back on. */
function Following() {
  return html`<${Menu} id="session-menu" label=${t("operator.session_menu")} icon="list" text=${t("operator.follow")}>
    ${mayGive("set_limit") && html`<button type="button" class="plain" data-testid="limits-open" disabled=${!canGive("set_limit")}
      onClick=${openLimits}><${Icon} name="clock" />${t("limits.open")}</button>`}
    <button type="button" class="plain" data-testid="record-open" onClick=${() => openRecord()}>
      <${Icon} name="list" />${t("record.open")}</button>
  <//>`;
}

/** When the session will be over, if the rest keeps to its plan. */
function Ending() {
  const {forecast} = deskView();
  if (!forecast) return null;
  const late = Math.round(forecast.late_ms / MINUTE_MS);
  const word = late > 0 ? t("operator.forecast_late", {minutes: late}) : late < 0 ? t("operator.forecast_early", {minutes: -late}) : "";
  return html`<p class="forecast" data-testid="forecast" title=${t("operator.forecast_hint", {unplanned: forecast.unplanned})}>
    ${t("operator.forecast", {time: timeOfDay(forecast.ends_at_ms)})}${word && html` <b data-late=${late > 0}>${word}</b>`}</p>`;
}

/** What has become of an item's plan. @param {AgendaItem} item */
function times(item) {
  const used = (item.used_ms ?? 0) + (item.since_at_ms !== undefined && tick.value >= 0 ? Math.max(0, now() - item.since_at_ms) : 0);
  const minutes = Math.floor(used / MINUTE_MS);
  if (item.state === "done") return minutes ? t("operator.item_took", {minutes}) : "";
  if (item.state === "current" && used > 0) {
    const runs = item.planned_minutes ? t("operator.item_runs", {used: minutes, planned: item.planned_minutes})
      : t("operator.item_took", {minutes});
    const ends = item.planned_minutes && item.ends_at_ms ? t("operator.item_ends", {time: timeOfDay(item.ends_at_ms)}) : "";
    return [runs, ends].filter(Boolean).join(" · ");
  }
  const planned = item.planned_minutes ? t("common.minutes", {minutes: item.planned_minutes}) : "";
  const begins = item.state === "coming" && item.starts_at_ms ? t("operator.item_begins", {time: timeOfDay(item.starts_at_ms)}) : "";
  return [planned, begins].filter(Boolean).join(" · ");
}

/** @param {{item: AgendaItem, index: number}} props */
function Item({item, index}) {
  const open = unfolded.value === item.id;
  const can = mayGive("choose_item") || mayGive("set_item_closed");
  const detail = [
    item.state === "left" && t("item_state.left"), times(item), item.waiting && item.state !== "current" ? t("operator.item_waits", {count: item.waiting}) : "",
    item.kind && item.kind !== "other" && t(`item.${item.kind}`), item.presenter,
  ].filter(Boolean).join(" · ");
  return html`<li class="item" data-state=${item.state} data-closed=${item.closed} data-testid=${`item-${item.id}`}
    aria-current=${item.state === "current" ? "step" : undefined}>
    <button type="button" class="item-head" aria-expanded=${open} disabled=${!can}
      onClick=${() => { unfolded.value = open ? "" : item.id; }}>
      <span class="place numbers">${item.state === "done" ? html`<${Icon} name="check" />` : index + 1}</span>
      <span class="who"><span class="name">${item.title}</span><span class="detail">
        ${item.closed && html`<span class="closed-mark"><${Icon} name="lock" />${t("common.closed_item")}</span>${detail && " · "}`}
        ${detail}</span></span>
      <span class="hidden-visually">${t(`item_state.${item.state}`)}</span>
    </button>
    ${open && html`<${ItemButtons} item=${item} />`}
    ${(open || item.state === "current") && html`<${PaperList} papers=${item.documents} />`}
  </li>`;
}

/** @param {{item: AgendaItem}} props */
function ItemButtons({item}) {
  const row = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => row.current?.scrollIntoView({block: "nearest"}), []);
  return html`<div class="item-buttons" ref=${row}>
    ${item.state !== "current" && mayGive("choose_item") && html`<button type="button" class="primary small"
      data-testid=${`choose-${item.id}`} disabled=${!canGive("choose_item")} onClick=${() => choose(item)}>
      <${Icon} name="arrow" />${t("operator.choose_item")}</button>`}
    ${item.closed
      ? mayGive("set_item_closed") && html`<button type="button" class="small plain" data-testid=${`open-${item.id}`}
        disabled=${!canGive("set_item_closed")} onClick=${() => unmark(item)}><${Icon} name="eye" />${t("operator.open_item")}</button>`
      : mayGive("set_item_closed") && html`<button type="button" class="small plain" data-testid=${`close-${item.id}`}
        disabled=${!canGive("set_item_closed")} onClick=${() => mark(item)}><${Icon} name="lock" />${t("operator.close_item")}</button>`}
  </div>`;
}

/** What comes after the current item: one press and a question. Grey while somebody speaks. */
export function NextItem() {
  const {agenda, floor} = deskView();
  const after = agenda.findIndex((item) => item.state === "current") + 1;
  const item = agenda.slice(after).find(({state}) => state === "coming");
  if (!item || !mayGive("choose_item")) return null;
  const number = agenda.indexOf(item) + 1;
  return html`<button type="button" class="next-item" disabled=${!canGive("choose_item") || Boolean(floor)}
    data-testid="next-item" onClick=${() => askNext(item)}>
    <${Icon} name="arrow" /><span class="call-text"><b>${t("chair.next_item")}</b>
      <span>${number}. ${item.title}</span>
      ${floor && html`<span class="why-not">${t("chair.next_item_floor")}</span>`}</span></button>`;
}

/** @param {AgendaItem} item */
function askNext(item) {
  if (item.closed && closesNow()) return askToClose(item);
  ask({command: {type: "choose_item", item: item.id}, key: "next_item", params: {item: item.title}});
}

/** A closed item closes the room: who may stay is asked first. @param {AgendaItem} item */
async function choose(item) {
  unfolded.value = "";
  const {agenda} = deskView();
  const left = agenda.find((one) => one.state === "current");
  if (item.closed && closesNow()) return askToClose(item);
  if (await act({type: "choose_item", item: item.id}) && left?.waiting) {
    toast(t("operator.queue_kept", {item: left.title, count: left.waiting}));
  }
}

/** Whether a closed item would put somebody out now. */
function closesNow() {
  const {session, closed_part: part} = deskView();
  return !part && (session.phase === "live" || session.phase === "paused");
}

/** @param {AgendaItem} item */
function mark(item) {
  if (item.state === "current" && closesNow()) return askToClose(item);
  return act({type: "set_item_closed", item: item.id, closed: true});
}

/** Its title becomes public. @param {AgendaItem} item */
function unmark(item) {
  ask({command: {type: "set_item_closed", item: item.id, closed: false}, key: "open_item", params: {item: item.title}});
}
