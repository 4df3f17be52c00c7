// The sign-language interpreter's box: who stands in it, in which corner, how large.

import {signal, useSignal} from "@preact/signals";
import {html} from "htm/preact";
import {operatorView, sitesOf} from "../../state.js";
import {t} from "../../texts.js";
import {act, canGive, mayGive, shortName, siteName} from "../common/actions.js";
import {Dialog} from "../common/dialogs.js";
import {valueOf} from "../common/fields.js";
import {Icon} from "../common/icons.js";
import {CORNERS} from "./seats.js";

/** @import {Signer, Site} from "../../types.js" */

const open = signal(false);

/** @type {Record<string, number>} */
const SIZES = {small: 0.16, medium: 0.21, large: 0.28};
/** @type {Omit<Signer, "site">} */
const PLACE = {corner: "bottom-right", share: 0.21};

export function openSigner() {
  if (canGive("set_signer")) open.value = true;
}

export function SignerSwitch() {
  if (!mayGive("set_signer")) return null;
  const {signer, sites} = operatorView();
  const site = signer && sites[signer.site];
  const state = !site ? "off" : site.video === "ok" ? "on" : "lost";
  const label = t(`signer.${state}`, {site: site ? shortName(site.name) : ""});
  return html`<button type="button" class="signer-switch" aria-pressed=${Boolean(signer)} data-state=${state} title=${label}
    aria-label=${label} disabled=${!canGive("set_signer")} onClick=${openSigner} data-testid="signer-open">
    <span class="lamp"></span>${t("operator.signer")}</button>`;
}

export function SignerDialog() {
  if (!open.value) return null;
  const close = () => { open.value = false; };
  return html`<${Dialog} label=${t("signer.title")} onClose=${close} testid="signer-dialog"><${Form} onClose=${close} /><//>`;
}

/** What is changed while he is in the picture is seen at once. @param {{onClose: () => void}} props */
function Form({onClose}) {
  const {signer} = operatorView();
  const place = useSignal(signer ?? PLACE);
  const site = useSignal(signer?.site ?? "");
  const put = () => act({type: "set_signer", site: site.value, corner: place.value.corner, share: place.value.share});
  const changed = () => signer && put();
  const corner = (/** @type {Signer["corner"]} */ one) => {
    place.value = {...place.value, corner: one};
    void changed();
  };
  return html`<h2>${t("signer.title")}</h2><p class="muted">${t("signer.note")}</p>
    <label class="field">${t("signer.site")}
      <select value=${site.value} data-testid="signer-site" onChange=${(/** @type {Event} */ event) => { site.value = valueOf(event); void changed(); }}>
        <option value="" disabled>${t("signer.choose")}</option>
        ${candidates().map((one) => html`<option key=${one.id} value=${one.id} disabled=${one.put_out}>${nameOf(one)}</option>`)}
      </select></label>
    <div class="signer-place">
      <fieldset class="signer-corners"><legend>${t("signer.corner")}</legend>${CORNERS.map((one) => html`
        <label key=${one} data-chosen=${place.value.corner === one}><input type="radio" name="corner" value=${one} class="hidden-visually"
          checked=${place.value.corner === one} data-testid=${`signer-${one}`} onChange=${() => corner(one)} />
          <${Pictogram} corner=${one} /><span>${t(`inset.${one}`)}</span></label>`)}</fieldset>
      <label class="field">${t("signer.size")}
        <select value=${String(place.value.share)} data-testid="signer-size"
          onChange=${(/** @type {Event} */ event) => { place.value = {...place.value, share: Number(valueOf(event))}; void changed(); }}>
          ${Object.entries(SIZES).map(([name, share]) => html`<option key=${name} value=${String(share)}>${t(`inset.${name}`)}</option>`)}
        </select></label>
    </div>
    <footer>
      ${signer && html`<button type="button" data-testid="signer-out" disabled=${!canGive("set_signer")}
        onClick=${async () => { if (await act({type: "set_signer", site: null})) onClose(); }}><${Icon} name="close" />${t("signer.take_out")}</button>`}
      ${signer ? html`<button type="button" class="primary" onClick=${onClose}>${t("common.close")}</button>`
        : html`<button type="button" onClick=${onClose}>${t("common.cancel")}</button>
          <button type="button" class="primary" data-testid="signer-put" disabled=${!site.value || !canGive("set_signer")}
            onClick=${async () => { if (await put()) onClose(); }}>${t("signer.put")}</button>`}
    </footer>`;
}

/** Those that are here first. */
function candidates() {
  return sitesOf(operatorView()).sort((a, b) => Number(b.present) - Number(a.present));
}

/** @param {Site} site */
function nameOf(site) {
  return site.present ? siteName(site.id) : t("signer.absent", {site: siteName(site.id)});
}

/** @param {{corner: Signer["corner"]}} props */
function Pictogram({corner}) {
  return html`<svg class="pictogram" viewBox="0 0 32 18" aria-hidden="true"><rect class="ground" width="32" height="18" rx="2" />
    <rect class="seat-mark" width="8" height="6" rx="1" x=${corner.endsWith("left") ? 1.5 : 22.5} y=${corner.startsWith("top") ? 3 : 8} /></svg>`;
}
