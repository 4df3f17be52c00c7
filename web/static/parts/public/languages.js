// What is heard: the room as it is, or an interpreter over it.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {t} from "../../texts.js";

/** Those that the session has. @type {import("@preact/signals").Signal<import("./player.js").Heard[]>} */
export const languages = signal([]);
/** The code of the one that was chosen; "" for the room as it is. */
export const language = signal("");

export function Languages() {
  if (!languages.value.length) return null;
  const choose = (/** @type {Event} */ event) => (language.value = /** @type {HTMLSelectElement} */ (event.target).value);
  return html`<label class="speed">${t("public.listen")} <select onChange=${choose} data-testid="listen">
    <option value="" selected=${!language.value}>${t("public.original")}</option>
    ${languages.value.map(({code, name}) => html`<option value=${code} selected=${language.value === code}>${name}</option>`)}</select></label>`;
}
