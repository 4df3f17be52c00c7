// Registering a delegate on behalf, or giving the floor unasked: find by name, with or without
// diacritics; choose the kind; one press.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {deskView} from "../../state.js";
import {soughtIn, t} from "../../texts.js";
import {act, canGive, mayGive, siteName} from "./actions.js";
import {Dialog} from "./dialogs.js";
import {valueOf} from "./fields.js";
import {Icon} from "./icons.js";
import {toast} from "./toasts.js";

/** @import {RequestKind} from "../../types.js" */

const open = signal(false);
const sought = signal("");
/** @type {import("@preact/signals").Signal<string>} */
const chosen = signal("");
/** @type {import("@preact/signals").Signal<RequestKind | "">} */
const kind = signal("");
const question = signal("");

export function openDelegates() {
  sought.value = "";
  chosen.value = "";
  question.value = "";
  kind.value = deskView().kinds[0] ?? "";
  if (kind.value) open.value = true;
  else toast(t("operator.no_item"), "refused");
}

export function Delegates() {
  if (!open.value) return null;
  const close = () => { open.value = false; };
  return html`<${Dialog} label=${t("operator.register_title")} onClose=${close} testid="delegates">
    <h2>${t("operator.register_title")}</h2>
    <${Search} />
    <${Found} />
    <${Kinds} />
    <${AnswersTo} />
    <footer>
      <button type="button" onClick=${close}>${t("common.cancel")}</button>
      ${mayGive("give_turn") && html`<${Submit} type="give_turn" onDone=${close} />`}
      <${Submit} type="register" onDone=${close} />
    </footer>
  <//>`;
}

function Search() {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => input.current?.focus(), []);
  return html`<label class="field search"><span>${t("operator.search")}</span>
    <input type="search" ref=${input} value=${sought.value} autocomplete="off" spellcheck=${false}
      placeholder=${t("operator.search_hint")} data-testid="delegate-search"
      onInput=${(/** @type {InputEvent} */ event) => {
        sought.value = valueOf(event);
        chosen.value = found()[0]?.id ?? "";
      }} /></label>`;
}

/** Delegates in whose name, title, group or site every word that was typed begins a word; names first. */
function found() {
  const has = soughtIn(sought.value);
  const {delegates} = deskView();
  const named = delegates.filter(({name}) => has(name));
  const others = delegates.filter(({name, title, group, site}) => (
    !has(name) && has([name, title, group, siteName(site)].join(" "))
  ));
  return [...named, ...others];
}

function Found() {
  const all = found();
  return html`<div class="found" role="radiogroup" aria-label=${t("operator.delegates")}>
    ${all.map((delegate) => html`<label key=${delegate.id} class="delegate" data-testid=${`delegate-${delegate.id}`}>
      <input type="radio" name="delegate" checked=${chosen.value === delegate.id}
        onChange=${() => { chosen.value = delegate.id; }} />
      <span class="name">${delegate.name}</span>
      <span class="muted">${[delegate.title, siteName(delegate.site)].filter(Boolean).join(" · ")}</span>
    </label>`)}
    ${all.length === 0 && html`<p class="empty">${t("operator.nobody_found")}</p>`}
  </div>`;
}

function Kinds() {
  return html`<div class="kinds" role="group" aria-label=${t("operator.kind")}>
    ${deskView().kinds.map((one) => html`<button type="button" key=${one} class="small" aria-pressed=${kind.value === one}
      data-testid=${`kind-${one}`} onClick=${() => { kind.value = one; }}>${t(`kind.${one}`)}</button>`)}
  </div>`;
}

/** Which question an answer or a rebuttal is about; the server chooses well if nobody does. */
function AnswersTo() {
  const questions = deskView().questions ?? [];
  if (!questions.length || (kind.value !== "answer" && kind.value !== "rebuttal")) return null;
  return html`<label class="field"><span>${t("operator.answers_to")}</span>
    <select value=${question.value}
      onChange=${(/** @type {Event} */ event) => { question.value = valueOf(event); }}>
      <option value="">${t("operator.answers_to_due")}</option>
      ${questions.map((one) => html`<option key=${one.request} value=${one.request}>${one.name}</option>`)}
    </select></label>`;
}

/** @param {{type: "register" | "give_turn", onDone: () => void}} props */
function Submit({type, onDone}) {
  const submit = async () => {
    const about = question.value ? {answers_to: question.value} : {};
    if (await act({type, delegate: chosen.value, kind: kind.value, ...about})) onDone();
  };
  const main = type === "register";
  return html`<button type=${main ? "submit" : "button"} class=${main ? "primary" : ""} data-testid=${`${type}-submit`}
    disabled=${!chosen.value || !canGive(type)} onClick=${(/** @type {Event} */ event) => { event.preventDefault(); void submit(); }}>
    <${Icon} name=${main ? "plus" : "speech"} />${t(`operator.${type}_submit`)}</button>`;
}
