// The links to hand out, a sheet for each site, and taking a link back.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect} from "preact/hooks";
import {fetchLinks, operatorView, ready} from "../../state.js";
import {t} from "../../texts.js";
import {Copy} from "../common/copy.js";
import {Dialog} from "../common/dialogs.js";
import {toast} from "../common/toasts.js";
import {send, tell} from "../common/ask.js";

/** @type {import("@preact/signals").Signal<{watch: string, sites: {id: string, url: string}[]} | undefined>} */
const links = signal(undefined);
/** @type {import("@preact/signals").Signal<string | undefined>} */
const renewing = signal(undefined);

async function load() {
  try {
    links.value = await fetchLinks();
  } catch (error) {
    tell(error);
  }
}

export function Links() {
  const {session, sites} = operatorView();
  useEffect(() => void load(), [Object.keys(sites).join()]);
  const told = links.value;
  const wall = told?.watch.replace("/watch/", "/display/");
  const nameOf = (/** @type {string} */ id) => sites[id]?.name ?? id;
  return html`<section class="panel list"><header><h2>${t("prepare.step_links")}</h2>
      <a class="button" href=${`/sheets/${session.id}`} target="_blank" rel="noopener" data-testid="to-sheets">${t("prepare.print_sheets")}</a></header>
    <p class="muted">${t("operator.links_note")}</p>
    ${!told && html`<p role="status">${t("connection.connecting")}</p>`}
    ${told && html`<ul class="lines">
      <li><div class="told"><b>${t("operator.open_watch")}</b><small class="muted">${told.watch}</small></div>
        <${Copy} name=${t("operator.open_watch")} url=${told.watch} /></li>
      <li><div class="told"><b>${t("operator.open_display")}</b><small class="muted">${wall}</small></div>
        <${Copy} name=${t("operator.open_display")} url=${wall} /></li>
      ${told.sites.map(({id, url}) => html`<li key=${id} data-testid=${`link-${id}`}>
        <div class="told"><b>${nameOf(id)}</b><input readonly value=${url} aria-label=${nameOf(id)} onFocus=${(/** @type {FocusEvent} */ event) => (
          /** @type {HTMLInputElement} */ (event.target).select())} /></div>
        <${Copy} name=${nameOf(id)} url=${url} />
        <button type="button" class="small plain" disabled=${!ready.value} onClick=${() => { renewing.value = id; }} data-testid=${`renew-${id}`}>${t("prepare.renew")}</button></li>`)}
    </ul>`}
    ${renewing.value && html`<${Renew} site=${renewing.value} name=${nameOf(renewing.value)} session=${session.id} />`}
  </section>`;
}

/** @param {{site: string, name: string, session: string}} props */
function Renew({site, name, session}) {
  const close = () => { renewing.value = undefined; };
  const go = async () => {
    close();
    try {
      await send(`/api/v1/sessions/${session}/sites/${site}/link`, {});
      toast(t("prepare.renewed", {name}));
    } catch (error) {
      tell(error);
    }
    await load();
  };
  return html`<${Dialog} label=${t("prepare.renew")} onClose=${close} testid="renew-ask">
    <h2>${t("prepare.renew_ask", {name})}</h2><p>${t("prepare.renew_note")}</p>
    <footer><button type="button" onClick=${close} autofocus>${t("common.cancel")}</button>
      <button type="button" class="danger" onClick=${go} data-testid="renew-do">${t("prepare.renew_do")}</button></footer><//>`;
}
