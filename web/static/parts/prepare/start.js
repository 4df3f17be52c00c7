// The field of a session's start. How a browser writes a date in it, its own language decides; what
// was chosen stands below in words.

import {html} from "htm/preact";
import {useSignal} from "@preact/signals";
import {t, weekdayAndTime} from "../../texts.js";

const MINUTE_MS = 60_000;

/** @param {{atMs?: number, note?: string}} props `note` stands below while nothing is chosen */
export function StartField({atMs, note}) {
  const chosen = useSignal(atMs);
  const choose = (/** @type {Event} */ event) => {
    const {value} = /** @type {HTMLInputElement} */ (event.target);
    chosen.value = value ? new Date(value).getTime() : undefined;
  };
  const below = chosen.value ? weekdayAndTime(chosen.value) : note;
  return html`<label class="field">${t("prepare.planned_start")}
    <input name="start" type="datetime-local" defaultValue=${localTime(atMs)} onInput=${choose} data-testid="start" />
    ${below && html`<span class="hint" data-testid="start-in-words">${below}</span>`}</label>`;
}

/** As an input of this kind wants it: this computer's time, to the minute. @param {number | undefined} atMs */
function localTime(atMs) {
  if (!atMs) return "";
  const shift = new Date(atMs).getTimezoneOffset() * MINUTE_MS;
  return new Date(atMs - shift).toISOString().slice(0, 16);
}
