// Who takes the program elsewhere: added, switched on and off. Addresses are never shown again.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useState} from "preact/hooks";
import {operatorView, role} from "../../state.js";
import {config, t} from "../../texts.js";
import {ask, send, tell} from "../common/ask.js";
import {Dialog} from "../common/dialogs.js";
import {Icon} from "../common/icons.js";

/** @typedef {{name: string, kind: string, host: string, on: boolean, fixed: boolean}} Destination */

const ADDRESS = `/api/v1/sessions/${config.session}/pushes`;

/** While the dialog is open. @type {import("@preact/signals").Signal<Destination[] | undefined>} */
const destinations = signal(undefined);

export function maySend() {
  return role.value === "operator";
}

export function openDestinations() {
  return change("GET", ADDRESS);
}

/** @param {string} method @param {string} address @param {object} [body] @returns {Promise<boolean>} whether it was done */
async function change(method, address, body) {
  try {
    destinations.value = (await (body ? send(address, body, method) : ask(address, {method}))).pushes;
    return true;
  } catch (error) {
    tell(error);
    return false;
  }
}

export function DestinationsDialog() {
  const rows = destinations.value;
  if (!rows) return null;
  const close = () => { destinations.value = undefined; };
  const add = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const {name, url} = Object.fromEntries(new FormData(form));
    if (await change("POST", ADDRESS, {name, url})) form.reset();
  };
  return html`<${Dialog} label=${t("operator.destinations")} onClose=${close} onSubmit=${add} testid="destinations" wide=${true}>
    <h2>${t("operator.destinations")}</h2>
    <p class="muted">${t("operator.destinations_note")}</p>
    ${!rows.length && html`<p>${t("operator.destinations_none")}</p>`}
    <ul class="destinations push-rows">${rows.map((row) => html`<${Row} key=${row.name} row=${row} />`)}</ul>
    <div class="destination-add">
      <label>${t("operator.destination_name")}<input name="name" required maxlength="40" autocomplete="off" /></label>
      <label>${t("operator.destination_url")}<input name="url" type="password" required maxlength="1024" autocomplete="off" spellcheck=${false} /></label>
      <button class="primary" data-testid="destination-add"><${Icon} name="plus" />${t("operator.destination_add")}</button>
    </div>
    <footer><button type="button" onClick=${close}>${t("common.close")}</button></footer>
  <//>`;
}

/**
 * How it fares, and what to do about it; `whole`: in FFmpeg's words too, for who rings the receiver.
 * @param {{push: Partial<import("../../types.js").Push>, whole?: boolean}} props
 */
export function PushState({push, whole}) {
  const {state, why, detail, retry_s: seconds} = push;
  return html`<span>${t(`operator.push_${state}`)}${state === "waiting" && seconds ? ` · ${t("operator.push_retry", {seconds})}` : ""}</span>
    ${why && html`<small>${t(`operator.push_why_${why}`)}</small>`}
    ${detail && (whole || !why) && html`<small class="muted" lang="en">${detail}</small>`}`;
}

/** @param {{row: Destination}} props */
function Row({row}) {
  const {name, kind, host, on, fixed} = row;
  const [sure, setSure] = useState(false); // its key could not be shown again
  const told = operatorView().outputs.pushes?.find((push) => push.name === name);
  const state = on ? told?.state ?? "connecting" : "off";
  const at = `${ADDRESS}/${encodeURIComponent(name)}`;
  return html`<li data-state=${state} data-testid="destination">
    <div><b>${name}</b> <small class="muted">${kind} · ${host}</small>
      ${state === "off" ? html`<span>${t("operator.destination_is_off")}</span>` : html`<${PushState} push=${told ?? {state}} whole=${true} />`}</div>
    <button type="button" class="small" onClick=${() => change("PATCH", at, {on: !on})}
      aria-label=${t(on ? "operator.destination_off" : "operator.destination_on", {name})}>${t(on ? "operator.turn_off" : "operator.turn_on")}</button>
    ${!fixed && html`<button type="button" class="small plain" onBlur=${() => setSure(false)}
      onClick=${() => (sure ? change("DELETE", at) : setSure(true))} data-testid="destination-remove"
      aria-label=${t(sure ? "operator.destination_sure" : "operator.destination_remove", {name})}>${t(sure ? "operator.remove_sure" : "operator.remove")}</button>`}</li>`;
}
