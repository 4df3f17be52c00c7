// The layouts of the preview, as pictograms.

import {html} from "htm/preact";
import {operatorView} from "../../state.js";
import {t} from "../../texts.js";
import {canGive, mayGive} from "../common/actions.js";
import {chooseLayout} from "./preview.js";
import {LAYOUTS, seatsOf} from "./seats.js";

/** @import {Layout} from "../../types.js" */

export function Layouts() {
  if (!mayGive("set_preview")) return null;
  const {preview} = operatorView();
  return html`<div class="choices layouts" role="group" aria-label=${t("operator.layouts")}>
    ${LAYOUTS.map((layout) => html`<button type="button" key=${layout} title=${t(`layout.${layout}_long`)}
      aria-pressed=${preview.layout === layout} disabled=${!canGive("set_preview")}
      data-testid=${`layout-${layout}`} onClick=${() => chooseLayout(layout)}>
      <${Pictogram} layout=${layout} /><span>${t(`layout.${layout}`)}</span></button>`)}
  </div>`;
}

/** @param {{layout: Layout}} props */
function Pictogram({layout}) {
  const seats = seatsOf(layout);
  return html`<svg class="pictogram" viewBox="0 0 32 18" aria-hidden="true">
    <rect class="ground" width="32" height="18" rx="2" />
    ${layout === "slate" && html`<path class="slate" d="M9 7h14M11 11h10" />`}
    ${seats.map((seat, index) => html`<rect class="seat-mark" key=${index} rx="1"
      x=${seat.x * 32 + 0.8} y=${seat.y * 18 + 0.8}
      width=${seat.width * 32 - 1.6} height=${seat.height * 18 - 1.6} />`)}
  </svg>`;
}
