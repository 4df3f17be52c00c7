// The sites: the hall and who joins from elsewhere.

import {html} from "htm/preact";
import {useRef} from "preact/hooks";
import {operatorView, ready, sitesOf} from "../../state.js";
import {plain, t} from "../../texts.js";
import {Do} from "../common/actions.js";
import {valueOf} from "../common/fields.js";
import {Icon} from "../common/icons.js";
import {ImportBox} from "./import.js";
import {RowForm, askRemove, editing, textOf} from "./pieces.js";

/** @import {Site} from "../../types.js" */

const open = editing();
/** Whose language is being set. */
const booth = editing();
const close = () => { open.value = booth.value = undefined; };
/** Spoken where councils sit, with what players know them by (ISO 639-3; 639-1 where there is one). */
const LANGUAGES = [["Tiếng Mông", "hmn"], ["Tiếng Thái", "blt"], ["Tiếng Khmer", "km"], ["Tiếng Tày", "tyz"], ["Tiếng Nùng", "nut"],
  ["Tiếng Dao", "ium"], ["Tiếng Mường", "mtq"], ["Tiếng Chăm", "cjm"], ["Tiếng Ê Đê", "rad"], ["Tiếng Gia Rai", "jra"],
  ["Tiếng Ba Na", "bdq"], ["Tiếng Hà Nhì", "hni"], ["Tiếng Khơ Mú", "kjg"], ["Tiếng Lào", "lo"], ["Tiếng Trung", "zh"], ["English", "en"]];

export function Sites() {
  const {delegates, signer} = operatorView();
  const seated = (/** @type {string} */ id) => delegates.filter((one) => one.site === id).length;
  return html`<section class="panel list"><header><h2>${t("prepare.step_sites")}</h2>
      <button type="button" disabled=${!ready.value} onClick=${() => { open.value = ""; }} data-testid="add-site">
        <${Icon} name="plus" />${t("prepare.add_site")}</button></header>
    <${ImportBox} what="sites" />
    ${open.value === "" && html`<${Form} />`}
    <ul class="lines" data-testid="site-list">${sitesOf(operatorView()).map((site) => html`<li key=${site.id}>
      ${open.value === site.id ? html`<${Form} site=${site} />` : booth.value === site.id ? html`<${BoothForm} site=${site} />` : html`
        <div class="told"><b>${site.name}</b><small class="muted">${[site.kind === "hall" && t("prepare.hall"),
          site.booth ? t("prepare.booth", {language: site.booth.name}) : t("prepare.seated", {count: seated(site.id)}),
          site.id === signer?.site && t("prepare.signer")].filter(Boolean).join(" · ")}</small></div>
        ${site.kind !== "hall" && !site.booth && html`<${Do} class="small" pressed=${site.id === signer?.site} testid=${`signer-${site.id}`}
          command=${{type: "set_signer", site: site.id === signer?.site ? null : site.id}}
          label=${t("prepare.signer_of", {name: site.name})}>${t("prepare.signer_set")}<//>`}
        <button type="button" class="small" onClick=${() => { open.value = site.id; }}>${t("prepare.edit")}</button>
        ${site.kind !== "hall" && (site.booth || !seated(site.id)) && html`<button type="button" class="small plain" data-testid=${`edit-booth-${site.id}`}
          aria-label=${t("prepare.booth_edit_one", {name: site.name})} onClick=${() => { booth.value = site.id; }}>${t("prepare.booth_edit")}</button>`}
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

/** Which language is interpreted into there; none makes it a site like the others. @param {{site: Site}} props */
function BoothForm({site}) {
  const code = useRef(/** @type {HTMLInputElement | null} */ (null));
  const known = (/** @type {Event} */ event) => {
    const name = plain(valueOf(event).trim());
    const found = LANGUAGES.find(([one]) => plain(one ?? "") === name);
    if (!code.current) return;
    if (found) code.current.value = found[1] ?? "";
    code.current.required = name !== "";
  };
  const language = (/** @type {FormData} */ form) => (textOf(form, "name") ? {code: textOf(form, "code"), name: textOf(form, "name")} : null);
  return html`<${RowForm} testid="booth-form" onDone=${close} label=${t("prepare.booth_edit_one", {name: site.name})}
    make=${(/** @type {FormData} */ form) => ({type: "set_booth", site: site.id, language: language(form)})}>
    <label class="field grow">${t("prepare.language")}<input name="name" maxlength="60" list="languages" defaultValue=${site.booth?.name ?? ""}
      placeholder=${t("prepare.language_hint")} onInput=${known} /></label>
    <datalist id="languages">${LANGUAGES.map(([name]) => html`<option value=${name}></option>`)}</datalist>
    <label class="field">${t("prepare.language_code")}<input name="code" ref=${code} maxlength="35" size="8" pattern="[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}"
      required=${Boolean(site.booth)} title=${t("prepare.language_code_hint")} defaultValue=${site.booth?.code ?? ""} /></label><//>`;
}
