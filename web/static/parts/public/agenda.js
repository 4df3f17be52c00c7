// The agenda as the public sees it.

import {html} from "htm/preact";
import {t} from "../../texts.js";
import {PaperList, Reader} from "../common/reader.js";

/** @param {{items: import("../../types.js").AgendaItem[]}} props */
export function Agenda({items}) {
  return html`<section class="panel agenda" aria-label=${t("public.agenda")} data-testid="agenda">
    <h2>${t("public.agenda")}</h2>
    ${items.length ? html`<ol class="items">${items.map((item, index) => html`
      <li key=${item.id} data-state=${item.state} aria-current=${item.state === "current" ? "step" : undefined}>
        <span class="number numbers">${index + 1}</span>
        <span>${item.title}${item.state === "current" && html`<span class="badge">${t("item_state.current")}</span>`}
          <${PaperList} papers=${item.documents} /></span>
      </li>`)}</ol>` : html`<p class="muted">${t("public.no_agenda")}</p>`}
    <${Reader} />
  </section>`;
}
