// The roll call: who is there, site by site, and why somebody is not.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {clerkView, now} from "../../state.js";
import {t, withDay} from "../../texts.js";
import {act, canGive, siteName} from "../common/actions.js";
import {Dialog} from "../common/dialogs.js";
import {valueOf} from "../common/fields.js";

/** @import {Delegate} from "../../types.js" */

const open = signal(false);

export function openRoll() {
  open.value = true;
}

export function RollCall() {
  if (!open.value) return null;
  const {delegates, roll, sites} = clerkView();
  const close = () => { open.value = false; };
  const places = Object.values(sites).sort((a, b) => a.place - b.place);
  const called = delegates.filter(({id}) => roll[id]);
  const present = called.filter(({id}) => roll[id]?.present).length;
  const counts = {present, absent: called.length - present, left: delegates.length - called.length};
  return html`<${Dialog} label=${t("roll.title")} onClose=${close} testid="roll" wide=${true}>
    <h2>${t("roll.title")}</h2>
    <p role="status" class="numbers" data-testid="roll-said">${t("roll.said", counts)}</p>
    <div class="roll">
      ${!delegates.length && html`<p class="empty">${t("roll.nobody")}</p>`}
      ${places.map(({id}) => html`<${Site} key=${id} site=${id} delegates=${delegates.filter((one) => one.site === id)} />`)}
    </div>
    <p class="hint">${t("roll.note")}</p>
    <footer><button type="button" data-testid="roll-print" disabled=${!delegates.length} onClick=${() => print()}>${t("roll.print")}</button>
      <button type="button" class="primary" onClick=${close}>${t("common.close")}</button></footer>
  <//><${Paper} places=${places} counts=${counts} />`;
}

/** What is printed while the roll call is open: to be filed, so all of it, with nothing to press.
 * @param {{places: {id: string}[], counts: Record<string, number>}} props */
function Paper({places, counts}) {
  const {delegates, roll, session} = clerkView();
  const word = (/** @type {Delegate} */ {id}) => {
    const found = roll[id];
    return found ? t(found.present ? "roll.present" : "roll.absent") : "";
  };
  return html`<section class="roll-paper" data-testid="roll-paper">
    <h1>${t("roll.paper")}</h1>
    <p>${session.title}</p><p>${withDay(session.subtitle, session.started_at_ms ?? session.planned_start_at_ms ?? now())}</p>
    <table><thead><tr>${["number", "name", "job", "found", "reason"].map((one) => html`<th scope="col">${t(`roll.column_${one}`)}</th>`)}</tr></thead>
      ${places.map(({id}) => {
        const seated = delegates.filter((one) => one.site === id);
        return seated.length > 0 && html`<tbody key=${id}><tr><th scope="rowgroup" colspan="5">${siteName(id)}</th></tr>
          ${seated.map((one, index) => html`<tr><td>${index + 1}</td><td>${one.name}</td><td>${one.title}</td><td>${word(one)}</td><td>${roll[one.id]?.reason}</td></tr>`)}</tbody>`;
      })}</table>
    <p><strong>${t("roll.said", counts)}</strong></p>
    <p class="signed">${t("roll.signed")}</p></section>`;
}

/** @param {{site: string, delegates: Delegate[]}} props */
function Site({site, delegates}) {
  if (!delegates.length) return null;
  const left = delegates.filter(({id}) => !clerkView().roll[id]).map(({id}) => id);
  return html`<section><header><h3>${siteName(site)}</h3>
      <button type="button" class="small" disabled=${!left.length || !canGive("mark_roll")} data-testid=${`roll-all-${site}`}
        aria-label=${t("roll.all_long", {site: siteName(site)})} onClick=${() => act({type: "mark_roll", delegates: left, present: true})}>
        ${t("roll.all")}</button></header>
    <ul class="rows">${delegates.map((one) => html`<${Row} key=${one.id} delegate=${one} />`)}</ul></section>`;
}

/** @param {{delegate: Delegate}} props */
function Row({delegate}) {
  const {id, name, title} = delegate;
  const found = clerkView().roll[id];
  const absent = found?.present === false;
  const explain = (/** @type {Event} */ event) => {
    const reason = valueOf(event).trim();
    void act({type: "mark_roll", delegates: [id], present: false, reason});
  };
  return html`<li class="row" data-testid=${`roll-${id}`}>
    <div class="who"><span class="name">${name}</span>${title && html`<span class="detail">${title}</span>`}</div>
    ${absent && html`<input class="why" defaultValue=${found.reason} maxlength="300" placeholder=${t("roll.reason")}
      aria-label=${t("roll.reason_of", {name})} data-testid=${`roll-why-${id}`} onChange=${explain} />`}
    ${[true, false].map((present) => html`<${Mark} key=${present} delegate=${delegate} present=${present} pressed=${found?.present === present} />`)}
  </li>`;
}

/** Pressed again it is taken back. @param {{delegate: Delegate, present: boolean, pressed: boolean}} props */
function Mark({delegate: {id, name}, present, pressed}) {
  const word = present ? "present" : "absent";
  const mark = () => act({type: "mark_roll", delegates: [id], ...(!pressed && {present})});
  return html`<button type="button" class="small mark" aria-pressed=${pressed} data-word=${word} disabled=${!canGive("mark_roll")}
    aria-label=${t(`roll.${word}_long`, {name})} data-testid=${`roll-${word}-${id}`} onClick=${mark}>${t(`roll.${word}`)}</button>`;
}
