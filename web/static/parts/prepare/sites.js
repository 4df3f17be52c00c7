// The sites: the hall and who joins from elsewhere.

import {html} from "htm/preact";
import {operatorView, ready, sitesOf} from "../../state.js";
import {t} from "../../texts.js";
import {Do} from "../common/actions.js";
import {Icon} from "../common/icons.js";
import {ImportBox} from "./import.js";
import {RowForm, askRemove, editing, textOf} from "./pieces.js";

/** @import {Site} from "../../types.js" */

const open = editing();
const close = () => { open.value = undefined; };

export function Sites() {
  const {delegates, signer} = operatorView();
  const seated = (/** @type {string} */ id) => delegates.filter((one) => one.site === id).length;
  return html`<section class="panel list"><header><h2>${t("prepare.step_sites")}</h2>
      <button type="button" disabled=${!ready.value} onClick=${() => { open.value = ""; }} data-testid="add-site">
        <${Icon} name="plus" />${t("prepare.add_site")}</button></header>
    <${ImportBox} what="sites" />
    ${open.value === "" && html`<${Form} />`}
    <ul class="lines" data-testid="site-list">${sitesOf(operatorView()).map((site) => html`<li key=${site.id}>
      ${open.value === site.id ? html`<${Form} site=${site} />` : html`
        <div class="told"><b>${site.name}</b><small class="muted">${[site.kind === "hall" && t("prepare.hall"),
          t("prepare.seated", {count: seated(site.id)}), site.id === signer?.site && t("prepare.signer")].filter(Boolean).join(" · ")}</small></div>
        ${site.kind !== "hall" && html`<${Do} class="small" pressed=${site.id === signer?.site} testid=${`signer-${site.id}`}
          command=${{type: "set_signer", site: site.id === signer?.site ? null : site.id}}
          label=${t("prepare.signer_of", {name: site.name})}>${t("prepare.signer_set")}<//>`}
        <button type="button" class="small" onClick=${() => { open.value = site.id; }}>${t("prepare.edit")}</button>
        ${site.kind !== "hall" && html`<button type="button" class="small plain" aria-label=${t("prepare.remove_one", {name: site.name})}
          onClick=${() => askRemove({type: "remove_site", site: site.id}, site.name)}>${t("prepare.remove")}</button>`}`}
    </li>`)}</ul></section>`;
}

/** @param {{site?: Site}} props */
function Form({site}) {
  return html`<${RowForm} testid="site-form" onDone=${close}
    make=${(/** @type {FormData} */ form) => ({type: "put_site", ...(site ? {site: site.id} : {}), name: textOf(form, "name")})}>
    <label class="field grow">${t("prepare.site_name")}<input name="name" required maxlength="300" defaultValue=${site?.name ?? ""}
      placeholder=${t("prepare.site_hint")} /></label><//>`;
}
