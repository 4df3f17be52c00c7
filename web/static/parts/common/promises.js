// What was promised in an answer: noted while it is said, kept for follow-up after the session.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {deskView} from "../../state.js";
import {t} from "../../texts.js";
import {act, canGive, Do, mayGive} from "./actions.js";
import {Dialog} from "./dialogs.js";
import {Icon} from "./icons.js";

/** @import {PromiseNoted} from "../../record_types.js" */

/** @type {import("@preact/signals").Signal<{delegate: string, name: string, question?: string | undefined,
 *   noted?: PromiseNoted} | undefined>} */
const asked = signal(undefined);

/** @param {{delegate: string, name: string, question?: string | undefined, noted?: PromiseNoted}} about */
export function askPromise(about) {
  asked.value = about;
}

/** Beside the clock of somebody who answers. */
export function PromiseButton() {
  const {floor} = deskView();
  if (!floor || !["answer", "explanation"].includes(floor.kind) || !mayGive("note_promise")) return null;
  return html`<button type="button" class="small plain" data-testid="promise-open" title=${t("promise.hint", {name: floor.name})}
    onClick=${() => askPromise({delegate: floor.delegate, name: floor.name})}><${Icon} name="flag" />${t("promise.note")}</button>`;
}

export function PromiseDialog() {
  const about = asked.value;
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const due = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => input.current?.focus(), [about]);
  if (!about) return null;
  const close = () => { asked.value = undefined; };
  const {noted} = about;
  const go = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const text = input.current?.value.trim() ?? "";
    const command = {
      type: "note_promise", text, delegate: about.delegate, due: due.current?.value ?? "",
      ...(about.question && {question: about.question}), ...(noted && {promise: noted.id}),
    };
    if (text && await act(command)) close();
  };
  return html`<${Dialog} label=${t("promise.title")} onClose=${close} testid="promise" onSubmit=${go}>
    <h2>${t("promise.title_of", {name: about.name})}</h2>
    <label class="field"><span>${t("promise.text")}</span>
      <input ref=${input} defaultValue=${noted?.text ?? ""} maxlength="300" autocomplete="off" required data-testid="promise-text" /></label>
    <label class="field"><span>${t("promise.due")}</span>
      <input type="date" ref=${due} defaultValue=${noted?.due ?? ""} data-testid="promise-due" /></label>
    <footer>
      <button type="button" onClick=${close}>${t("common.cancel")}</button>
      <button type="submit" class="primary" disabled=${!canGive("note_promise")} data-testid="promise-submit">${t("promise.do")}</button>
    </footer>
  <//>`;
}

/** @param {{promise: PromiseNoted}} props */
export function PromiseRow({promise}) {
  const {id, kept, due, text, name} = promise;
  const when = due ? t("promise.until", {date: due.split("-").reverse().join("/")}) : t("promise.no_date");
  return html`<li class="promise" data-kept=${kept} data-testid=${`promise-${id}`}>
    <${Icon} name=${kept ? "check" : "flag"} />
    <div class="who"><span class="promise-text">${text}</span>
      <span class="detail">${[name, when, kept ? t("promise.kept") : ""].filter(Boolean).join(" · ")}</span></div>
    <${Do} command=${{type: "settle_promise", promise: id, kept: !kept}} class="small" testid=${`settle-${id}`}>
      ${t(kept ? "promise.unsettle" : "promise.settle")}<//>
    ${mayGive("note_promise") && html`<button type="button" class="small plain" onClick=${() => askPromise({...promise, noted: promise})}>
      ${t("promise.correct")}</button>`}
    <${Do} command=${{type: "drop_promise", promise: id}} class="small plain" label=${t("promise.drop")}><${Icon} name="close" /><//>
  </li>`;
}
