// The sessions: live now, coming, archived.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {config, t, weekdayAndTime, withDay} from "./texts.js";
import {show} from "./parts/common/page.js";
import {ask} from "./parts/common/ask.js";
import {Head, isStaff} from "./parts/common/head.js";

/** @typedef {{id: string, title: string, subtitle: string, phase: import("./types.js").Phase,
 *   planned_start_at_ms: number | null, started_at_ms: number | null, has_archive: boolean}} Listed */

/** @type {import("@preact/signals").Signal<Listed[] | undefined>} */
const sessions = signal(undefined);
const failed = signal(false);

async function load() {
  try {
    sessions.value = (await ask("/api/v1/sessions")).sessions;
    failed.value = false;
  } catch (error) {
    failed.value = true;
    console.warn(error);
  }
}

/** Where each role works; who has the control panel may open all desks. What was said is corrected, and what was
 * promised followed up, after the end too. */
const DESKS = [
  {role: "operator", path: "operator", text: "public.control"},
  {role: "chair", path: "chair", text: "public.chair"},
  {role: "clerk", path: "clerk", text: "public.clerk", after: true},
];

/** @param {string} role */
function mayOpen(role) {
  return config.roles.includes("operator") || config.roles.some((own) => own === role);
}

function Page() {
  const all = sessions.value ?? [];
  const live = all.filter((one) => one.phase === "live" || one.phase === "paused");
  const coming = all.filter((one) => one.phase === "prepared");
  const over = all.filter((one) => one.phase === "ended");
  return html`<${Head} />
    <main class="home"><h1 class="hidden-visually">${t("title.home")}</h1>
      ${config.may_create && html`<p><a class="button primary big" href="/new" data-testid="new-session">${t("prepare.create")}</a></p>`}
      ${failed.value && html`<p class="notice bad" role="alert">${t("public.list_failed")} <button onClick=${load}>${t("common.retry")}</button></p>`}
      ${sessions.value && !all.length && html`<p class="notice">${t("public.no_sessions")}</p>`}
      <${Group} title=${t("public.live_now")} sessions=${live} />
      <${Group} title=${t("public.coming")} sessions=${coming} />
      <${Group} title=${t("public.archive")} sessions=${over} />
    </main>`;
}

/** @param {{title: string, sessions: Listed[]}} props */
function Group({title, sessions}) {
  if (!sessions.length) return null;
  return html`<section><h2>${title}</h2><ul class="sessions">${sessions.map((one) => html`<${Session} one=${one} />`)}</ul></section>`;
}

/** @param {{one: Listed}} props */
function Session({one}) {
  const on = one.phase === "live" || one.phase === "paused";
  const planned = one.phase === "prepared" && one.planned_start_at_ms;
  const about = planned ? [one.subtitle, t("public.planned", {time: weekdayAndTime(planned)})].filter(Boolean).join(" · ")
    : one.started_at_ms ? withDay(one.subtitle, one.started_at_ms) : one.subtitle;
  return html`<li class="panel" data-testid="session">
    <div><h3>${one.title}</h3><p class="muted">${about}</p></div>
    <span class=${`badge ${one.phase === "live" ? "on-air" : ""}`}>${t(`phase.${one.phase}`)}</span>
    <div class="links">
      ${DESKS.filter(({role, after}) => mayOpen(role) && (after || one.phase !== "ended")).map(({path, text}, index) => html`
        <a class=${`button ${index || one.phase === "ended" ? "" : "primary"}`} href=${`/${path}/${one.id}`} data-testid=${`to-${path}`}>${t(text)}</a>`)}
      ${isStaff() && one.phase !== "ended" && html`<a class="button" href=${`/display/${one.id}`}>${t("public.display")}</a>`}
      ${config.role === "operator" && one.phase !== "ended" && html`<a class="button" href=${`/prepare/${one.id}`}>${t("prepare.prepare")}</a>`}
      ${config.role === "operator" && one.phase === "prepared" && html`<a class="button" href=${`/rehearse/${one.id}`}>${t("prepare.rehearse")}</a>`}
      ${on && html`<a class=${`button ${isStaff() ? "" : "primary"}`} href=${`/watch/${one.id}`}>${t("public.watch")}</a>`}
      ${isStaff() && one.phase !== "prepared" && html`<a class="button" href=${`/minutes/${one.id}`} data-testid="to-minutes">${t("title.minutes")}</a>`}
      ${one.has_archive && html`<a class="button" href=${`/play/${one.id}`}>${t(on ? "public.from_start" : "public.play")}</a>`}
      ${one.phase === "prepared" && html`<a class="button" href=${`/watch/${one.id}`}>${t("public.wait")}</a>`}
    </div></li>`;
}

show(Page);
void load();
