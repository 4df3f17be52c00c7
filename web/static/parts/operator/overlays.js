// Switches for what is drawn over the program.

import {html} from "htm/preact";
import {operatorView} from "../../state.js";
import {t} from "../../texts.js";
import {Do, mayGive} from "../common/actions.js";
import {SignerSwitch} from "./signer.js";

/** @import {OverlayName} from "../../types.js" */

/** @type {OverlayName[]} */
const OVERLAYS = ["lower_third", "clock", "agenda", "queue", "live", "logo"];

export function Overlays() {
  if (!mayGive("show_overlay")) return null;
  const {overlays} = operatorView();
  return html`<div class="choices overlays" role="group" aria-label=${t("operator.overlays")}>
    ${OVERLAYS.map((name) => html`<${Do} key=${name} pressed=${overlays[name]}
      command=${{type: "show_overlay", name, visible: !overlays[name]}}
      label=${t(overlays[name] ? "operator.overlay_hide" : "operator.overlay_show", {name: t(`overlay.${name}`)})}
      testid=${`overlay-${name}`}><span class="lamp"></span>${t(`overlay.${name}`)}<//>`)}
    <${SignerSwitch} />
  </div>`;
}
