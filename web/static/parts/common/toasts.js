// Short messages at the foot of the page: what the server refused, what was done out of sight.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
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

/** In the top layer, and put there anew for each message: so it lies above a dialog that is open. */
export function Toasts() {
  const stack = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    stack.current?.togglePopover(false);
    stack.current?.togglePopover(toasts.value.length > 0);
  }, [toasts.value]);
  return html`<div class="toasts" popover="manual" ref=${stack} data-testid="toasts">
    ${toasts.value.map((one) => html`<div key=${one.id} class="toast" role="alert" data-kind=${one.kind}>
      <${Icon} name=${one.kind === "refused" ? "warning" : "check"} />
      <p>${one.text}</p>
      <button type="button" class="plain icon" aria-label=${t("common.close")}
        onClick=${() => dismiss(one.id)}><${Icon} name="close" /></button>
    </div>`)}
  </div>`;
}
