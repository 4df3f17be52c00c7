// What the session is called, where and when.

import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {operatorView} from "../../state.js";
import {moment, t} from "../../texts.js";
import {act, canGive} from "../common/actions.js";
import {toast} from "../common/toasts.js";
import {textOf} from "./pieces.js";
import {StartField} from "./start.js";

export function About() {
  const {session} = operatorView();
  /** What was typed and is not saved yet. */
  const typed = useRef(/** @type {FormData | undefined} */ (undefined));
  const save = async (/** @type {FormData} */ form) => {
    typed.current = undefined;
    const start = textOf(form, "start");
    const done = await act({
      type: "describe_session", title: textOf(form, "title"), subtitle: textOf(form, "subtitle"),
      ...(start ? {planned_start_at_ms: moment(start)} : {}),
    });
    if (done) toast(t("prepare.saved"));
  };
  // Who goes on to the next step means what he typed.
  useEffect(() => () => { if (typed.current) void save(typed.current); }, []);
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    void save(new FormData(/** @type {HTMLFormElement} */ (event.target)));
  };
  const note = (/** @type {InputEvent} */ event) => {
    typed.current = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
  };
  return html`<form class="panel names" onSubmit=${submit} onInput=${note} key=${session.id}>
    <h2>${t("prepare.step_about")}</h2>
    <label class="field">${t("prepare.session_title")}<input name="title" required maxlength="300" defaultValue=${session.title} data-testid="title" /></label>
    <label class="field">${t("prepare.subtitle")}<input name="subtitle" maxlength="300" defaultValue=${session.subtitle} />
      <span class="hint">${t("prepare.subtitle_note")}</span></label>
    <${StartField} atMs=${session.planned_start_at_ms} note=${t("prepare.planned_start_note")} />
    <div class="form-buttons"><button disabled=${!canGive("describe_session")} data-testid="save-about">${t("prepare.save")}</button></div>
  </form>`;
}
