// An old recording leaves the server, once its copy elsewhere is proven: asked for by an administrator.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {t} from "../../texts.js";
import {send, wordsOf} from "../common/ask.js";
import {Dialog} from "../common/dialogs.js";
import {fields} from "./form.js";

/** @typedef {{id: string, title: string, retiring?: {busy: boolean} | null}} Old */

/** @type {import("@preact/signals").Signal<Old | undefined>} */
const open = signal(undefined);
const refused = signal("");

/** @param {{one: Old}} props */
export function RetireButton({one}) {
  const show = () => {
    refused.value = "";
    open.value = one;
  };
  return html`<button type="button" class="plain" disabled=${one.retiring?.busy} onClick=${show} data-testid="retire"
    aria-label=${t("archive.retire_name", {title: one.title})}>${t("archive.retire")}</button>`;
}

/** @param {{onAsked: () => void}} props */
export function RetireDialog({onAsked}) {
  const one = open.value;
  if (!one) return null;
  const close = () => { open.value = undefined; };
  const go = async (/** @type {SubmitEvent} */ event) => {
    try {
      await send(`/api/v1/archive/${one.id}/retire`, fields(event));
      close();
      onAsked();
    } catch (error) {
      refused.value = wordsOf(error);
    }
  };
  return html`<${Dialog} label=${t("archive.retire_name", {title: one.title})} onClose=${close} testid="retire-dialog" onSubmit=${go}>
    <h2>${t("archive.retire_name", {title: one.title})}</h2>
    <p>${t("archive.retire_note")}</p>
    ${refused.value && html`<p class="notice bad" role="alert">${refused.value}</p>`}
    <label class="field">${t("archive.retire_folder")}<input name="kept_in" required maxlength="1000" autocomplete="off" spellcheck=${false} placeholder="/mnt/backup" /></label>
    <label class="field">${t("archive.retire_why")}<input name="why" required maxlength="300" autocomplete="off" /></label>
    <footer><button type="button" onClick=${close}>${t("common.cancel")}</button>
      <button class="danger" data-testid="retire-do">${t("archive.retire_do")}</button></footer>
  <//>`;
}
