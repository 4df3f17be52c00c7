// Small things that the lists share: a form in place of a row, and the question before taking out.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {ready} from "../../state.js";
import {t} from "../../texts.js";
import {act} from "../common/actions.js";
import {Dialog} from "../common/dialogs.js";

/** @import {Command} from "../../types.js" */

/** Which row is being edited: an id, "" for a new one. @returns {import("@preact/signals").Signal<string | undefined>} */
export function editing() {
  return signal(/** @type {string | undefined} */ (undefined));
}

/** A field's text. @param {FormData} form @param {string} name */
export function textOf(form, name) {
  return String(form.get(name) ?? "").trim();
}

/**
 * Gives the command that `make` reads from the fields; stays open when it is refused.
 * @param {{make: (form: FormData) => Command, onDone: () => void, children?: any, testid: string, label?: string}} props
 */
export function RowForm({make, onDone, children, testid, label}) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  useEffect(() => form.current?.querySelector("input")?.focus(), []);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (form.current && await act(make(new FormData(form.current)))) onDone();
  };
  const escape = (/** @type {KeyboardEvent} */ event) => { if (event.key === "Escape") onDone(); };
  return html`<form class="row-form" ref=${form} onSubmit=${submit} onKeyDown=${escape} data-testid=${testid} aria-label=${label}>
    ${label && html`<b class="whole">${label}</b>`}${children}<div class="form-buttons"><button type="button" onClick=${onDone}>${t("common.cancel")}</button>
      <button class="primary" disabled=${!ready.value} data-testid="save">${t("prepare.save")}</button></div></form>`;
}

/** @type {import("@preact/signals").Signal<{command: Command, name: string} | undefined>} */
const removing = signal(undefined);

/** @param {Command} command @param {string} name of what is taken out */
export function askRemove(command, name) {
  removing.value = {command, name};
}

export function RemoveAsk() {
  const asked = removing.value;
  if (!asked) return null;
  const close = () => { removing.value = undefined; };
  const go = () => {
    close();
    void act(asked.command);
  };
  return html`<${Dialog} label=${t("prepare.remove")} onClose=${close} testid="remove-ask">
    <h2>${t("prepare.remove_ask", {name: asked.name})}</h2>
    <footer><button type="button" onClick=${close} autofocus>${t("common.cancel")}</button>
      <button type="button" class="danger" data-testid="remove-do" onClick=${go}>${t("prepare.remove")}</button></footer><//>`;
}
