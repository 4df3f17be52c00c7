// The archive: past sessions, chosen by date, kind, delegate and site; and where in them something
// was said.

import {html} from "htm/preact";
import {computed, effect, signal} from "@preact/signals";
import {config, number, shortDate, span, t, wall, withDay} from "./texts.js";
import {show} from "./parts/common/page.js";
import {Head} from "./parts/common/head.js";
import {ask, wordsOf} from "./parts/common/ask.js";
import {RetireButton, RetireDialog} from "./parts/office/retire.js";
import {byName} from "./vietnamese.js";

/** @typedef {{id: string, title: string, subtitle: string, started_at_ms: number, ended_at_ms: number,
 *   duration_s: number, kinds: string[], delegates: string[], sites: string[], retired: Retired | null,
 *   retiring?: {busy: boolean, message: string} | null}} Archived */
/** @typedef {{at_ms: number, kept_in?: string, who?: string, why?: string, ended?: boolean}} Retired its house is told where */
/** @typedef {{start_s: number, kind: "item" | "turn" | "caption", title: string, subtitle: string}} Place */

const LOOK_MS = 2000; // while a copy is checked
const PAUSE_MS = 300; // who types on is not interrupted
const NONE = {from: "", to: "", kind: "", delegate: "", site: ""};

/** @type {import("@preact/signals").Signal<Archived[] | undefined>} */
const sessions = signal(undefined);
const address = new URLSearchParams(location.search);
const wanted = signal(address.get("q") ?? "");
const filter = signal({...NONE, ...Object.fromEntries([...address].filter(([name]) => name in NONE))});
/** By session; undefined: nothing was asked for. @type {import("@preact/signals").Signal<Map<string, Place[]> | undefined>} */
const found = signal(undefined);
const busy = signal(false);
const failed = signal("");

const shown = computed(() => (sessions.value ?? []).filter((one) => fits(one) && (!found.value || found.value.has(one.id))));

/** @param {Archived} one */
function fits(one) {
  const {from, to, kind, delegate, site} = filter.value;
  const day = wall(one.started_at_ms).slice(0, 10); // as a date field has it
  return (!from || day >= from) && (!to || day <= to) && (!kind || one.kinds.includes(kind))
    && (!delegate || one.delegates.includes(delegate)) && (!site || one.sites.includes(site));
}

async function load() {
  try {
    const told = (await ask("/api/v1/archive")).sessions;
    sessions.value = told;
    failed.value = "";
    if (told.some((/** @type {Archived} */ one) => one.retiring?.busy)) setTimeout(load, LOOK_MS);
  } catch (error) {
    failed.value = wordsOf(error);
  }
}

let asked = 0;

/** @param {string} words */
async function search(words) {
  const mine = ++asked;
  try {
    const answer = await ask(`/api/v1/archive/search?q=${encodeURIComponent(words)}`);
    if (mine !== asked) return; // something else was asked for meanwhile
    found.value = new Map(answer.found.map((/** @type {{session: string, places: Place[]}} */ one) => [one.session, one.places]));
    failed.value = "";
  } catch (error) {
    failed.value = wordsOf(error);
  }
  busy.value = false;
}

effect(() => {
  const words = wanted.value.trim();
  if (!words) {
    asked++;
    busy.value = false;
    found.value = undefined;
    return undefined;
  }
  busy.value = true;
  const timer = setTimeout(() => search(words), PAUSE_MS);
  return () => clearTimeout(timer);
});

// Whoever comes back from a session, or is sent the address, finds what was found.
effect(() => {
  const conditions = Object.entries({q: wanted.value.trim(), ...filter.value}).filter(([, value]) => value);
  history.replaceState(null, "", conditions.length ? `?${new URLSearchParams(conditions)}` : location.pathname);
});

function Page() {
  const all = sessions.value;
  return html`<${Head} /><main class="office">
    <h1>${t("archive.title")}</h1>
    ${failed.value && html`<p class="notice bad" role="alert">${failed.value} <button type="button" onClick=${load}>${t("common.retry")}</button></p>`}
    ${!all && !failed.value && html`<p class="muted" role="status">${t("archive.loading")}</p>`}
    ${all && !all.length && html`<p class="notice">${t("archive.empty")}</p>`}
    ${all && all.length > 0 && html`<${Filters} all=${all} />
      <p class="muted" role="status" aria-live="polite" data-testid="count">${busy.value ? t("archive.searching") : shown.value.length
        ? t("archive.count", {count: number(shown.value.length)}) : t("archive.nothing")}</p>
      <ul class="archive">${shown.value.map((one) => html`<${Session} key=${one.id} one=${one} />`)}</ul>`}
    <${RetireDialog} onAsked=${load} />
  </main>`;
}

/** @param {{all: Archived[]}} props */
function Filters({all}) {
  const set = (/** @type {Event} */ event) => {
    const field = /** @type {HTMLInputElement} */ (event.target);
    filter.value = {...filter.value, [field.name]: field.value};
  };
  const sought = (/** @type {Event} */ event) => (wanted.value = /** @type {HTMLInputElement} */ (event.target).value);
  const clear = () => {
    filter.value = {...NONE};
    wanted.value = "";
  };
  return html`<div class="filters" role="search">
    <label class="field whole">${t("archive.search")}<input type="search" value=${wanted.value} onInput=${sought} data-testid="search" /></label>
    <label class="field">${t("archive.from")}<input type="date" name="from" value=${filter.value.from} onInput=${set} /></label>
    <label class="field">${t("archive.to")}<input type="date" name="to" value=${filter.value.to} onInput=${set} /></label>
    <${Choice} name="kind" options=${union(all, "kinds").map((kind) => [kind, t(`item.${kind}`)])} onChange=${set} />
    <${Choice} name="delegate" options=${union(all, "delegates").map((name) => ({name})).toSorted(byName).map(({name}) => [name, name])} onChange=${set} />
    <${Choice} name="site" options=${union(all, "sites").map((name) => [name, name])} onChange=${set} />
    <button type="button" onClick=${clear}>${t("archive.clear")}</button></div>`;
}

/** @param {{name: "kind" | "delegate" | "site", options: string[][], onChange: (event: Event) => void}} props */
function Choice({name, options, onChange}) {
  return html`<label class="field">${t(`archive.${name}`)}<select name=${name} value=${filter.value[name]} onChange=${onChange} data-testid=${name}>
    <option value="">${t("archive.any")}</option>
    ${options.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></label>`;
}

/** What any of them has, in the order in which they have it. @param {Archived[]} all @param {"kinds" | "delegates" | "sites"} key */
function union(all, key) {
  return [...new Set(all.flatMap((one) => one[key]))];
}

/** @param {{one: Archived}} props */
function Session({one}) {
  const places = found.value?.get(one.id) ?? [];
  const about = [withDay(one.subtitle, one.started_at_ms), t("archive.duration", {length: span(one.duration_s * 1000)})];
  return html`<li class="panel" data-testid="archived">
    <div class="office-title"><div><h2>${one.title}</h2><p class="muted">${about.filter(Boolean).join(" · ")}</p></div>
      <div class="actions">${config.admin && one.retired?.ended !== true && html`<${RetireButton} one=${one} />`}
        <a class=${one.retired ? "button" : "button primary"} href=${`/play/${one.id}`}>${t(one.retired ? "archive.contents" : "archive.play")}<span class="hidden-visually"> ${one.title}</span></a></div></div>
    ${one.retired && html`<${Away} retired=${one.retired} />`}
    ${one.retiring && html`<p class=${`notice as-said ${one.retiring.busy ? "" : "bad"}`} role="status" data-testid="retiring">${one.retiring.message}</p>`}
    ${places.length > 0 && html`<ol class="places" aria-label=${t("archive.found")}>${places.map((place) => html`<li>
      <a href=${`/play/${one.id}#t=${Math.floor(place.start_s * 10) / 10}`} data-testid="place">
        <span class="numbers">${span(place.start_s * 1000)}</span><span class="badge">${t(`archive.place.${place.kind}`)}</span>
        <span>${place.title}${place.subtitle && html` <span class="muted">${place.subtitle}</span>`}</span></a></li>`)}</ol>`}</li>`;
}

/** Where a recording is that is not here. @param {{retired: Retired}} props */
function Away({retired}) {
  const {at_ms: atMs, kept_in: place = "", who = "", why = "", ended = true} = retired;
  return html`<p class="notice" data-testid="retired">${t("archive.retired", {date: shortDate(atMs)})} ${
    place ? t("archive.kept_in", {place, who, why}) : t("archive.ask_office")}${" "}
    ${!ended && html`<strong data-testid="half-retired">${t("archive.half_retired")}</strong>`}</p>`;
}

show(Page);
void load();
