// The links to hand out: to a district that lost its own, to whoever wants to watch.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {fetchLinks, operatorView, role} from "../../state.js";
import {t} from "../../texts.js";
import {tell} from "../common/ask.js";
import {Copy} from "../common/copy.js";
import {Dialog} from "../common/dialogs.js";

/** @type {import("@preact/signals").Signal<{watch: string, sites: {id: string, url: string}[]} | undefined>} */
const links = signal(undefined);

/** For those who may hand them out. */
export function mayHandOut() {
  return role.value === "operator";
}

export async function openLinks() {
  try {
    links.value = await fetchLinks();
  } catch (error) {
    tell(error);
  }
}

export function LinksDialog() {
  const told = links.value;
  if (!told) return null;
  const close = () => { links.value = undefined; };
  const nameOf = (/** @type {string} */ id) => operatorView().sites[id]?.name ?? id;
  return html`<${Dialog} label=${t("operator.links")} onClose=${close} testid="links" wide=${true}>
    <h2>${t("operator.links")}</h2>
    <p class="muted">${t("operator.links_note")}</p>
    <ul class="links">
      <${LinkRow} name=${t("operator.open_watch")} url=${told.watch} />
      ${told.sites.map(({id, url}) => html`<${LinkRow} key=${id} name=${nameOf(id)} url=${url} />`)}
    </ul>
    <footer><button type="button" class="primary" onClick=${close}>${t("common.close")}</button></footer>
  <//>`;
}

/** @param {{name: string, url: string}} props */
function LinkRow({name, url}) {
  return html`<li><span class="name">${name}</span>
    <input readonly value=${url} aria-label=${name} onFocus=${(/** @type {FocusEvent} */ event) => (
      /** @type {HTMLInputElement} */ (event.target).select())} />
    <${Copy} name=${name} url=${url} /></li>`;
}
