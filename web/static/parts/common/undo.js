// Taking back the last act: what it would do is on the button; it is gone when it is too late.

import {html} from "htm/preact";
import {deskView} from "../../state.js";
import {t} from "../../texts.js";
import {Do} from "./actions.js";
import {Icon} from "./icons.js";

/** The command that takes back what we see as the last act. */
export function undoCommand() {
  return {type: "undo", act: deskView().undo?.act ?? 0};
}

export function Undo() {
  const {undo} = deskView();
  if (!undo) return null;
  const text = t("undo.button", {act: t(`undo.${undo.what}`, {name: undo.name})});
  return html`<${Do} command=${undoCommand()} class="small plain undo" label=${text}>
    <${Icon} name="undo" /><span class="undo-text">${text}</span><kbd>Z</kbd><//>`;
}
