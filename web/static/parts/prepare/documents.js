// An item's documents: taken in from this computer, shown to the sites, and to the public by choice.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {operatorView, ready} from "../../state.js";
import {number, t} from "../../texts.js";
import {act} from "../common/actions.js";
import {toast} from "../common/toasts.js";
import {ask, tell} from "../common/ask.js";
import {askRemove} from "./pieces.js";

/** @import {AgendaItem, PaperDocument} from "../../types.js" */

/** Items that take one in just now. @type {import("@preact/signals").Signal<ReadonlySet<string>>} */
const busy = signal(new Set());

/** @param {{item: AgendaItem}} props */
export function Documents({item}) {
  const {session} = operatorView();
  const taking = busy.value.has(item.id);
  const take = (/** @type {Event} */ event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    void upload(session.id, item.id, [...(input.files ?? [])]).then(() => { input.value = ""; });
  };
  return html`<div class="documents">${(item.documents ?? []).map((one) => html`<${Row} key=${one.id} one=${one} item=${item} session=${session.id} />`)}
    <label class="button small plain upload" aria-busy=${taking}>${t(taking ? "prepare.uploading" : "prepare.add_document")}
      <input type="file" class="hidden-visually" accept="application/pdf,.pdf" multiple disabled=${taking || !ready.value} onChange=${take}
        data-testid=${`upload-${item.id}`} aria-label=${t("prepare.add_document_to", {name: item.title})} /></label></div>`;
}

/** @param {{one: PaperDocument, item: AgendaItem, session: string}} props */
function Row({one, item, session}) {
  return html`<p class="document" data-testid="document"><a href=${`/api/v1/sessions/${session}/documents/${one.id}`} target="_blank" rel="noopener">${one.name}</a>
    <small class="muted numbers">${number(Math.max(0.1, Math.round(one.size_bytes / 1e5) / 10))} MB</small>
    ${item.closed ? html`<small class="muted">${t("prepare.document_closed")}</small>`
      : html`<label class="check"><input type="checkbox" checked=${one.public} disabled=${!ready.value}
        onChange=${() => void act({type: "show_document", document: one.id, public: !one.public})} /> ${t("prepare.document_public")}</label>`}
    <button type="button" class="small plain" aria-label=${t("prepare.remove_one", {name: one.name})}
      onClick=${() => askRemove({type: "remove_document", document: one.id}, one.name)}>${t("prepare.remove")}</button></p>`;
}

/** One after the other. @param {string} session @param {string} item @param {File[]} files */
async function upload(session, item, files) {
  busy.value = new Set([...busy.value, item]);
  try {
    for (const file of files) {
      const name = encodeURIComponent(file.name);
      await ask(`/api/v1/sessions/${session}/items/${item}/documents?name=${name}`,
        {method: "POST", headers: {"Content-Type": "application/pdf"}, body: file});
      toast(t("prepare.uploaded", {name: file.name}));
    }
  } catch (error) {
    tell(error);
  } finally {
    busy.value = new Set([...busy.value].filter((one) => one !== item));
  }
}
