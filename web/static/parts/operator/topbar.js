// The head of the page: which session, is it on, is it being recorded, how much disk is left.

import {html} from "htm/preact";
import {operatorView, role} from "../../state.js";
import {asset, config, number, span, t} from "../../texts.js";
import {Phase, TimeOfDay} from "../common/frame.js";
import {Language} from "../common/head.js";
import {ChatButton} from "./chat.js";
import {maySend, openDestinations, PushState} from "./destinations.js";
import {openHelp} from "./help.js";
import {Icon} from "../common/icons.js";
import {mayHandOut, openLinks} from "./links.js";
import {Menu} from "../common/menu.js";
import {PhaseButtons} from "../common/phase.js";

const GB = 1e9;
const HOURS_SHORT = 3;

export function TopBar() {
  const {session} = operatorView();
  return html`<header class="topbar">
    <a class="logo" href="/" title=${t("common.home")} aria-label=${t("common.home")}><img src=${asset("favicon.svg")} alt="" width="32" height="32" /></a>
    <div class="titles"><h1 title=${session.title}>${session.title}</h1><p class="muted">${session.subtitle}</p></div>
    <${Phase} />
    <${Recording} />
    <${Disk} />
    <${Viewers} />
    <${Pushes} />
    <span class="gap"></span>
    <${PhaseButtons} />
    <${ChatButton} />
    <${TimeOfDay} />
    <button type="button" class="small plain help-button" data-testid="help-open" title=${t("operator.help")} onClick=${openHelp}>
      <${Icon} name="keyboard" /><kbd>?</kbd></button>
    <${Menu} id="page-menu" label=${t("operator.menu")} icon="menu"><${PageMenu} /><//>
  </header>`;
}

function Recording() {
  const {outputs} = operatorView();
  const lost = outputs.studio === "lost" || outputs.studio === "starting"; // a session that it does not have lost nothing
  const state = lost ? "lost" : outputs.sealing ? "sealed" : outputs.recording ? "on" : "off";
  const late = t("operator.late_frames", {late: number(outputs.late_frames), frames: number(outputs.frames)});
  return html`<p class="figure recording" data-state=${state} data-testid="recording" title=${`${t(`operator.recording_${state}_long`)}. ${late}`}>
    <span class="lamp"></span><b>${t(`operator.recording_${state}`)}</b>
    ${outputs.recorded_s > 0 && html`<span class="numbers">${span(outputs.recorded_s * 1000)} · ${sizeOf(outputs.recorded_bytes)}</span>`}
  </p>`;
}

/** @param {number} bytes */
function sizeOf(bytes) {
  return bytes < GB ? `${Math.round(bytes / 1e6)} MB` : `${number(bytes / GB)} GB`;
}

function Disk() {
  const {outputs} = operatorView();
  if (outputs.studio !== "running") return null;
  const hours = outputs.disk_hours_left;
  const short = hours !== undefined && hours < HOURS_SHORT;
  return html`<p class="figure disk" data-short=${short} data-testid="disk" title=${t("operator.disk_long")}>
    <${Icon} name="disk" /><span class="numbers">${t("operator.disk", {size: sizeOf(outputs.disk_free_bytes)})}
    ${hours !== undefined && html` (≈ ${t("operator.hours", {hours: hours < 10 ? number(hours) : number(Math.round(hours))})})`}</span></p>`;
}

function Viewers() {
  const {outputs} = operatorView();
  return html`<p class="figure viewers" title=${t("operator.viewers_long")} data-testid="viewers">
    <${Icon} name="eye" /><span class="numbers">${number(outputs.viewers)}</span></p>`;
}

/** Who takes the program elsewhere. Nothing where nobody does. */
function Pushes() {
  const {pushes, studio} = operatorView().outputs;
  if (studio !== "running" || !pushes?.length) return null;
  const sending = pushes.filter(({state}) => state === "sending").length;
  const text = t("operator.pushes", {sending, all: pushes.length});
  return html`<div class="figure pushes" data-short=${sending < pushes.length} data-testid="pushes">
    <${Menu} id="push-list" label=${t("operator.pushes_long")} icon="tower" text=${html`<span class="numbers">${text}</span>`}>
      <ul class="push-rows">${pushes.map((push) => html`<li key=${push.name} data-state=${push.state}>
        <b>${push.name}</b> <${PushState} push=${push} /></li>`)}</ul>
      ${maySend() && html`<button type="button" class="plain" onClick=${openDestinations}>${t("operator.destinations_manage")}</button>`}<//></div>`;
}

/** A right of its own: who takes the minutes is not in it. */
function mayOpenSealed() {
  return role.value === "operator" || role.value === "chair";
}

function PageMenu() {
  return html`<p class="muted signed-in">${t("operator.signed_in", {name: config.name || t(`role.${role.value}`), role: t(`role.${role.value}`)})}</p>
    ${mayHandOut() && html`<button type="button" class="plain" data-testid="links-open" onClick=${openLinks}>
      <${Icon} name="link" />${t("operator.links")}</button>`}
    ${mayHandOut() && html`<a class="button plain" href=${`/prepare/${config.session}`} data-testid="prepare-open">
      <${Icon} name="edit" />${t("prepare.prepare")}</a>
    <a class="button plain" href=${`/rehearse/${config.session}`} data-testid="rehearse-open"><${Icon} name="check" />${t("prepare.rehearse")}</a>`}
    ${mayHandOut() && html`<a class="button plain" href=${`/chair/${config.session}`} target="_blank" rel="noopener">
      <${Icon} name="speech" />${t("operator.open_chair")}</a>
    <a class="button plain" href=${`/clerk/${config.session}`} target="_blank" rel="noopener">
      <${Icon} name="pen" />${t("operator.open_clerk")}</a>
    <a class="button plain" href=${`/graphics/${config.session}`} target="_blank" rel="noopener" data-testid="graphics-open">
      <${Icon} name="eye" />${t("operator.open_graphics")}</a>`}
    ${maySend() && html`<button type="button" class="plain" data-testid="destinations-open" onClick=${openDestinations}>
      <${Icon} name="tower" />${t("operator.destinations")}</button>`}
    <a class="button plain" href=${`/display/${config.session}`} target="_blank" rel="noopener">
      <${Icon} name="screen" />${t("operator.open_display")}</a>
    <a class="button plain" href=${`/watch/${config.session}`} target="_blank" rel="noopener">
      <${Icon} name="eye" />${t("operator.open_watch")}</a>
    <a class="button plain" href=${`/play/${config.session}`} target="_blank" rel="noopener">
      <${Icon} name="play" />${t("operator.open_play")}</a>
    <a class="button plain" href=${`/minutes/${config.session}`} target="_blank" rel="noopener" data-testid="minutes-open">
      <${Icon} name="pen" />${t("title.minutes")}</a>
    <a class="button plain" href=${`/lines/${config.session}`} target="_blank" rel="noopener" data-testid="lines-open">
      <${Icon} name="tower" />${t("title.lines")}</a>
    ${role.value !== "clerk" && html`<a class="button plain" href=${`/audit/${config.session}`} target="_blank" rel="noopener" data-testid="audit-open">
      <${Icon} name="disk" />${t("common.audit")}</a>`}
    ${mayOpenSealed() && html`<a class="button plain" href=${`/sealed/${config.session}`} target="_blank" rel="noopener" data-testid="open-sealed">
      <${Icon} name="lock" />${t("operator.open_sealed")}</a>`}
    <${Language} />`;
}
