// The audit: who did what, when and from where, newest first; and the proof that none was altered.

import {html} from "htm/preact";
import {computed, signal} from "@preact/signals";
import {config, dayAndTime, knows, number, plain, t} from "./texts.js";
import {show} from "./parts/common/page.js";
import {Head} from "./parts/common/head.js";
import {ask, send, wordsOf} from "./parts/common/ask.js";

/** @typedef {{number: number, at_ms: number, who: string, role: string, what: string, session: string,
 *   outcome: string, address: string, agent: string, means: string, detail: Record<string, any>,
 *   names: Record<string, string>}} Entry `names`: what its ids are called */

/** @type {import("@preact/signals").Signal<Entry[]>} */
const entries = signal(/** @type {Entry[]} */ ([]));
const more = signal(false);
const busy = signal(false);
const failed = signal("");
const search = signal("");
const refusedOnly = signal(false);
/** @type {import("@preact/signals").Signal<{whole: boolean, entries: number, seal: string,
 *   faults: {message: string}[]} | undefined>} */
const verdict = signal(undefined);

const shown = computed(() => {
  const words = plain(search.value).split(/\s+/).filter(Boolean);
  return entries.value.filter((one) => {
    if (refusedOnly.value && one.outcome === "done") return false;
    const text = plain([one.who, actor(one), name(one), result(one), one.address, one.agent, one.session, about(one)].join(" "));
    return words.every((word) => text.includes(word));
  });
});

const path = config.session ? `/api/v1/sessions/${config.session}/audit` : "/api/v1/audit";

async function load() {
  busy.value = true;
  try {
    const last = entries.value.at(-1);
    const told = await ask(last ? `${path}?before=${last.number}` : path);
    entries.value = [...entries.value, ...told.entries];
    more.value = told.more;
    failed.value = "";
  } catch (error) {
    failed.value = wordsOf(error);
  } finally {
    busy.value = false;
  }
}

async function prove() {
  busy.value = true;
  verdict.value = undefined;
  try {
    verdict.value = await send("/api/v1/audit/proof", {});
    failed.value = "";
  } catch (error) {
    failed.value = wordsOf(error);
  } finally {
    busy.value = false;
  }
}

/** @param {Entry} one */
function name(one) {
  const key = `audit.what.${one.what}`;
  return knows(key) ? t(key) : one.what;
}

/** @param {Entry} one */
function result(one) {
  return one.outcome === "done" ? t("audit.done") : one.detail.message ?? one.outcome;
}

const UNSAID = new Set(["type", "message", "events", "events_sha256"]);

/** What it was about, in the words of the command. @param {Entry} one */
function about(one) {
  return Object.entries(one.detail)
    .filter(([key, value]) => !UNSAID.has(key) && value !== null && value !== "")
    .map(([key, value]) => `${knows(`audit.key.${key}`) ? t(`audit.key.${key}`) : key}: ${inWords(value, one.names)}`)
    .join(" · ");
}

/** A scene has a corner for the small picture whether its layout has one or not. @param {string} key @param {any} value */
function said(key, value) {
  return key !== "inset" || value.layout === "picture-in-picture";
}

/** @param {any} value @param {Record<string, string>} names @returns {string} */
function inWords(value, names) {
  if (typeof value === "boolean") return t(`audit.${value}`);
  const all = (/** @type {any[]} */ values) => values.filter((one) => one !== null).map((one) => inWords(one, names)).join(", ");
  if (Array.isArray(value)) return all(value) || "–";
  if (typeof value === "object") return all(Object.entries(value).filter(([key]) => said(key, value)).map(([, one]) => one));
  if (Object.hasOwn(names, value)) return names[value] ?? "";
  const key = named(value).find(knows);
  return key ? t(key) : String(value);
}

/** Where the words of a command may have a name on the pages. @param {string | number} word */
function named(word) {
  if (word === "note" || word === "decision") return [`clerk.${word}`];
  return [
    `role.${word}`, `kind.${word}`, `item.${word}`, `layout.${word}`, `inset.${word}`, `overlay.${word}`, `transition.${word}`,
  ];
}

function Page() {
  return html`<${Head} /><main class="office">
    <div class="office-title"><h1>${t("audit.title")}${config.session_title && html` <span class="muted">· ${config.session_title}</span>`}</h1>
      <div class="actions"><a class="button" href=${`${path}.csv`} download data-testid="export">${t("audit.export")}</a>
        <button type="button" class="primary" disabled=${busy.value} onClick=${prove} data-testid="prove">${t("audit.prove")}</button></div></div>
    <p class="muted">${t("audit.note")}</p>
    <div role="status" aria-live="polite"><${Verdict} /></div>
    ${failed.value && html`<p class="notice bad" role="alert">${failed.value}</p>`}
    <div class="filters">
      <label class="field grow">${t("audit.search")}<input type="search" data-testid="search"
        onInput=${(/** @type {Event} */ event) => (search.value = /** @type {HTMLInputElement} */ (event.target).value)} /></label>
      <label class="check"><input type="checkbox" onChange=${(/** @type {Event} */ event) => (
        refusedOnly.value = /** @type {HTMLInputElement} */ (event.target).checked)} />${t("audit.refused_only")}</label>
    </div>
    <${Table} />
    ${more.value && html`<p><button type="button" disabled=${busy.value} onClick=${load}>${t("audit.more")}</button></p>`}
  </main>`;
}

function Verdict() {
  const told = verdict.value;
  if (!told) return null;
  return html`<div class=${`notice ${told.whole ? "good" : "bad"}`} data-testid="verdict" data-whole=${told.whole}>
    <p><strong>${t(told.whole ? "verify.audit_whole" : "verify.audit_broken", {entries: number(told.entries), count: told.faults.length})}</strong></p>
    ${told.faults.map((fault) => html`<p>${fault.message}</p>`)}
    ${told.seal && html`<p>${t("audit.seal")} <code data-testid="seal">${told.seal}</code></p>`}</div>`;
}

function Table() {
  if (!shown.value.length) return html`<p class="notice">${t(busy.value ? "audit.loading" : "audit.nothing")}</p>`;
  return html`<div class="table-frame" tabindex="0" role="region" aria-label=${t("audit.title")}><table class="office-table">
    <thead><tr>${["number", "when", "who", "what", "result", "from"].map((key) => html`<th scope="col">${t(`audit.${key}`)}</th>`)}</tr></thead>
    <tbody>${shown.value.map((one) => html`<${Row} key=${one.number} one=${one} />`)}</tbody></table></div>`;
}

/** Whoever came by a link has no name but the role's. @param {Entry} one */
function actor({who, role, names}) {
  if (who === role) return "";
  if (Object.hasOwn(names, who)) return names[who] ?? "";
  return knows(`role.${who}`) ? t(`role.${who}`) : who;
}

/** @param {{one: Entry}} props */
function Row({one}) {
  const role = one.role ? t(`role.${one.role}`) : t("audit.stranger");
  return html`<tr data-outcome=${one.outcome === "done" ? "done" : "refused"} data-testid="entry">
    <td class="numbers">${one.number}</td>
    <td class="numbers">${dayAndTime(one.at_ms)}</td>
    <td class="actor">${actor(one) && html`<strong>${actor(one)}</strong>`}<span class="muted about">${role}</span></td>
    <td class="what">${name(one)}<small class="muted about">${about(one)}</small></td>
    <td>${one.outcome === "done" ? result(one) : html`<span class="error">✕ ${result(one)}</span>`}</td>
    <td class="from numbers">${one.address}<small class="muted about">${[one.agent, one.means && t(`audit.means.${one.means}`)].filter(Boolean).join(" · ")}</small></td></tr>`;
}

show(Page);
void load();
