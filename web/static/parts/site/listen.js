// Whom this room hears: the session as it is, or an interpreter over it.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {keep, kept} from "../../kept.js";
import {siteView} from "../../state.js";
import {t} from "../../texts.js";

const KEY = "diemcau.listen";

/** The code of a language, be it one that this session has or not; "" for the room as it is. */
export const language = signal(kept("localStorage", KEY) ?? "");

/** Not for an interpreter, who hears what he interprets. */
export function Listen() {
  const {languages, me} = siteView();
  if (!languages.length || me.booth) return null;
  const choose = (/** @type {Event} */ event) => {
    language.value = /** @type {HTMLSelectElement} */ (event.target).value;
    keep("localStorage", KEY, language.value);
  };
  return html`<label class="listen">${t("site.listen")} <select onChange=${choose} data-testid="listen">
    <option value="" selected=${!language.value}>${t("site.listen_original")}</option>
    ${languages.map(({code, name}) => html`<option value=${code} selected=${language.value === code}>${name}</option>`)}</select></label>`;
}
