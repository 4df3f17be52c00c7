// What one looks back on: who had how much time, what departed from the order, who was not heard, and
// what came of each question.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {deskView} from "../../state.js";
import {config, span, t, timeOfDay} from "../../texts.js";
import {mayGive, siteBrief} from "./actions.js";
import {Dialog} from "./dialogs.js";
import {Icon} from "./icons.js";
import {askPromise, PromiseRow} from "./promises.js";

/** @import {Departure, Thread, ThreadTurn} from "../../record_types.js" */

const TABS = /** @type {const} */ (["threads", "unheard", "times", "departures"]);
/** @type {import("@preact/signals").Signal<typeof TABS[number] | "">} */
const tab = signal("");

/** @param {typeof TABS[number]} [which] */
export function openRecord(which = "threads") {
  tab.value = which;
}

export function RecordDialog() {
  if (!tab.value) return null;
  const close = () => { tab.value = ""; };
  const {threads, not_heard: unheard, departures} = deskView();
  const counts = {threads: threads.length, unheard: unheard.length, times: 0, departures: departures.length};
  const Shown = {threads: Threads, unheard: Unheard, times: Times, departures: Departures}[tab.value];
  return html`<${Dialog} label=${t("record.title_all")} onClose=${close} testid="record" wide>
    <h2>${t("record.title_all")}</h2>
    <div class="kinds" role="group" aria-label=${t("record.title_all")}>
      ${TABS.map((one) => html`<button type="button" key=${one} class="small" aria-pressed=${tab.value === one}
        data-testid=${`record-${one}`} onClick=${() => { tab.value = one; }}>
        ${t(`record.tab_${one}`)}${counts[one] ? html` <span class="count">${counts[one]}</span>` : ""}</button>`)}
    </div>
    <div class="record" role="region" tabindex="0" aria-label=${t(`record.tab_${tab.value}`)} data-testid="record-panel"><${Shown} /></div>
    <footer><button type="button" class="primary" onClick=${close}>${t("common.close")}</button></footer>
  <//>`;
}

/** @param {string | undefined} item id */
function titleOf(item) {
  return deskView().agenda.find((one) => one.id === item)?.title ?? t("record.whole_session");
}

/** @param {{key: string, text: string}} props */
function Empty({text}) {
  return html`<p class="empty">${t(text)}</p>`;
}

/** @param {{list: "not-heard" | "promises"}} props */
function Files({list}) {
  const url = `/api/v1/sessions/${config.session}/record/${list}`;
  return html`<p class="files">${["csv", "txt"].map((kind) => html`<a key=${kind} class="button small" href=${`${url}.${kind}`} download
    data-testid=${`${list}-${kind}`}><${Icon} name="down" />${t(`record.file_${kind}`)}</a>`)}</p>`;
}

function Threads() {
  const {threads, promises} = deskView();
  const loose = promises.filter((one) => !threads.some(({question}) => question === one.question));
  if (!threads.length && !loose.length) return html`<${Empty} text="record.no_threads" />`;
  return html`<ol class="threads">${threads.map((one) => html`<${ThreadRow} key=${one.question} thread=${one} />`)}</ol>
    ${loose.length > 0 && html`<h3>${t("record.loose")}</h3><ul class="promises">
      ${loose.map((one) => html`<${PromiseRow} key=${one.id} promise=${one} />`)}</ul>`}
    ${promises.length > 0 && html`<${Files} list="promises" />`}`;
}

/** @param {{thread: Thread}} props */
function ThreadRow({thread}) {
  const {promises} = deskView();
  const asked = thread.asked_at_ms ? timeOfDay(thread.asked_at_ms) : "";
  const own = promises.filter((one) => one.question === thread.question);
  return html`<li data-state=${thread.state} data-testid=${`thread-${thread.question}`}>
    <p><b>${thread.name}</b> <span class="muted">${[asked, t(`record.state_${thread.state}`), titleOf(thread.item)].filter(Boolean).join(" · ")}</span></p>
    ${thread.answers.map((one) => html`<p key=${one.turn} class="step">${t("kind.answer")}: ${spoken(one)}
      ${mayGive("note_promise") && html` <button type="button" class="small plain" data-testid=${`note-${one.turn}`}
        onClick=${() => askPromise({delegate: one.delegate, name: one.name, question: thread.question})}>
        <${Icon} name="flag" />${t("promise.note")}</button>`}</p>`)}
    ${thread.debates.map((one) => html`<p key=${one.turn} class="step">${t("kind.rebuttal")}: ${spoken(one)}</p>`)}
    ${thread.waiting.length > 0 && html`<p class="step muted">${t("record.debate_waits", {names: thread.waiting.join(", ")})}</p>`}
    ${own.length > 0 && html`<ul class="promises">${own.map((one) => html`<${PromiseRow} key=${one.id} promise=${one} />`)}</ul>`}
  </li>`;
}

/** @param {ThreadTurn} turn */
function spoken(turn) {
  const long = turn.ended_at_ms === undefined ? "" : span(turn.ended_at_ms - turn.started_at_ms);
  return [turn.name, timeOfDay(turn.started_at_ms), long].filter(Boolean).join(" · ");
}

function Unheard() {
  const {not_heard: unheard} = deskView();
  if (!unheard.length) return html`<${Empty} text="record.all_heard" />`;
  return html`<p class="muted">${t("record.unheard_note")}</p><${Files} list="not-heard" />
    <table class="figures"><thead><tr><th>${t("record.name")}</th><th>${t("record.kind")}</th><th>${t("record.item")}</th>
      <th>${t("record.registered")}</th></tr></thead>
    <tbody>${unheard.map((one) => html`<tr key=${one.request}><td>${one.name} <span class="muted">${siteBrief(one.site)}</span></td>
      <td>${t(`kind.${one.kind}`)}${one.absent ? ` (${t("record.absent")})` : ""}</td><td>${titleOf(one.item)}</td>
      <td class="numbers">${timeOfDay(one.registered_at_ms)}</td></tr>`)}</tbody></table>`;
}

function Times() {
  const {time_used: used} = deskView();
  if (!used.delegates.length) return html`<${Empty} text="record.nobody_spoke" />`;
  const groups = used.groups.filter(({name}) => name);
  return html`<${UsedTable} head="record.by_delegate" rows=${used.delegates.map((one) => ({...one, name: [one.name, one.group].filter(Boolean).join(" · ")}))} />
    ${groups.length > 0 && html`<${UsedTable} head="record.by_group" rows=${groups} />`}
    <${UsedTable} head="record.by_site" rows=${used.sites.map((one) => ({...one, name: siteBrief(one.site)}))} />`;
}

/** @param {{head: string, rows: {name: string, turns: number, used_ms: number}[]}} props */
function UsedTable({head, rows}) {
  const most = Math.max(...rows.map((row) => row.used_ms), 1);
  return html`<table class="figures"><thead><tr><th>${t(head)}</th><th>${t("record.turns")}</th><th>${t("record.time")}</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${row.name}><td>${row.name}</td><td class="numbers">${row.turns}</td>
      <td class="numbers"><meter min="0" max=${most} value=${row.used_ms} aria-hidden="true"></meter> ${span(row.used_ms)}</td></tr>`)}</tbody></table>`;
}

function Departures() {
  const {departures} = deskView();
  if (!departures.length) return html`<${Empty} text="record.no_departures" />`;
  return html`<p class="muted">${t("record.departures_note")}</p><ul class="departures">
    ${departures.toReversed().map((one) => html`<li key=${`${one.at_ms}-${one.kind}-${one.name}`}>
      <span class="numbers">${timeOfDay(one.at_ms)}</span> ${inWords(one)} <span class="muted">${titleOf(one.item)}</span></li>`)}</ul>`;
}

/** @param {Departure} one */
function inWords(one) {
  const kind = one.request_kind ? t(`kind.${one.request_kind}`) : "";
  const limit = one.limit_ms === undefined ? t("record.rules_again") : span(one.limit_ms);
  const before = one.before_ms === undefined ? "" : span(one.before_ms);
  return t(`record.did_${one.kind}`, {name: one.name, kind, limit, before});
}
