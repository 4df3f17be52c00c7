// The rehearsal: an hour before, site by site, in the order that finds faults soonest. The server keeps
// what was found; this page walks through it and says what to try first.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {bye, connect, operatorView, ready, sitesOf, view} from "./state.js";
import {asset, config, t, timeOfDay} from "./texts.js";
import {show} from "./parts/common/page.js";
import {NotYet} from "./parts/common/frame.js";
import {Language} from "./parts/common/head.js";
import {act, canGive, shortName} from "./parts/common/actions.js";
import {Renewal} from "./parts/common/renewal.js";
import {Confirm, Dialog} from "./parts/common/dialogs.js";
import {Icon} from "./parts/common/icons.js";
import {Toasts} from "./parts/common/toasts.js";
import {Control} from "./parts/operator/control.js";
import {Listen} from "./parts/prepare/listen.js";
import {CHECKS, Report, tally} from "./parts/prepare/report.js";
import {SiteChecks} from "./parts/prepare/checks.js";

/** @import {Site} from "./types.js" */

/** @type {import("@preact/signals").Signal<string | undefined>} */
const chosen = signal(undefined);
const reporting = signal(location.hash === "#report");
const asking = signal(false);

/** The chosen one, else the first that is not done. */
function current() {
  const sites = sitesOf(operatorView());
  return sites.find((site) => site.id === chosen.value) ?? unfinished()[0] ?? sites[0];
}

/** Sites with something left to check. */
function unfinished() {
  const {checks} = operatorView();
  return sitesOf(operatorView()).filter((site) => CHECKS.some((check) => !checks[site.id]?.[check]));
}

function Page() {
  if (!view.value || bye.value) return html`<${NotYet} />`;
  const {session, rehearsed_at_ms: begun} = operatorView();
  const site = current();
  return html`<div class="preparing rehearsing" data-ready=${ready.value}>
    <header class="prepare-head no-print"><a href="/" aria-label=${t("common.home")}><img src=${asset("favicon.svg")} alt="" width="32" height="32" /></a>
      <div><h1>${t("rehearse.title")}: ${session.title}</h1><p class="muted">${begun ? t("rehearse.begun", {time: timeOfDay(begun)}) : t("rehearse.intro")}</p></div>
      <nav>${begun && html`<button type="button" aria-pressed=${reporting.value} onClick=${() => { reporting.value = !reporting.value; }} data-testid="report-open">${t("rehearse.report")}</button>
        <button type="button" class="plain" onClick=${() => { asking.value = true; }}>${t("rehearse.again")}</button>`}
        <a class="button" href=${`/prepare/${session.id}`}>${t("prepare.prepare")}</a>
        <a class="button" href=${`/operator/${session.id}`}>${t("public.control")}</a><${Language} /></nav></header>
    ${!ready.value && html`<p class="notice warn" role="alert">${t("connection.lost")}</p>`}
    <${Renewal} /><${Control} />
    ${!begun ? html`<${Start} />` : html`
      ${reporting.value && html`<p class="actions no-print"><button type="button" class="primary" onClick=${() => print()} data-testid="print-report">${t("rehearse.print")}</button></p>`}
      <${Report} hidden=${!reporting.value} />
      ${!reporting.value && html`<div class="walk no-print"><${SiteList} site=${site} />
        <main>${site && html`<${SiteChecks} key=${site.id} site=${site} />`}<${Next} site=${site} /></main></div>`}`}
  </div><${Again} /><${Confirm} /><${Toasts} />`;
}

function Start() {
  const sites = sitesOf(operatorView());
  return html`<main class="panel start"><h2>${t("rehearse.start_title")}</h2>
    <ol>${["sites", "walk", "fail", "report"].map((one) => html`<li>${t(`rehearse.start_${one}`, {count: sites.length})}</li>`)}</ol>
    <p class="actions"><button type="button" class="primary big" disabled=${!canGive("begin_rehearsal")} data-testid="begin-rehearsal"
      onClick=${() => void act({type: "begin_rehearsal"})}>${t("rehearse.begin")}</button></p></main>`;
}

/** @param {{site: Site | undefined}} props */
function SiteList({site}) {
  const sites = sitesOf(operatorView());
  const missing = sites.filter((one) => !one.present).length;
  return html`<nav class="panel site-list" aria-label=${t("prepare.step_sites")}>
    <p class="muted">${t("rehearse.here", {present: sites.length - missing, all: sites.length})}</p>
    <ul class="lines">${sites.map((one) => {
      const {ok, failed} = tally(one.id);
      const state = failed ? "failed" : ok === CHECKS.length ? "ok" : "open";
      return html`<li key=${one.id}><button type="button" class="plain" aria-pressed=${one.id === site?.id} data-state=${state} data-testid=${`walk-${one.id}`}
        onClick=${() => { chosen.value = one.id; }}><span class="present" data-present=${one.present}></span>
        <span class="name">${shortName(one.name)}</span>
        <span class="numbers result">${failed ? t("rehearse.failed_count", {count: failed}) : state === "ok" ? html`<${Icon} name="check" />` : `${ok}/${CHECKS.length}`}</span>
        <span class="hidden-visually">${t(one.present ? "rehearse.present" : "rehearse.absent")}</span></button></li>`;
    })}</ul><${Listen} /></nav>`;
}

/** @param {{site: Site | undefined}} props */
function Next({site}) {
  const sites = sitesOf(operatorView());
  const order = sites.map((one) => one.id);
  const left = unfinished().filter((one) => one.id !== site?.id);
  const next = left.find((one) => order.indexOf(one.id) > order.indexOf(site?.id ?? "")) ?? left[0];
  if (!next) return html`<p class="actions"><button type="button" class="primary" onClick=${() => { reporting.value = true; }}>${t("rehearse.to_report")}</button></p>`;
  return html`<p class="actions"><button type="button" class="primary" data-testid="next-site" onClick=${() => { chosen.value = next.id; }}>
    ${t("rehearse.next", {name: shortName(next.name)})}</button></p>`;
}

/** Results are not thrown away by a slip of the finger. */
function Again() {
  if (!asking.value) return null;
  const close = () => { asking.value = false; };
  const go = () => {
    close();
    chosen.value = undefined;
    void act({type: "begin_rehearsal"});
  };
  return html`<${Dialog} label=${t("rehearse.again")} onClose=${close} testid="again-ask"><h2>${t("rehearse.again_ask")}</h2>
    <p>${t("rehearse.again_note")}</p><footer><button type="button" autofocus onClick=${close}>${t("common.cancel")}</button>
      <button type="button" class="primary" onClick=${go}>${t("rehearse.again")}</button></footer><//>`;
}

document.title = `${t("title.rehearse")} · ${config.session_title ?? ""}`;
show(Page);
connect("operator");
