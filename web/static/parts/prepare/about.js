// What the session is called, where and when.

import {html} from "htm/preact";
import {operatorView} from "../../state.js";
import {t} from "../../texts.js";
import {act, canGive} from "../common/actions.js";
import {toast} from "../common/toasts.js";
import {textOf} from "./pieces.js";
import {StartField} from "./start.js";

export function About() {
  const {session} = operatorView();
  const save = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const start = textOf(form, "start");
    const done = await act({
      type: "describe_session", title: textOf(form, "title"), subtitle: textOf(form, "subtitle"),
      ...(start ? {planned_start_at_ms: new Date(start).getTime()} : {}),
    });
    if (done) toast(t("prepare.saved"));
  };
  return html`<form class="panel names" onSubmit=${save} key=${session.id}>
    <h2>${t("prepare.step_about")}</h2>
    <label class="field">${t("prepare.session_title")}<input name="title" required maxlength="300" defaultValue=${session.title} data-testid="title" /></label>
    <label class="field">${t("prepare.subtitle")}<input name="subtitle" maxlength="300" defaultValue=${session.subtitle} />
      <span class="hint">${t("prepare.subtitle_note")}</span></label>
    <${StartField} atMs=${session.planned_start_at_ms} note=${t("prepare.planned_start_note")} />
    <div class="form-buttons"><button class="primary" disabled=${!canGive("describe_session")} data-testid="save-about">${t("prepare.save")}</button></div>
  </form>`;
}
