// How the preview comes on air: cut, dissolve or wipe, and how long. This page's own choice.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {t} from "../../texts.js";
import {valueOf} from "../common/fields.js";

/** @import {Command, Transition} from "../../types.js" */

/** @type {Transition["kind"][]} */
const KINDS = ["cut", "dissolve", "wipe"];
const DURATIONS_MS = [200, 500, 1000];

/** @type {import("@preact/signals").Signal<Transition>} */
export const transition = signal({kind: "cut", duration_ms: 500});

/** Preview to program, the way that was chosen. @returns {Command} */
export function cutCommand() {
  return transition.value.kind === "cut" ? {type: "cut"} : {type: "cut", transition: transition.value};
}

/** The two choices, below the button that cuts. */
export function TransitionChoice() {
  const {kind, duration_ms: duration} = transition.value;
  return html`<div class="transition">
    <select aria-label=${t("operator.transition")} title=${t("operator.transition")} value=${kind}
      data-testid="transition" onChange=${(/** @type {Event} */ event) => choose({kind: valueOf(event)})}>
      ${KINDS.map((one) => html`<option key=${one} value=${one}>${t(`transition.${one}`)}</option>`)}
    </select>
    <select aria-label=${t("operator.transition_time")} title=${t("operator.transition_time")} value=${String(duration)}
      disabled=${kind === "cut"} data-testid="transition-time"
      onChange=${(/** @type {Event} */ event) => choose({duration_ms: Number(valueOf(event))})}>
      ${DURATIONS_MS.map((ms) => html`<option key=${ms} value=${String(ms)}>
        ${t("operator.seconds", {seconds: (ms / 1000).toLocaleString(t("operator.number_locale"))})}</option>`)}
    </select>
  </div>`;
}

/** @param {object} change */
function choose(change) {
  transition.value = {...transition.value, ...change};
}
