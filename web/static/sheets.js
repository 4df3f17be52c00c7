// One sheet for each site, to print or send: how to come in, and what to do when something fails.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {bye, connect, operatorView, sitesOf, view} from "./state.js";
import {config, shortDate, t, timeOfDay} from "./texts.js";
import {show} from "./parts/common/page.js";
import {NotYet} from "./parts/common/frame.js";
import {Language} from "./parts/common/head.js";
import {ask, wordsOf} from "./parts/common/ask.js";

/** @type {import("@preact/signals").Signal<{sites: {id: string, url: string, qr: string}[], expires_at_ms: number} | undefined>} */
const sheets = signal(undefined);
/** Why there are none. */
const failed = signal("");
/** "" for all of them. */
const only = signal("");

async function load() {
  failed.value = "";
  try {
    sheets.value = await ask(`/api/v1/sessions/${config.session}/sheets`);
  } catch (error) {
    failed.value = wordsOf(error);
  }
}

function Page() {
  const told = sheets.value;
  if (!view.value || bye.value) return html`<${NotYet} />`;
  if (failed.value) return html`<main class="error-page panel"><p role="alert">${failed.value}</p>
    <p><button type="button" class="primary" onClick=${load}>${t("common.retry")}</button></p></main>`;
  if (!told) return html`<p class="waiting" role="status">${t("sheets.drawing")}</p>`;
  const {session, sites} = operatorView();
  const shown = told.sites.filter((one) => !only.value || one.id === only.value);
  return html`<header class="site-head no-print"><h1>${t("title.sheets")}</h1>
      <label class="field">${t("sheets.which")}<select value=${only.value} onChange=${(/** @type {Event} */ event) => {
        only.value = /** @type {HTMLSelectElement} */ (event.target).value;
      }}><option value="">${t("sheets.all", {count: told.sites.length})}</option>
      ${sitesOf(operatorView()).map((site) => html`<option value=${site.id}>${site.name}</option>`)}</select></label>
      <button type="button" class="primary" data-testid="print" onClick=${() => print()}>${t("sheets.print")}</button><${Language} /></header>
    ${(session.planned_start_at_ms ?? 0) > told.expires_at_ms && html`<p class="notice warn no-print">${t("sheets.too_short",
      {start: dateOf(session.planned_start_at_ms ?? 0), until: dateOf(told.expires_at_ms)})}</p>`}
    <main class="sheets">${shown.map((one) => html`<${Sheet} key=${one.id} url=${one.url} qr=${one.qr} session=${session}
      name=${sites[one.id]?.name ?? one.id} until=${told.expires_at_ms} />`)}</main>`;
}

/** @param {{url: string, qr: string, name: string, until: number, session: import("./types.js").Session}} props */
function Sheet({url, qr, name, until, session}) {
  const {delegates, signer, sites} = operatorView();
  const site = url.split("#")[0]?.split("/").pop();
  const seated = delegates.filter((one) => one.site === site);
  const join = sites[site ?? ""]?.booth ? "join_booth" : site === signer?.site && !seated.length ? "join_signer" : "join";
  return html`<article class="sheet" data-testid="sheet">
    <header><p>${session.title}</p><h2>${name}</h2><p>${[session.subtitle, session.planned_start_at_ms && dateOf(session.planned_start_at_ms)].filter(Boolean).join(" · ")}</p></header>
    <div class="way-in"><img src=${qr} alt=${t("sheets.qr", {name})} width="200" height="200" />
      <div><h3>${t("sheets.way_in")}</h3><ol>${["open", "allow", "test", join].map((one) => html`<li>${t(`sheets.do_${one}`)}</li>`)}</ol>
        <p class="muted">${t("sheets.until", {time: dateOf(until)})}</p></div></div>
    <p class="url">${url}</p>
    <div class="columns"><section><h3>${t("sheets.hour_before")}</h3><ul>${["power", "light", "cable", "phone"].map((one) => html`<li>${t(`sheets.before_${one}`)}</li>`)}</ul></section>
      <section><h3>${t("sheets.fails")}</h3><ol>${["picture", "sound", "network", "rejoin"].map((one) => html`<li>${t(`sheets.fail_${one}`)}</li>`)}</ol></section></div>
    ${seated.length > 0 && html`<section><h3>${t("sheets.seated")}</h3><p>${seated.map((one) => one.title ? `${one.name} (${one.title})` : one.name).join("; ")}</p></section>`}
    <footer><p>${t("sheets.secret")}</p><p>${t("sheets.telephone")}</p></footer></article>`;
}

/** @param {number} atMs */
function dateOf(atMs) {
  return `${timeOfDay(atMs)} ${shortDate(atMs)}`;
}

show(Page);
connect("prepare");
void load();
