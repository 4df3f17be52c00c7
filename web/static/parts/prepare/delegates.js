// The delegates and those who answer to them: who, what, and where they sit.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {operatorView, ready, sitesOf} from "../../state.js";
import {plain, t} from "../../texts.js";
import {valueOf} from "../common/fields.js";
import {Icon} from "../common/icons.js";
import {ImportBox} from "./import.js";
import {RowForm, askRemove, editing, textOf} from "./pieces.js";

/** @import {Delegate} from "../../types.js" */

const SHOWN = 200;
const open = editing();
const sought = signal("");
const close = () => { open.value = undefined; };

export function Delegates() {
  const {sites, delegates} = operatorView();
  const words = plain(sought.value);
  const found = delegates.filter((one) => !words || plain([one.name, one.title, one.group, sites[one.site]?.name].join(" ")).includes(words));
  return html`<section class="panel list"><header><h2>${t("prepare.step_delegates")}</h2>
      <button type="button" disabled=${!ready.value} onClick=${() => { open.value = ""; }} data-testid="add-delegate">
        <${Icon} name="plus" />${t("prepare.add_delegate")}</button></header>
    <${ImportBox} what="delegates" />
    ${delegates.length > 8 && html`<input type="search" placeholder=${t("prepare.search")} aria-label=${t("prepare.search")}
      value=${sought.value} onInput=${(/** @type {Event} */ event) => { sought.value = valueOf(event); }} />`}
    ${open.value === "" && html`<${Form} />`}
    ${!delegates.length && html`<p class="muted">${t("prepare.no_delegates")}</p>`}
    <ul class="lines" data-testid="delegate-list">${found.slice(0, SHOWN).map((one) => html`<li key=${one.id}>
      ${open.value === one.id ? html`<${Form} one=${one} />` : html`
        <div class="told"><b>${one.name}</b><small class="muted">${[one.title, one.group, sites[one.site]?.name].filter(Boolean).join(" · ")}</small></div>
        <button type="button" class="small" onClick=${() => { open.value = one.id; }}>${t("prepare.edit")}</button>
        <button type="button" class="small plain" aria-label=${t("prepare.remove_one", {name: one.name})}
          onClick=${() => askRemove({type: "remove_delegate", delegate: one.id}, one.name)}>${t("prepare.remove")}</button>`}
    </li>`)}</ul>
    ${found.length > SHOWN && html`<p class="muted">${t("prepare.more", {count: found.length - SHOWN})}</p>`}
  </section>`;
}

/** @param {{one?: Delegate}} props */
function Form({one}) {
  const {delegates} = operatorView();
  const sites = sitesOf(operatorView()).filter((site) => !site.booth);
  const groups = [...new Set(delegates.map((other) => other.group).filter(Boolean))];
  const make = (/** @type {FormData} */ form) => ({
    type: "put_delegate", ...(one ? {delegate: one.id} : {}), name: textOf(form, "name"),
    title: textOf(form, "title"), group: textOf(form, "group"), site: textOf(form, "site"),
  });
  return html`<${RowForm} testid="delegate-form" make=${make} onDone=${close}>
    <label class="field grow">${t("prepare.name")}<input name="name" required maxlength="300" defaultValue=${one?.name ?? ""} /></label>
    <label class="field grow">${t("prepare.job")}<input name="title" maxlength="300" defaultValue=${one?.title ?? ""} /></label>
    <label class="field">${t("prepare.group")}<input name="group" maxlength="300" list="groups" defaultValue=${one?.group ?? ""} /></label>
    <datalist id="groups">${groups.map((group) => html`<option value=${group} />`)}</datalist>
    <label class="field">${t("prepare.site")}<select name="site">${sites.map((site) => html`
      <option value=${site.id} selected=${site.id === (one?.site ?? sites[0]?.id)}>${site.name}</option>`)}</select></label><//>`;
}
