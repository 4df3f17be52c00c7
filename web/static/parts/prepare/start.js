// The field of a session's start. How a browser writes a date in it, its own language decides; what
// was chosen stands below in words.

import {html} from "htm/preact";
import {useSignal} from "@preact/signals";
import {moment, t, wall, weekdayAndTime} from "../../texts.js";

/** @param {{atMs?: number, note?: string}} props `note` stands below while nothing is chosen */
export function StartField({atMs, note}) {
  const chosen = useSignal(atMs);
  const choose = (/** @type {Event} */ event) => {
    const {value} = /** @type {HTMLInputElement} */ (event.target);
    chosen.value = value ? moment(value) : undefined;
  };
  const below = chosen.value ? weekdayAndTime(chosen.value) : note;
  return html`<label class="field">${t("prepare.planned_start")}
    <input name="start" type="datetime-local" defaultValue=${atMs ? toTheMinute(atMs) : ""} onInput=${choose} data-testid="start" />
    ${below && html`<span class="hint" data-testid="start-in-words">${below}</span>`}</label>`;
}

/** As an input of this kind wants it: 2026-07-09T08:15. @param {number} atMs */
function toTheMinute(atMs) {
  return wall(atMs).slice(0, 16).replace(" ", "T");
}
