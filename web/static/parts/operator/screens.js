// The screens that sites share, as tiles beside the sites; and the list of who may share.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {screenOf} from "../../protocol.js";
import {operatorView, sitesOf} from "../../state.js";
import {t} from "../../texts.js";
import {Do, canGive, mayGive, shortName, tileName} from "../common/actions.js";
import {Dialog} from "../common/dialogs.js";
import {Icon} from "../common/icons.js";
import {AllowScreen} from "../common/screens.js";
import {seat, seatScreen} from "./preview.js";
import {Still} from "./still.js";

/** @import {Flow, SharedScreen, Site} from "../../types.js" */

const open = signal(false);

export function ScreensButton() {
  if (!mayGive("allow_screen")) return null;
  return html`<button type="button" class="small screens-open" data-testid="screens-open" title=${t("screen.who_may")}
    disabled=${!canGive("allow_screen")} onClick=${() => { open.value = true; }}><${Icon} name="screen" /><span class="label">${t("screen.open")}</span></button>`;
}

export function ScreensDialog() {
  if (!open.value) return null;
  const close = () => { open.value = false; };
  const sites = sitesOf(operatorView()).sort((a, b) => Number(b.page) - Number(a.page));
  return html`<${Dialog} label=${t("screen.who_may")} onClose=${close} testid="screens-dialog">
    <h2>${t("screen.who_may")}</h2><p class="muted">${t("screen.who_may_note")}</p>
    <ul class="rows screen-rows">${sites.map((site) => html`<li key=${site.id} class="row" data-screen=${site.screen}>
      <span class="who"><span class="name">${shortName(site.name)}</span>
        <span class="detail">${standing(site)}</span></span>
      ${(site.page || site.screen !== "none") && html`<${AllowScreen} site=${site.id} />`}</li>`)}</ul>
    <footer><button type="button" class="primary" onClick=${close}>${t("common.close")}</button></footer><//>`;
}

/** A screen is shared from the site's page: a camera or an encoder has none. @param {Site} site */
function standing(site) {
  if (site.page) return t(`screen.is_${site.screen}`);
  return t(site.present ? "screen.no_page" : "operator.site_absent");
}

/** @param {{screen: SharedScreen & {video: Flow}}} props */
export function ScreenTile({screen}) {
  const {site, tally, video} = screen;
  const name = t("screen.of", {site: tileName(screen.name)});
  return html`<li class="tile shared-screen" data-tally=${tally} data-present="true" data-video=${video} data-testid=${`screen-${site}`}>
    <button type="button" class="picture" disabled=${!canGive("set_preview")} title=${name}
      aria-label=${t("operator.to_preview", {site: name})} onClick=${() => seat(screenOf(site))} data-testid=${`seat-screen-${site}`}>
      <${Still} name=${screenOf(site)} label=${name} />
      ${video !== "ok" && html`<span class="problem">${t(video === "lost" ? "operator.picture_lost" : "screen.coming")}</span>`}
      ${tally !== "none" && html`<span class="tally">${t(`operator.tally_${tally}`)}</span>`}
    </button>
    <div class="about">
      <span class="name" title=${name}>${name}</span>
      ${mayGive("set_preview") && html`<button type="button" class="small with-speaker" disabled=${!canGive("set_preview")}
        title=${t("screen.with_speaker_long")} onClick=${() => seatScreen(site)} data-testid=${`with-speaker-${site}`}>${t("screen.with_speaker")}</button>`}
      <${Do} command=${{type: "allow_screen", site, allowed: false}} class="small plain" label=${t("screen.withdraw_of", {site: shortName(screen.name)})}
        testid=${`end-screen-${site}`}><${Icon} name="stop" /><//>
    </div>
  </li>`;
}
