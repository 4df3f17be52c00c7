// Typed captions: a line goes out with Enter. They stand under the live picture and in the recording.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {clerkView} from "../../state.js";
import {t} from "../../texts.js";
import {act, canGive} from "../common/actions.js";
import {Icon} from "../common/icons.js";

/** @import {Caption} from "../../types.js" */

const MOST_CHARS = 120;

/** The line that is being put right. */
const edited = signal("");
/** When the first letter of the present line was typed. */
let begunMs = 0;

export function Captions() {
  const {captions, session} = clerkView();
  const live = canGive("type_caption");
  return html`<section class="captions panel" aria-labelledby="captions-title">
    <header><h2 id="captions-title">${t("clerk.captions")}</h2><span class="muted">${t(session.closed ? "clerk.captions_closed" : "clerk.captions_note")}</span></header>
    <${Lines} captions=${captions} />
    <${Line} live=${live} />
  </section>`;
}

/** @param {{live: boolean}} props */
function Line({live}) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const field = input.current;
    const text = field?.value.trim();
    if (!field || !text) return;
    const typing_ms = Math.max(0, Math.round(performance.now() - begunMs));
    field.value = "";
    begunMs = 0;
    // What could not be sent comes back, unless the clerk is typing the next line already.
    if (!await act({type: "type_caption", text, typing_ms}) && !field.value) field.value = text;
  };
  const typed = () => {
    if (!begunMs || !input.current?.value) begunMs = performance.now();
  };
  return html`<form class="caption-line" onSubmit=${send}>
    <input ref=${input} maxlength=${MOST_CHARS} autocomplete="off" onInput=${typed} data-testid="caption-input"
      placeholder=${t(live ? "clerk.caption_hint" : "clerk.caption_not_now")} aria-label=${t("clerk.caption")} />
    <button class="primary small" disabled=${!live} data-testid="caption-send">${t("clerk.caption_send")}<kbd>Enter</kbd></button>
  </form>`;
}

/** @param {{captions: Caption[]}} props */
function Lines({captions}) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => list.current?.scrollTo(0, list.current.scrollHeight), [captions.at(-1)?.id]);
  return html`<ol class="rows caption-rows" ref=${list} aria-live="off">
    ${captions.map((one) => html`<${Row} key=${one.id} one=${one} />`)}</ol>`;
}

/** @param {{one: Caption}} props */
function Row({one}) {
  const close = () => { edited.value = ""; };
  const correct = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    if (await act({type: "correct_caption", caption: one.id, text: String(form.get("text"))})) close();
  };
  if (edited.value === one.id) {
    return html`<li class="caption-row"><form class="caption-line" onSubmit=${correct}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && close()}>
      <input name="text" defaultValue=${one.text} maxlength=${MOST_CHARS} autofocus aria-label=${t("clerk.correct")} />
      <button class="small primary">${t("clerk.save")}</button>
      <button type="button" class="small plain" onClick=${close}>${t("common.cancel")}</button></form></li>`;
  }
  return html`<li class="caption-row" data-public=${one.public} data-testid="caption"><p>${one.text}</p>
    <button type="button" class="icon-only plain" onClick=${() => { edited.value = one.id; }}
      aria-label=${t("clerk.correct_line", {text: one.text})} title=${t("clerk.correct")}><${Icon} name="pen" /></button></li>`;
}
