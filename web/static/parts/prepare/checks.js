// The checks of one site: what to do, what the computers see of it, good or not, and what to try first.

import {html} from "htm/preact";
import {operatorView, ready, sitesOf} from "../../state.js";
import {knows, t} from "../../texts.js";
import {Do, act, shortName} from "../common/actions.js";
import {valueOf} from "../common/fields.js";
import {Icon} from "../common/icons.js";
import {Meter} from "../operator/meter.js";
import {Still} from "../operator/still.js";
import {CHECKS} from "./report.js";

/** @import {Check, Checked, Site} from "../../types.js" */

const TRIES = 4;

/** @param {{site: Site}} props */
export function SiteChecks({site}) {
  const found = operatorView().checks[site.id] ?? {};
  return html`<section class="panel site-checks" data-testid="site-checks"><header><h2>${site.name}</h2>
      <span class="badge" data-present=${site.present}>${t(site.present ? "rehearse.present" : "rehearse.absent")}</span></header>
    ${!site.present && html`<p class="notice warn">${t("rehearse.absent_note")} <a href=${`/prepare/${operatorView().session.id}#links`}>${t("prepare.step_links")}</a></p>`}
    <div class="seen"><div class="still-box"><${Still} name=${site.id} label=${site.name} />${site.video !== "ok" && html`<p class="no-picture">${t("rehearse.no_picture")}</p>`}</div>
      <div class="heard"><${Meter} site=${site.id} /><p class="muted">${t("rehearse.meter")}</p><${OwnTest} site=${site} /></div></div>
    <ol class="checks">${CHECKS.map((check) => html`<${Row} key=${check} site=${site} check=${check} found=${found[check]} />`)}</ol>
  </section>`;
}

/** What its own page found before it joined, or when it was asked. @param {{site: Site}} props */
function OwnTest({site}) {
  const own = site.self_test;
  if (!own) return html`<p class="muted">${t("rehearse.no_self_test")}</p>`;
  const waits = site.test_asked_at_ms !== undefined && own.asked_at_ms !== site.test_asked_at_ms;
  return html`<h3>${t("rehearse.self_test")}${" "}<${Do} command=${{type: "ask_self_test", site: site.id}} class="small" disabled=${!site.present || site.microphone_open}
        label=${t("rehearse.ask_self_test_long")} testid="ask-self-test">${t("rehearse.ask_self_test")}<//></h3>
    ${waits && html`<p class="muted" role="status" data-testid="self-test-waits">${t("rehearse.self_test_waits")}</p>`}<ul class="findings" data-testid="own-test">
    ${/** @type {const} */ (["picture", "sound", "speaker", "echo"]).map((part) => html`<li data-part=${part} data-found=${own[part]}>${t(`self_test.${part}_${own[part]}`)}</li>`)}
    <li data-part="line" data-found=${site.line_tested ?? "unknown"}>${site.line_tested ? t(`line_test.${site.line_tested}`) : t("rehearse.line_untested")}</li></ul>`;
}

/** @param {{site: Site, check: Check, found: Checked | undefined}} props */
function Row({site, check, found}) {
  const set = (/** @type {"ok" | "failed" | null} */ outcome, note = "") =>
    void act({type: "record_check", site: site.id, check, outcome, note});
  const press = (/** @type {"ok" | "failed"} */ outcome) => set(found?.outcome === outcome ? null : outcome);
  return html`<li data-outcome=${found?.outcome ?? "open"} data-testid=${`check-${check}`}>
    <div class="told"><b>${t(`rehearse.${check}`)}</b><span>${t(`rehearse.do_${check}`, {name: site.name})}</span>
      <${Evidence} site=${site} check=${check} /></div>
    ${check === "sound_in" && html`<${Microphone} site=${site} />`}
    ${check === "echo" && html`<${EchoMicrophones} site=${site} />`}
    <span class="verdicts"><button type="button" class="good" aria-pressed=${found?.outcome === "ok"} disabled=${!ready.value} data-testid=${`ok-${check}`}
        onClick=${() => press("ok")}><${Icon} name="check" />${t("rehearse.ok")}</button>
      <button type="button" class="bad" aria-pressed=${found?.outcome === "failed"} disabled=${!ready.value} data-testid=${`failed-${check}`}
        onClick=${() => press("failed")}><${Icon} name="close" />${t("rehearse.failed")}</button></span>
    ${found?.outcome === "failed" && html`<div class="notice bad whole" data-testid=${`try-${check}`}><p><b>${t("rehearse.try_first")}</b></p>
      <ol>${triesOf(check).map((text) => html`<li>${text}</li>`)}</ol>
      <label class="field">${t("rehearse.note")}<input maxlength="300" defaultValue=${found.note} placeholder=${t("rehearse.note_hint")}
        onChange=${(/** @type {Event} */ event) => set("failed", valueOf(event))} /></label></div>`}
  </li>`;
}

/** @param {Check} check */
function triesOf(check) {
  const keys = Array.from({length: TRIES}, (_, at) => `rehearse.try_${check}_${at + 1}`);
  return keys.filter(knows).map((key) => t(key));
}

/** What the computers see of it: a help, not the verdict. @param {{site: Site, check: Check}} props */
function Evidence({site, check}) {
  const text = evidence(site, check);
  return text ? html`<small class="evidence">${t("rehearse.seen", {what: text})}</small>` : null;
}

/** @param {Site} site @param {Check} check */
function evidence(site, check) {
  switch (check) {
    case "picture": return [site.video === "ok" ? site.size?.replace("x", "×") : t("rehearse.no_picture"),
      ...site.signs.filter((sign) => sign !== "silent").map((sign) => t(`operator.sign_${sign}`))].filter(Boolean).join(" · ");
    case "sound_in": return t(site.audio === "ok" ? "rehearse.sound_comes" : "rehearse.no_sound");
    case "sound_out": return site.self_test ? t(`self_test.speaker_${site.self_test.speaker}`) : "";
    case "echo": return site.self_test ? t(`self_test.echo_${site.self_test.echo}`) : "";
    case "line": return [site.line && t(`line.${site.line}`), site.rtt_ms !== undefined && `${site.rtt_ms} ms`,
      site.loss_percent !== undefined && t("rehearse.loss", {percent: site.loss_percent})].filter(Boolean).join(" · ");
    default: return "";
  }
}

/** @param {{site: Site}} props */
function Microphone({site}) {
  const type = site.microphone_open ? "close_microphone" : "open_microphone";
  return html`<${Do} command=${{type, site: site.id}} class="small" pressed=${site.microphone_open} testid="try-microphone">
    <${Icon} name=${site.microphone_open ? "microphone" : "muted"} />${t(`rehearse.${type}`, {name: shortName(site.name)})}<//>`;
}

/** Both ends must be open: the hall speaks, and does or does not come back. @param {{site: Site}} props */
function EchoMicrophones({site}) {
  const hall = sitesOf(operatorView()).find((one) => one.kind === "hall");
  if (!hall || hall.id === site.id) return null;
  const both = site.microphone_open && hall.microphone_open;
  const toggle = async () => {
    const type = both ? "close_microphone" : "open_microphone";
    for (const one of [hall, site]) if (one.microphone_open === both) await act({type, site: one.id});
  };
  return html`<button type="button" class="small" aria-pressed=${both} disabled=${!ready.value} onClick=${toggle} data-testid="echo-microphones">
    <${Icon} name=${both ? "microphone" : "muted"} />${t(both ? "rehearse.close_both" : "rehearse.open_both")}</button>`;
}
