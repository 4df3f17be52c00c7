// Starting, pausing and ending the session. Each asks first; the end must be held.

import {html} from "htm/preact";
import {deskView, sitesOf} from "../../state.js";
import {config, t} from "../../texts.js";
import {canGive, mayGive} from "./actions.js";
import {ask} from "./dialogs.js";
import {Icon} from "./icons.js";

export function PhaseButtons() {
  if (!mayGive("go_live")) return null;
  const {phase} = deskView().session;
  return html`<div class="phase-buttons">
    ${phase === "prepared" && html`<${PhaseButton} type="go_live" look="primary" icon="play" />`}
    ${phase === "live" && html`<${PhaseButton} type="pause_session" icon="pause" />`}
    ${phase === "paused" && html`<${PhaseButton} type="resume_session" look="primary" icon="play" />`}
    ${(phase === "live" || phase === "paused") && html`<button type="button" class="small plain" title=${t("operator.end_session")}
      disabled=${!canGive("end_session")} data-testid="end_session"
      onClick=${() => ask({command: {type: "end_session"}, key: "end_session", hold: true})}>
      <${Icon} name="stop" />${t("operator.end")}</button>`}
    ${phase === "ended" && html`<a class="button primary small" href=${`/play/${config.session}`} data-testid="play-link">
      <${Icon} name="play" />${t("operator.open_play")}</a>`}
  </div>`;
}

/** @param {{type: string, icon: string, look?: string}} props */
function PhaseButton({type, icon, look = ""}) {
  return html`<button type="button" class=${`${look} small`} disabled=${!canGive(type)} data-testid=${type}
    onClick=${() => ask({command: {type}, key: type, params: facts()})}>
    <${Icon} name=${icon} />${t(`operator.${type}`)}</button>`;
}

/** What one wants to know before going live. */
function facts() {
  const sites = sitesOf(deskView());
  return {
    present: sites.filter((site) => site.present).length,
    all: sites.length,
    hours: Math.round(deskView().outputs.disk_hours_left ?? 0),
  };
}
