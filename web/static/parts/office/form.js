// Forms of the office: what was typed, and what came of it.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {wordsOf} from "../common/ask.js";

const MIN_CHARS = 10; // as the server has it

/** @type {import("@preact/signals").Signal<{good: boolean, text: string} | undefined>} */
const outcome = signal(undefined);

/** What the form holds, by name. @param {SubmitEvent} event @returns {Record<string, string>} */
export function fields(event) {
  event.preventDefault();
  const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
  return Object.fromEntries([...data].map(([name, value]) => [name, String(value)]));
}

/** A field that was wrong: what is typed next takes its place. @param {SubmitEvent} event @param {string} name */
export function again(event, name) {
  const field = /** @type {HTMLFormElement} */ (event.target).elements.namedItem(name);
  if (!(field instanceof HTMLInputElement)) return;
  field.focus();
  field.select();
}

/**
 * Does something and says how it ended, in `Told`.
 * @param {() => Promise<unknown>} work @param {string} [success]
 * @returns {Promise<boolean>} whether it went well
 */
export async function told(work, success) {
  try {
    await work();
    outcome.value = success ? {good: true, text: success} : undefined;
    return true;
  } catch (error) {
    outcome.value = {good: false, text: wordsOf(error)};
    return false;
  }
}

/** The last outcome; brought into sight, as its form may be at the foot of the page. */
export function Told() {
  const last = outcome.value;
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => { if (last) place.current?.scrollIntoView({block: "nearest"}); }, [last]);
  return html`<div role="status" aria-live="polite" ref=${place}>${last && html`
    <p class=${`notice ${last.good ? "good" : "bad"}`} data-testid="told" data-good=${last.good}>${last.text}</p>`}</div>`;
}

/** @param {{name: string, label: string, now?: boolean}} props `now`: the one in use, not a new one */
export function Password({name, label, now}) {
  return html`<label class="field">${label}<input name=${name} type="password" required maxlength="256"
    minlength=${now ? undefined : MIN_CHARS} autocomplete=${now ? "current-password" : "new-password"} /></label>`;
}

/** @param {{name: string, value: string, label: string, checked?: boolean, onChange?: (on: boolean) => void}} props */
export function Check({name, value, label, checked, onChange}) {
  return html`<label class="check"><input type="checkbox" name=${name} value=${value} checked=${checked}
    onChange=${(/** @type {Event} */ event) => onChange?.(/** @type {HTMLInputElement} */ (event.target).checked)} />${label}</label>`;
}
