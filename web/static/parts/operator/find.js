// Finding a site among many: by its name or by who sits there; and those that want looking at. The tiles keep their
// order, so that a hand finds again what it knows.

import {signal} from "@preact/signals";
import {createRef} from "preact";
import {html} from "htm/preact";
import {operatorView, sitesOf} from "../../state.js";
import {soughtIn, t} from "../../texts.js";
import {canGive, tileName} from "../common/actions.js";
import {valueOf} from "../common/fields.js";
import {Icon} from "../common/icons.js";
import {seat} from "./preview.js";
import {bringIntoSight, tileOf} from "./sight.js";

/** @import {Site} from "../../types.js" */

/** Sites that have a digit key. */
export const KEYS = 9;

const sought = signal("");
const worrying = signal(false);
/** Shown as long as `worrying` is on: no tile goes away under a hand because all is well again. @type {Set<string>} */
const kept = new Set();
/** @type {{current: HTMLInputElement | null}} */
const field = createRef();
/** Where the keys went before they went into the field. @type {EventTarget | null} */
let before = null;

/** @typedef {{shown: Set<string>, first: string | undefined}} Found */

/** Where not all have a digit key. */
export function areMany() {
  return sitesOf(operatorView()).length > KEYS;
}

export function openFind() {
  field.current?.select();
  field.current?.focus();
}

/** All sites again. Whether there were fewer. */
export function showAll() {
  const fewer = Boolean(sought.value) || worrying.value;
  sought.value = "";
  worrying.value = false;
  return fewer;
}

/**
 * What of the sites is shown, and which of them Enter takes: one that bears the name before one where somebody of that
 * name sits.
 * @param {Site[]} sites @param {Site[]} worries those that want looking at @returns {Found | undefined} while nobody seeks
 */
export function foundAmong(sites, worries) {
  if (!worrying.value) kept.clear();
  else for (const {id} of worries) kept.add(id);
  if (!sought.value.trim() && !worrying.value) return undefined;
  const has = soughtIn(sought.value);
  const people = new Set(operatorView().delegates.filter(({name}) => has(name)).map(({site}) => site));
  const some = worrying.value ? sites.filter(({id}) => kept.has(id)) : sites;
  const named = some.filter(({name}) => has(`${name} ${tileName(name)}`));
  const all = [...named, ...some.filter(({id}) => people.has(id))];
  return {shown: new Set(all.map(({id}) => id)), first: sought.value.trim() ? all[0]?.id : undefined};
}

/** @param {{first: string | undefined, worries: number}} props */
export function Find({first, worries}) {
  const leave = () => {
    field.current?.blur();
    if (before instanceof HTMLElement) before.focus(); // not where it is gone, or can have no focus any more
  };
  const take = () => {
    if (first === undefined) return;
    if (canGive("set_preview")) void seat(first);
    bringIntoSight(first);
    showAll();
    leave();
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return; // an input method's Enter and Escape are about its word
    if (event.key === "Enter") take();
    else if (event.key === "Escape") showAll() || leave();
    else if (event.key === "ArrowDown" && first !== undefined) tileOf(first)?.querySelector("button")?.focus();
    else return;
    event.preventDefault();
  };
  return html`<label class="find"><input type="search" ref=${field} value=${sought.value} autocomplete="off" spellcheck=${false}
      aria-label=${t("operator.find_site")} placeholder=${t("operator.find_site")} title=${t("operator.find_site_hint")}
      data-testid="find-site" onKeyDown=${key} onFocus=${(/** @type {FocusEvent} */ event) => { before = event.relatedTarget; }}
      onInput=${(/** @type {InputEvent} */ event) => { sought.value = valueOf(event); }} /><kbd>F</kbd></label>
    <button type="button" class="small worries" aria-pressed=${worrying.value} disabled=${!worries && !worrying.value}
      title=${t("operator.worries_long")} aria-label=${`${t("operator.worries_long")}: ${worries}`} onClick=${() => { worrying.value = !worrying.value; }} data-testid="worries">
      <${Icon} name="warning" /><span class="label">${t("operator.worries")}</span> ${worries}</button>`;
}
