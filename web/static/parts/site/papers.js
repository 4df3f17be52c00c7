// The documents of the agenda that this room may read: the current item's first.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {fetchDocument, siteView} from "../../state.js";
import {number, t} from "../../texts.js";

/** @import {PaperDocument} from "../../types.js" */

const failed = signal("");
const FORGET_MS = 60_000;

export function Papers() {
  const {agenda, session} = siteView();
  const items = agenda.filter((item) => item.documents?.length);
  if (!items.length) return null;
  const sorted = [...items].sort((a, b) => Number(b.id === session.current_item) - Number(a.id === session.current_item));
  return html`<section class="panel papers" data-testid="papers"><h2>${t("site.papers")}</h2>
    ${sorted.map((item) => html`<div key=${item.id}><p class="muted">${item.title}</p>
      <ul>${item.documents?.map((one) => html`<li key=${one.id}><button type="button" class="plain" data-testid=${`paper-${one.id}`}
        onClick=${() => void take(one)}>${one.name} <small class="muted">${number(one.size_bytes / 1e6)} MB</small></button></li>`)}</ul></div>`)}
    ${failed.value && html`<p class="error" role="alert">${failed.value}</p>`}</section>`;
}

/** The link's secret goes in a header, so the page fetches it and the browser opens what came.
 * @param {PaperDocument} paper */
async function take(paper) {
  try {
    const url = URL.createObjectURL(await fetchDocument(paper.id));
    const link = Object.assign(document.createElement("a"), {href: url, download: paper.name});
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), FORGET_MS);
    failed.value = "";
  } catch (error) {
    failed.value = error instanceof Error ? error.message : String(error);
  }
}
