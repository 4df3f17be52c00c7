// Short messages at the foot of the page: what the server refused, what was done out of sight.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {t} from "../../texts.js";
import {Icon} from "./icons.js";

/** A refusal must be read, what was done only noticed. */
const SHOWN_MS = {refused: 9000, done: 3500};
const MOST = 3;

/** @typedef {{id: number, text: string, kind: "refused" | "done"}} Toast */

/** @type {import("@preact/signals").Signal<Toast[]>} */
const toasts = signal([]);
let last = 0;

/** @param {string} text @param {"refused" | "done"} kind */
export function toast(text, kind = "done") {
  last += 1;
  const id = last;
  const others = toasts.value.filter((one) => one.text !== text);
  toasts.value = [...others, {id, text, kind}].slice(-MOST);
  setTimeout(() => dismiss(id), SHOWN_MS[kind]);
}

/** @param {number} id */
function dismiss(id) {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="assertive" data-testid="toasts">
    ${toasts.value.map((one) => html`<div key=${one.id} class="toast" data-kind=${one.kind}>
      <${Icon} name=${one.kind === "refused" ? "warning" : "check"} />
      <p>${one.text}</p>
      <button type="button" class="plain icon" aria-label=${t("common.close")}
        onClick=${() => dismiss(one.id)}><${Icon} name="close" /></button>
    </div>`)}
  </div>`;
}
