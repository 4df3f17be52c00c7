// Notes and decisions, by agenda item: written now, put in better words later, all in the log.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useRef} from "preact/hooks";
import {clerkView} from "../../state.js";
import {t, timeOfDay} from "../../texts.js";
import {act, canGive, Do} from "../common/actions.js";
import {Icon} from "../common/icons.js";

/** @import {Note} from "../../types.js" */

/** The note that is being rewritten; "" for a new one. */
const edited = signal("");
/** @type {import("@preact/signals").Signal<"note" | "decision">} */
const kind = signal("note");
/** The new note as far as it is written: it stays while another is rewritten.
 * @type {{text: string, kind: "note" | "decision"}} */
let draft = {text: "", kind: "note"};

/** @param {Note} note */
function rewrite(note) {
  if (!edited.value) draft.kind = kind.value;
  edited.value = note.id;
  kind.value = note.kind;
}

export function Notes() {
  const {notes, agenda} = clerkView();
  const groups = [...agenda.map(({id, title}, index) => ({id, title: `${index + 1}. ${title}`})), {id: undefined, title: t("clerk.notes_whole")}];
  return html`<section class="notes panel" aria-labelledby="notes-title">
    <header><h2 id="notes-title">${t("clerk.notes")}</h2></header>
    <div class="rows note-rows" data-testid="notes">
      ${!notes.length && html`<p class="empty">${t("clerk.notes_empty")}</p>`}
      ${groups.map((group) => html`<${Group} key=${group.id ?? "-"} title=${group.title} notes=${notes.filter((note) => note.item === group.id)} />`)}
    </div>
    <${Writing} key=${edited.value} note=${notes.find((note) => note.id === edited.value)} />
  </section>`;
}

/** @param {{title: string, notes: Note[]}} props */
function Group({title, notes}) {
  if (!notes.length) return null;
  return html`<section class="note-group"><h3>${title}</h3>${notes.map((note) => html`
    <article key=${note.id} class="note" data-kind=${note.kind} data-testid="note">
      <p class="note-head"><time class="numbers">${timeOfDay(note.at_ms)}</time>
        ${note.kind === "decision" && html`<b>${t("clerk.decision")}</b>`}<span class="gap"></span>
        <button type="button" class="icon-only plain" title=${t("clerk.rewrite")} aria-label=${t("clerk.rewrite")}
          onClick=${() => rewrite(note)} data-testid="rewrite"><${Icon} name="pen" /></button>
        <${Do} command=${{type: "strike_note", note: note.id}} class="icon-only plain" label=${t("clerk.strike")}
          testid="strike_note"><${Icon} name="close" /><//></p>
      <p class="note-text">${note.text}</p></article>`)}</section>`;
}

/** @param {{note: Note | undefined}} props */
function Writing({note}) {
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const turnBack = () => {
    edited.value = "";
    kind.value = draft.kind;
  };
  /** @param {typeof draft} one */
  const put = (one) => {
    draft = one;
    kind.value = one.kind;
    if (area.current) area.current.value = one.text;
  };
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const written = area.current?.value ?? "";
    const command = {type: "write_note", kind: kind.value, text: written.trim()};
    if (!command.text) return;
    if (note) {
      if (await act({...command, note: note.id})) turnBack();
      return;
    }
    const sent = {kind: kind.value, text: written};
    put({text: "", kind: "note"}); // what is typed while it is on its way is the next one
    if (await act(command) || draft.text) return;
    if (edited.value) draft = sent;
    else put(sent);
  };
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void save(event);
  };
  const typed = () => {
    if (!note) draft.text = area.current?.value ?? "";
  };
  return html`<form class="writing" onSubmit=${save}>
    <div class="kinds" role="group" aria-label=${t("clerk.kind")}>
      ${/** @type {const} */ (["note", "decision"]).map((one) => html`<button type="button" key=${one} class="small" aria-pressed=${kind.value === one}
        data-testid=${`kind-${one}`} onClick=${() => { kind.value = one; }}>${t(`clerk.${one}`)}</button>`)}
      <span class="gap"></span>
      ${note && html`<button type="button" class="small plain" onClick=${turnBack} data-testid="note-cancel">${t("common.cancel")}</button>`}
      <button class="small primary" disabled=${!canGive("write_note")} data-testid="note-save">
        ${t(note ? "clerk.save" : "clerk.write")}<kbd>Ctrl ↵</kbd></button></div>
    <textarea ref=${area} rows="3" maxlength="4000" defaultValue=${note?.text ?? draft.text} onInput=${typed} onKeyDown=${pressed} data-testid="note-text"
      placeholder=${t(kind.value === "decision" ? "clerk.decision_hint" : "clerk.note_hint")} aria-label=${t(`clerk.${kind.value}`)}></textarea>
  </form>`;
}
