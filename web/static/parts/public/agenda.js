// The agenda as the public sees it.

import {html} from "htm/preact";
import {t} from "../../texts.js";
import {PaperList, Reader} from "../common/reader.js";

/** @param {{items: import("../../types.js").AgendaItem[], on: boolean}} props `on`: the session is under way */
export function Agenda({items, on}) {
  const state = (/** @type {import("../../types.js").AgendaItem} */ item) =>
    item.state === "current" && !on ? "coming" : item.state;
  return html`<section class="panel agenda" aria-label=${t("public.agenda")} data-testid="agenda">
    <h2>${t("public.agenda")}</h2>
    ${items.length ? html`<ol class="items">${items.map((item, index) => html`
      <li key=${item.id} data-state=${state(item)} aria-current=${state(item) === "current" ? "step" : undefined}>
        <span class="number numbers">${index + 1}</span>
        <span><span class="title">${item.title}</span>${state(item) === "current" && html`<span class="badge">${t("item_state.current")}</span>`}
          <${PaperList} papers=${item.documents} /></span>
      </li>`)}</ol>` : html`<p class="muted">${t("public.no_agenda")}</p>`}
    <${Reader} />
  </section>`;
}
