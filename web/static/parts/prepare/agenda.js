// The agenda: items in their order, with whoever presents, is questioned, and how long it takes.

import {html} from "htm/preact";
import {useState} from "preact/hooks";
import {operatorView, ready} from "../../state.js";
import {t, timeOfDay} from "../../texts.js";
import {act} from "../common/actions.js";
import {Icon} from "../common/icons.js";
import {Documents} from "./documents.js";
import {ImportBox} from "./import.js";
import {RowForm, askRemove, editing, textOf} from "./pieces.js";

/** @import {AgendaItem, Command} from "../../types.js" */

const KINDS = ["report", "discussion", "questioning", "explanation", "other"];
const open = editing();
const close = () => { open.value = undefined; };

export function Agenda() {
  const {session, agenda, forecast} = operatorView();
  // Before it has a planned start, times would count from now and mean nothing.
  const timed = Boolean(session.planned_start_at_ms) || session.phase !== "prepared";
  return html`<section class="panel list"><header><h2>${t("prepare.step_agenda")}</h2>
      <button type="button" disabled=${!ready.value} onClick=${() => { open.value = ""; }} data-testid="add-item">
        <${Icon} name="plus" />${t("prepare.add_item")}</button></header>
    <${ImportBox} what="items" />
    ${open.value === "" && html`<${Form} />`}
    ${!agenda.length && html`<p class="muted">${t("prepare.no_items")}</p>`}
    <ol class="lines items" data-testid="item-list">${agenda.map((item, index) => html`<li key=${item.id} data-testid=${`item-${item.id}`}>
      ${open.value === item.id ? html`<${Form} item=${item} />`
        : html`<${Row} item=${item} index=${index} at=${timed ? item.starts_at_ms : undefined} />`}</li>`)}</ol>
    ${timed && forecast && html`<p class="ends">${t("prepare.ends_about", {time: timeOfDay(forecast.ends_at_ms)})}</p>`}
  </section>`;
}

/** @param {{item: AgendaItem, index: number, at: number | undefined}} props */
function Row({item, index, at}) {
  const {agenda, delegates} = operatorView();
  const names = (item.questioned ?? []).map((id) => delegates.find((one) => one.id === id)?.name ?? "");
  const move = (/** @type {number} */ to) => void act({type: "move_item", item: item.id, before: agenda[to]?.id ?? null});
  const details = [t(`item.${item.kind ?? "other"}`), item.planned_minutes ? t("common.minutes", {minutes: item.planned_minutes}) : "",
    item.presenter, names.length ? t("prepare.questioned_are", {names: names.join(", ")}) : ""];
  return html`<span class="when numbers">${at === undefined ? index + 1 : timeOfDay(at)}</span>
    <div class="told"><b>${item.title}</b>${item.closed && html` <span class="badge closed"><${Icon} name="lock" />${t("common.closed_item")}</span>`}
      <small class="muted">${details.filter(Boolean).join(" · ")}</small>
      <${Documents} item=${item} /></div>
    <span class="moves"><button type="button" class="small plain icon-only" disabled=${index === 0 || !ready.value} aria-label=${t("prepare.up", {name: item.title})}
        onClick=${() => move(index - 1)}><${Icon} name="up" /></button>
      <button type="button" class="small plain icon-only" disabled=${index === agenda.length - 1 || !ready.value} aria-label=${t("prepare.down", {name: item.title})}
        onClick=${() => move(index + 2)}><${Icon} name="down" /></button></span>
    <button type="button" class="small" onClick=${() => { open.value = item.id; }}>${t("prepare.edit")}</button>
    <button type="button" class="small plain" aria-label=${t("prepare.remove_one", {name: item.title})}
      onClick=${() => askRemove({type: "remove_item", item: item.id}, item.title)}>${t("prepare.remove")}</button>`;
}

/** @param {{item?: AgendaItem}} props */
function Form({item}) {
  const {delegates} = operatorView();
  const [kind, setKind] = useState(item?.kind ?? "discussion");
  const [questioned, setQuestioned] = useState(item?.questioned ?? []);
  const asks = kind === "questioning" || kind === "explanation";
  const make = (/** @type {FormData} */ form) => /** @type {Command} */ ({
    type: "put_item", ...(item ? {item: item.id} : {closed: form.has("closed")}), title: textOf(form, "title"), kind,
    presenter: textOf(form, "presenter") || null, planned_minutes: Number(textOf(form, "minutes") || 0),
    questioned: asks ? questioned : [],
  });
  return html`<${RowForm} testid="item-form" make=${make} onDone=${close}>
    <label class="field whole">${t("prepare.item_title")}<input name="title" required maxlength="300" defaultValue=${item?.title ?? ""} /></label>
    <label class="field">${t("prepare.item_kind")}<select value=${kind} data-testid="item-kind" onChange=${(/** @type {Event} */ event) =>
      setKind(/** @type {any} */ (event.target).value)}>${KINDS.map((one) => html`<option value=${one}>${t(`item.${one}`)}</option>`)}</select></label>
    <label class="field">${t("prepare.item_minutes")}<input name="minutes" type="number" min="0" max="1440" defaultValue=${item?.planned_minutes || ""} /></label>
    <label class="field grow">${t("prepare.presenter")}<select name="presenter"><option value="">${t("prepare.nobody")}</option>
      ${delegates.map((one) => html`<option value=${one.id} selected=${one.id === item?.presenter_id}>${one.name}${one.title && ` – ${one.title}`}</option>`)}</select></label>
    ${asks && html`<${Questioned} ids=${questioned} onChange=${setQuestioned} />`}
    ${item ? html`<button type="button" disabled=${!ready.value} onClick=${() => void act({type: "set_item_closed", item: item.id, closed: !item.closed})}>
        <${Icon} name="lock" />${t(item.closed ? "prepare.make_open" : "prepare.make_closed")}</button>`
      : html`<label class="check"><input type="checkbox" name="closed" /> ${t("prepare.closed_note")}</label>`}<//>`;
}

/** @param {{ids: string[], onChange: (ids: string[]) => void}} props */
function Questioned({ids, onChange}) {
  const {delegates} = operatorView();
  const add = (/** @type {Event} */ event) => {
    const select = /** @type {HTMLSelectElement} */ (event.target);
    if (select.value) onChange([...ids, select.value]);
    select.value = "";
  };
  return html`<div class="whole questioned"><label class="field">${t("prepare.questioned")}
      <select onChange=${add} data-testid="add-questioned"><option value="">${t("prepare.add_questioned")}</option>
        ${delegates.filter((one) => !ids.includes(one.id)).map((one) => html`<option value=${one.id}>${one.name}${one.title && ` – ${one.title}`}</option>`)}</select></label>
    <ul class="chips">${ids.map((id) => html`<li key=${id}>${delegates.find((one) => one.id === id)?.name}
      <button type="button" class="plain icon" aria-label=${t("prepare.remove")} onClick=${() => onChange(ids.filter((one) => one !== id))}><${Icon} name="close" /></button></li>`)}</ul></div>`;
}
