// Making a session ready: what it is called, who joins from where, who speaks, what about, and the
// links to hand out. One room for each; this file only puts them together.

import {show} from "./parts/common/page.js";
import {NotYet} from "./parts/common/frame.js";
import {Language} from "./parts/common/head.js";
import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {useEffect} from "preact/hooks";
import {bye, connect, operatorView, ready, view} from "./state.js";
import {asset, config, t, timeOfDay, weekdayAndTime} from "./texts.js";
import {Toasts, toast} from "./parts/common/toasts.js";
import {Renewal} from "./parts/common/renewal.js";
import {Agenda} from "./parts/prepare/agenda.js";
import {send, tell} from "./parts/common/ask.js";
import {Delegates} from "./parts/prepare/delegates.js";
import {Links} from "./parts/prepare/links.js";
import {About} from "./parts/prepare/about.js";
import {RemoveAsk, askRemove} from "./parts/prepare/pieces.js";
import {Sites} from "./parts/prepare/sites.js";

const STEPS = ["about", "sites", "delegates", "agenda", "links"];
const step = signal(STEPS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "about");
addEventListener("hashchange", () => {
  const wish = location.hash.slice(1);
  if (STEPS.includes(wish)) step.value = wish;
});

function Page() {
  if (!view.value || bye.value) return html`<${NotYet} />`;
  const {session} = operatorView();
  return html`<div class="preparing" data-ready=${ready.value}>
    <${Head} /><${Renewal} />
    ${!ready.value && html`<p class="notice warn" role="alert">${t("connection.lost")}</p>`}
    ${session.phase === "ended" && html`<p class="notice">${t("prepare.is_over")}
      ${config.may_create && html` <a href=${`/new#session:${session.id}`}>${t("prepare.copy")}</a>`}</p>`}
    ${(session.phase === "live" || session.phase === "paused") && html`<p class="notice warn">${t("prepare.is_live")}</p>`}
    <${Steps} />
    <main>${step.value === "about" && html`<${About} />`}
      ${step.value === "sites" && html`<${Sites} />`}
      ${step.value === "delegates" && html`<${Delegates} />`}
      ${step.value === "agenda" && html`<${Agenda} />`}
      ${step.value === "links" && html`<${Links} />`}
      <${Onward} /></main>
  </div><${RemoveAsk} /><${Toasts} />`;
}

function Head() {
  const {session, forecast} = operatorView();
  const end = session.planned_start_at_ms || session.phase !== "prepared" ? forecast?.ends_at_ms : undefined;
  return html`<header class="prepare-head">
    <a href="/" aria-label=${t("common.home")}><img src=${asset("favicon.svg")} alt="" width="32" height="32" /></a>
    <div><h1>${session.title}</h1><p class="muted">${[session.subtitle,
      session.planned_start_at_ms && weekdayAndTime(session.planned_start_at_ms),
      end !== undefined && t("prepare.ends_about", {time: timeOfDay(end)})].filter(Boolean).join(" · ")}</p></div>
    <nav>${config.may_create && html`<button type="button" onClick=${keep} data-testid="keep-template">${t("prepare.keep_template")}</button>`}
      ${session.phase === "prepared" && html`<button type="button" class="plain" data-testid="cancel-session"
        onClick=${() => askRemove({type: "cancel_session"}, session.title)}>${t("prepare.cancel")}</button>`}
      <a class="button" href=${`/rehearse/${session.id}`} data-testid="to-rehearsal">${t("prepare.rehearse")}</a>
      <a class="button" href=${`/operator/${session.id}`} data-testid="to-operator">${t("public.control")}</a><${Language} /></nav>
  </header>`;
}

function Steps() {
  const {sites, delegates, agenda} = operatorView();
  useEffect(() => document.querySelector(".steps [aria-current]")?.scrollIntoView({block: "nearest", inline: "center"}), [step.value]);
  /** @type {Record<string, number>} */
  const counts = {sites: Object.keys(sites).length, delegates: delegates.length, agenda: agenda.length};
  return html`<nav class="steps" aria-label=${t("prepare.steps")}><ol>${STEPS.map((one, index) => html`
    <li><a href=${`#${one}`} aria-current=${step.value === one ? "step" : undefined} data-testid=${`step-${one}`}>
      <b>${index + 1}</b> ${t(`prepare.step_${one}`)}${counts[one] !== undefined && html` <span class="badge numbers">${counts[one]}</span>`}</a></li>`)}</ol></nav>`;
}

/** To the next step, at the foot of each; after the last one the sites are tried out. */
function Onward() {
  const {session} = operatorView();
  const next = STEPS[STEPS.indexOf(step.value) + 1];
  if (!next && session.phase !== "prepared") return null;
  return html`<footer class="actions"><a class="button primary" href=${next ? `#${next}` : `/rehearse/${session.id}`} data-testid="onward">
    ${t("prepare.onward", {step: t(next ? `prepare.step_${next}` : "prepare.rehearse")})}</a></footer>`;
}

async function keep() {
  const {session} = operatorView();
  try {
    await send("/api/v1/templates", {session: session.id, name: session.title});
    toast(t("prepare.template_kept", {name: session.title}));
  } catch (error) {
    tell(error);
  }
}

show(Page);
connect("prepare");
