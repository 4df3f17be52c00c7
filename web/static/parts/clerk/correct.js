// Correcting a turn: who really spoke, from when to when, and how the name is written.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useState} from "preact/hooks";
import {clerkView} from "../../state.js";
import {moment, plain, secondOfDay, t, wall} from "../../texts.js";
import {act, canGive} from "../common/actions.js";
import {Dialog} from "../common/dialogs.js";
import {valueOf} from "../common/fields.js";
import {toast} from "../common/toasts.js";

/** @import {Spoken} from "../../types.js" */

/** @type {import("@preact/signals").Signal<Spoken | undefined>} */
const open = signal(undefined);

/** @param {Spoken} turn */
export function openCorrection(turn) {
  open.value = turn;
}

export function CorrectTurn() {
  const turn = open.value;
  if (!turn) return null;
  const close = () => { open.value = undefined; };
  return html`<${Dialog} label=${t("clerk.correct_title")} onClose=${close} testid="correct-dialog" wide=${true}>
    <${Form} key=${turn.turn} turn=${turn} onDone=${close} /><//>`;
}

/** @param {{turn: Spoken, onDone: () => void}} props */
function Form({turn, onDone}) {
  const {delegates} = clerkView();
  const [delegate, setDelegate] = useState(turn.delegate);
  const chosen = delegates.find(({id}) => id === delegate);
  const [name, setName] = useState(chosen?.name ?? turn.name);
  const [title, setTitle] = useState(chosen?.title ?? turn.title);
  const [start, setStart] = useState(secondOfDay(turn.started_at_ms));
  const [end, setEnd] = useState(secondOfDay(turn.ended_at_ms ?? turn.started_at_ms));
  const [reason, setReason] = useState(turn.reason);
  const choose = (/** @type {string} */ id) => {
    const other = delegates.find((one) => one.id === id);
    setDelegate(id);
    setName(other?.name ?? "");
    setTitle(other?.title ?? "");
  };
  const save = async () => {
    const [started_at_ms, ended_at_ms] = [momentOf(start, turn.started_at_ms), momentOf(end, turn.ended_at_ms ?? turn.started_at_ms)];
    if (started_at_ms === undefined || ended_at_ms === undefined) return toast(t("clerk.time_wrong"), "refused");
    const respelt = chosen && (chosen.name !== name.trim() || chosen.title !== title.trim());
    if (respelt && !await act({type: "correct_name", delegate, name, title})) return;
    const same = delegate === turn.delegate && started_at_ms === turn.started_at_ms && ended_at_ms === turn.ended_at_ms && reason === turn.reason;
    if (same || await act({type: "correct_turn", turn: turn.turn, delegate, started_at_ms, ended_at_ms, reason})) onDone();
  };
  const sorted = [...delegates].sort((a, b) => plain(a.name).localeCompare(plain(b.name), "vi"));
  return html`<h2>${t("clerk.correct_title")}</h2>
    <label class="field"><span>${t("clerk.who")}</span>
      <select value=${delegate} data-testid="correct-delegate" onChange=${(/** @type {Event} */ event) => choose(valueOf(event))}>
        ${sorted.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === delegate}>${one.name}${one.title ? ` – ${one.title}` : ""}</option>`)}</select></label>
    <fieldset class="times"><legend>${t("clerk.spelling")}</legend>
      <${Field} label=${t("clerk.name")} value=${name} onInput=${setName} testid="correct-name" />
      <${Field} label=${t("clerk.title")} value=${title} onInput=${setTitle} /></fieldset>
    <fieldset class="times"><legend>${t("clerk.times")}</legend>
      <${Field} label=${t("clerk.start")} value=${start} onInput=${setStart} testid="correct-start" />
      <${Field} label=${t("clerk.end")} value=${end} onInput=${setEnd} testid="correct-end" /></fieldset>
    <${Field} label=${t("clerk.reason")} value=${reason} onInput=${setReason} testid="correct-reason" />
    <p class="hint">${t("clerk.correct_note")}</p>
    <footer><button type="button" onClick=${onDone}>${t("common.cancel")}</button>
      <button type="button" class="primary" data-testid="correct-save" disabled=${!canGive("correct_turn") || !name.trim()} onClick=${save}>${t("clerk.save")}</button></footer>`;
}

/** Times too: what a browser makes of `type="time"` has AM and PM on half of the computers.
 * @param {{label: string, value: string, onInput: (text: string) => void, testid?: string}} props */
function Field({label, value, onInput, testid}) {
  return html`<label class="field"><span>${label}</span><input value=${value} maxlength="300"
    data-testid=${testid} onInput=${(/** @type {Event} */ event) => onInput(valueOf(event))} /></label>`;
}

/** The moment of the same day that this clock shows; to the millisecond as before where it is not another
 * second. @param {string} clock @param {number} nearMs */
function momentOf(clock, nearMs) {
  const parts = /^\s*([01]?\d|2[0-3])[:hg. ]([0-5]?\d)(?:[:. ]([0-5]?\d))?\s*$/.exec(clock);
  if (!parts) return undefined;
  if (secondOfDay(nearMs) === clock) return nearMs;
  const shown = parts.slice(1).map((part) => (part ?? "0").padStart(2, "0")).join(":");
  return moment(`${wall(nearMs).slice(0, 10)} ${shown}`);
}
