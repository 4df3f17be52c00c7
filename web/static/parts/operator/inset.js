// Where the small picture of a picture-in-picture lies, and how large it is.

import {html} from "htm/preact";
import {operatorView} from "../../state.js";
import {t} from "../../texts.js";
import {canGive, mayGive} from "../common/actions.js";
import {valueOf} from "../common/fields.js";
import {placeInset} from "./preview.js";
import {CORNERS, INSET} from "./seats.js";

/** @import {Inset} from "../../types.js" */

/** @type {Record<string, number>} */
const SIZES = {small: 0.2, medium: INSET.share, large: 0.36};

/** Nothing, unless the preview is a picture-in-picture. */
export function InsetChoice() {
  const {layout, inset = INSET} = operatorView().preview;
  if (layout !== "picture-in-picture" || !mayGive("set_preview")) return null;
  const disabled = !canGive("set_preview");
  return html`<span class="inset-choice">
    <select aria-label=${t("operator.inset_corner")} title=${t("operator.inset_corner")} value=${inset.corner}
      disabled=${disabled} data-testid="inset-corner"
      onChange=${(/** @type {Event} */ event) => placeInset({...inset, corner: /** @type {Inset["corner"]} */ (valueOf(event))})}>
      ${CORNERS.map((one) => html`<option key=${one} value=${one}>${t(`inset.${one}`)}</option>`)}
    </select>
    <select aria-label=${t("operator.inset_size")} title=${t("operator.inset_size")} value=${String(inset.share)}
      disabled=${disabled} data-testid="inset-size"
      onChange=${(/** @type {Event} */ event) => placeInset({...inset, share: Number(valueOf(event))})}>
      ${Object.entries(SIZES).map(([name, share]) => html`<option key=${name} value=${String(share)}>${t(`inset.${name}`)}</option>`)}
    </select>
  </span>`;
}
