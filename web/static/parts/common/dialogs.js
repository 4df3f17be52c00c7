// Dialogs: the frame, the question before something weighty, and the button that must be held.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {ready} from "../../state.js";
import {t} from "../../texts.js";
import {act} from "./actions.js";
import {goBack, placeNow} from "./focus.js";

/** @import {Command} from "../../types.js" */

/** How long the button must be held before the session ends. */
const HOLD_MS = 1500;

/** @param {{label: string, onClose: () => void, testid: string, children?: any, wide?: boolean,
 *   onSubmit?: (event: SubmitEvent) => void}} props */
export function Dialog({label, onClose, testid, children, wide, onSubmit}) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = placeNow();
    dialog.current?.showModal();
    return () => queueMicrotask(() => goBack(before)); // when it is out of the way
  }, []);
  return html`<dialog ref=${dialog} aria-label=${label} onClose=${onClose} data-testid=${testid}
    class=${wide ? "wide" : ""}>
    <form method="dialog" onSubmit=${onSubmit ?? ((/** @type {Event} */ event) => event.preventDefault())}>${children}</form>
  </dialog>`;
}

/**
 * A weighty command with the text that asks for it: `ask.<key>` and what follows in the catalogues.
 * @typedef {{command?: Command, go?: () => unknown, key: string, hold?: boolean,
 *   params?: Record<string, string | number>}} Question `go`: what is done where it is no command
 */

/** @type {import("@preact/signals").Signal<Question | undefined>} */
const asked = signal(undefined);

/** Asks before it gives the command. @param {Question} question */
export function ask(question) {
  asked.value = question;
}

/** The open question, if any. */
export function Confirm() {
  const question = asked.value;
  if (!question) return null;
  const {command, go: work, key, hold, params} = question;
  const close = () => { asked.value = undefined; };
  const go = () => {
    close();
    void (command ? act(command) : work?.());
  };
  return html`<${Dialog} label=${t(`ask.${key}`)} onClose=${close} testid="confirm">
    <h2>${t(`ask.${key}`, params)}</h2>
    <p>${t(`ask.${key}_text`, params)}</p>
    <footer>
      <button type="button" onClick=${close} autofocus>${t("common.cancel")}</button>
      ${hold ? html`<${Hold} text=${t(`ask.${key}_do`)} onHeld=${go} />`
        : html`<button type="button" class="primary" data-testid="confirm-do" disabled=${!ready.value}
          onClick=${go}>${t(`ask.${key}_do`)}</button>`}
    </footer>
  <//>`;
}

/** Does its work only after it was held, by pointer or key. @param {{text: string, onHeld: () => void}} props */
export function Hold({text, onHeld}) {
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  /** @type {{current: ReturnType<typeof setTimeout> | undefined}} */
  const timer = useRef(undefined);
  const release = () => {
    clearTimeout(timer.current);
    timer.current = undefined;
    button.current?.classList.remove("held");
  };
  const press = () => {
    if (timer.current) return;
    button.current?.classList.add("held");
    timer.current = setTimeout(onHeld, HOLD_MS);
  };
  // A menu that opens at another button of the mouse hides that the button was let go.
  const point = (/** @type {PointerEvent} */ event) => event.button === 0 && press();
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      if (!event.repeat) press();
    }
  };
  useEffect(() => release, []);
  return html`<button type="button" class="danger hold" ref=${button} data-testid="confirm-hold" disabled=${!ready.value}
    onPointerDown=${point} onPointerUp=${release} onPointerLeave=${release} onPointerCancel=${release}
    onKeyDown=${key} onKeyUp=${release} onBlur=${release}><span>${text}</span></button>`;
}
