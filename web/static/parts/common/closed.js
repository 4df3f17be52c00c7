// The closed part (họp kín): who may stay is chosen in the same act; opening again takes two steps.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useState} from "preact/hooks";
import {now, deskView, sitesOf} from "../../state.js";
import {timeOfDay, t} from "../../texts.js";
import {act, actorName, canGive, Do, mayGive, siteBrief, siteName} from "./actions.js";
import {Dialog, Hold} from "./dialogs.js";
import {Icon} from "./icons.js";

/** @import {AgendaItem, ClosedPart} from "../../types.js" */

const MOST_NAMED = 5;

/** What is asked: to close now, with an item, or who else may stay. @type {import("@preact/signals").Signal<
 *   {item?: AgendaItem} | undefined>} */
const asked = signal(undefined);
/** Kept from one closed part to the next: most likely the same rooms stay. @type {import("@preact/signals").Signal<
 *   ReadonlySet<string>>} */
const chosen = signal(new Set());

/** @param {AgendaItem} [item] to turn to, and to close */
export function askToClose(item) {
  const part = deskView().closed_part;
  if (part) chosen.value = new Set(part.staying);
  asked.value = item ? {item} : {};
}

/** Away from what is pressed a hundred times a day. */
export function CloseButton() {
  if (!mayGive("close_part") || deskView().closed_part) return null;
  return html`<button type="button" class="small plain" data-testid="close-part-open" disabled=${!canGive("close_part")}
    title=${t("closed.close_hint")} onClick=${() => askToClose()}><${Icon} name="lock" />${t("closed.close")}</button>`;
}

export function CloseDialog() {
  const question = asked.value;
  if (!question) return null;
  const close = () => { asked.value = undefined; };
  const {closed_part: part} = deskView();
  const staying = sitesOf(deskView()).filter((site) => site.kind === "hall" || chosen.value.has(site.id)).map((site) => site.id);
  const {item} = question;
  const go = async () => {
    if (await act({type: "close_part", staying, ...(item && {item: item.id})})) close();
  };
  const title = item ? t("closed.title_item", {item: item.title}) : t(part ? "closed.title_list" : "closed.title");
  return html`<${Dialog} label=${title} onClose=${close} testid="close-dialog">
    <h2>${title}</h2>
    <p>${t(part ? "closed.text_list" : "closed.text")}</p>
    <${Stay} />
    <footer>
      <button type="button" onClick=${close}>${t("common.cancel")}</button>
      <button type="submit" class="danger" data-testid="close-part" disabled=${!canGive("close_part")} onClick=${go}>
        <${Icon} name="lock" />${t(part ? "closed.do_list" : "closed.do")}</button>
    </footer>
  <//>`;
}

/** Which rooms stay; the hall always does. */
function Stay() {
  const sites = sitesOf(deskView());
  const others = sites.filter((site) => site.kind !== "hall");
  const all = others.every((site) => chosen.value.has(site.id));
  const turn = (/** @type {string} */ site) => {
    const next = new Set(chosen.value);
    if (!next.delete(site)) next.add(site);
    chosen.value = next;
  };
  return html`<fieldset class="stay"><legend>${t("closed.who_stays")}</legend>
    ${others.length > 1 && html`<button type="button" class="small" data-testid="stay-all"
      onClick=${() => { chosen.value = new Set(all ? [] : others.map((site) => site.id)); }}>
      ${t(all ? "closed.none" : "closed.all")}</button>`}
    <div class="stay-list">
      ${sites.map((site) => html`<label key=${site.id} data-testid=${`stay-${site.id}`}>
        <input type="checkbox" checked=${site.kind === "hall" || chosen.value.has(site.id)}
          disabled=${site.kind === "hall"} onChange=${() => turn(site.id)} />
        <span>${siteName(site.id)}</span></label>`)}
    </div></fieldset>`;
}

/** While the room is closed: since when, by whom, for whom; and the way back. */
export function ClosedBand() {
  const part = deskView().closed_part;
  if (!part) return null;
  return html`<div class="closed-band" role="status" data-testid="closed-band">
    <p><${Icon} name="lock" /><b>${t("closed.is")}</b> ${t("closed.since", {time: timeOfDay(part.since_at_ms), name: actorName(part.by)})}</p>
    <p class="muted">${stayingOf(part)}</p>
    <${Opening} part=${part} />
  </div>`;
}

/** By name, as long as they can be read; the list has all. @param {ClosedPart} part */
function stayingOf({staying}) {
  const few = staying.length > MOST_NAMED ? staying.slice(0, MOST_NAMED - 1) : staying;
  const sites = few.map(siteBrief).join(", ");
  return few === staying ? t("closed.stay", {sites}) : t("closed.stay_many", {sites, count: staying.length - few.length});
}

/** @param {{part: ClosedPart}} props */
function Opening({part}) {
  const left = useLeft(part.confirm_until_ms);
  const {agenda, session} = deskView();
  const secret = agenda.find((item) => item.id === session.current_item)?.closed;
  if (left > 0) {
    return html`<p><b>${t("closed.sure", {seconds: left, name: actorName(part.asked_by)})}</b></p>
      <div class="closed-buttons">
        <${Do} command=${{type: "keep_closed"}} class="primary small">${t("closed.keep")}<//>
        ${mayGive("confirm_opening") && html`<${Hold} text=${t("closed.confirm")} onHeld=${() => act({type: "confirm_opening"})} />`}
      </div>`;
  }
  return html`${secret && html`<p class="muted">${t("closed.item_secret")}</p>`}
    <div class="closed-buttons">
      ${mayGive("close_part") && html`<button type="button" class="small" data-testid="stay-open" onClick=${() => askToClose()}>
        <${Icon} name="people" />${t("closed.list")}</button>`}
      <${Do} command=${{type: "request_opening"}} class="small plain" disabled=${secret}>
        <${Icon} name="eye" />${t("closed.open")}<//>
    </div>`;
}

/** Whole seconds until then; 0 when it is past. @param {number | undefined} until epoch ms of the server */
function useLeft(until) {
  const [, again] = useState(0);
  useEffect(() => {
    if (until === undefined) return undefined;
    const timer = setInterval(() => again((count) => count + 1), 500);
    return () => clearInterval(timer);
  }, [until]);
  return until === undefined ? 0 : Math.max(0, Math.ceil((until - now()) / 1000));
}
