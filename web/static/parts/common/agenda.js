// The agenda: what has been, what is on, what is to come; going to an item takes two presses.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {deskView} from "../../state.js";
import {t} from "../../texts.js";
import {act, canGive, Do, mayGive} from "./actions.js";
import {ask} from "./dialogs.js";
import {Icon} from "./icons.js";

/** @import {AgendaItem} from "../../types.js" */

/** The item whose buttons show. */
const unfolded = signal("");

export function Agenda() {
  const {agenda} = deskView();
  return html`<section class="agenda panel" aria-labelledby="agenda-title" data-testid="agenda">
    <header><h2 id="agenda-title">${t("operator.agenda")}</h2></header>
    ${agenda.length ? html`<ol class="rows">
      ${agenda.map((item, index) => html`<${Item} key=${item.id} item=${item} index=${index} />`)}
    </ol>` : html`<p class="empty">${t("operator.agenda_empty")}</p>`}
  </section>`;
}

/** @param {{item: AgendaItem, index: number}} props */
function Item({item, index}) {
  const open = unfolded.value === item.id;
  const can = mayGive("choose_item") || mayGive("set_item_closed");
  const detail = [
    item.kind && t(`item.${item.kind}`), item.presenter,
    item.planned_minutes ? t("common.minutes", {minutes: item.planned_minutes}) : "",
  ].filter(Boolean).join(" · ");
  return html`<li class="item" data-state=${item.state} data-closed=${item.closed} data-testid=${`item-${item.id}`}
    aria-current=${item.state === "current" ? "step" : undefined}>
    <button type="button" class="item-head" aria-expanded=${open} disabled=${!can}
      onClick=${() => { unfolded.value = open ? "" : item.id; }}>
      <span class="place numbers">${item.state === "done" ? html`<${Icon} name="check" />` : index + 1}</span>
      <span class="who"><span class="name">${item.title}</span><span class="detail">
        ${item.closed && html`<span class="closed-mark"><${Icon} name="lock" />${t("common.closed_item")}</span> · `}
        ${detail}</span></span>
      <span class="hidden-visually">${t(`item_state.${item.state}`)}</span>
    </button>
    ${open && html`<${ItemButtons} item=${item} />`}
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
      ? mayGive("set_item_closed") && html`<button type="button" class="small" data-testid=${`open-${item.id}`}
        disabled=${!canGive("set_item_closed")} onClick=${() => openToPublic(item)}><${Icon} name="eye" />${t("operator.open_item")}</button>`
      : html`<${Do} command=${{type: "set_item_closed", item: item.id, closed: true}} class="small"
        testid=${`close-${item.id}`}><${Icon} name="lock" />${t("operator.close_item")}<//>`}
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
  const {closed, phase} = deskView().session;
  const toPublic = closed && !item.closed && phase === "live";
  const key = toPublic ? "to_public" : item.closed ? "next_item_closed" : "next_item";
  ask({command: {type: "choose_item", item: item.id}, key, params: {item: item.title}});
}

/** Leaving a closed item puts the room on the public picture again: that is asked first.
 * @param {AgendaItem} item */
async function choose(item) {
  const command = {type: "choose_item", item: item.id};
  const {closed, phase} = deskView().session;
  unfolded.value = "";
  if (closed && !item.closed && phase === "live") ask({command, key: "to_public", params: {item: item.title}});
  else await act(command);
}

/** @param {AgendaItem} item */
function openToPublic(item) {
  const command = {type: "set_item_closed", item: item.id, closed: false};
  if (item.state === "current") return ask({command, key: "open_item", params: {item: item.title}});
  return act(command);
}
