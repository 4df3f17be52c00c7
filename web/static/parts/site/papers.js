// The documents of the agenda that this room may read: the current item's first.

import {html} from "htm/preact";
import {siteView} from "../../state.js";
import {t} from "../../texts.js";
import {PaperList} from "../common/reader.js";

export function Papers() {
  const {agenda, session} = siteView();
  const items = agenda.filter((item) => item.documents?.length);
  if (!items.length) return null;
  const sorted = [...items].sort((a, b) => Number(b.id === session.current_item) - Number(a.id === session.current_item));
  return html`<section class="panel papers" data-testid="papers"><h2>${t("site.papers")}</h2>
    ${sorted.map((item) => html`<div key=${item.id}><p class="muted">${item.title}</p>
      <${PaperList} papers=${item.documents} /></div>`)}</section>`;
}
