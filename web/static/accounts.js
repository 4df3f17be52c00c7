// All accounts, for an administrator: make one, change its roles, end its sign-ins, lock it.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {config, t} from "./texts.js";
import {show} from "./parts/common/page.js";
import {Head} from "./parts/common/head.js";
import {Dialog} from "./parts/common/dialogs.js";
import {ask, send, wordsOf} from "./parts/common/ask.js";
import {Check, Told, told} from "./parts/office/form.js";
import {byName} from "./vietnamese.js";

/** @typedef {{name: string, roles: string[], grants: Record<string, string[]>, admin: boolean,
 *   disabled: boolean, second_factor: boolean, factor_required: boolean}} Account */

const ROLES = ["operator", "chair", "clerk", "viewer"];

/** @type {import("@preact/signals").Signal<Account[] | undefined>} */
const accounts = signal(undefined);
/** @type {import("@preact/signals").Signal<{id: string, title: string}[]>} */
const sessions = signal(/** @type {{id: string, title: string}[]} */ ([]));
/** The one in the dialog; `null`: a new one. @type {import("@preact/signals").Signal<Account | null | undefined>} */
const open = signal(undefined);
/** Roles by session, as the dialog has them. @type {import("@preact/signals").Signal<Record<string, string[]>>} */
const grants = signal(/** @type {Record<string, string[]>} */ ({}));
/** Why the dialog's wish was refused. */
const refused = signal("");

async function load() {
  const answer = await ask("/api/v1/accounts");
  accounts.value = answer.accounts.toSorted(byName);
  sessions.value = answer.sessions;
}

/** @param {Account | null} account */
function edit(account) {
  grants.value = structuredClone(account?.grants ?? {});
  refused.value = "";
  open.value = account;
}

/** @param {SubmitEvent} event */
async function save(event) {
  event.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
  const account = open.value;
  const given = {name: account?.name ?? String(form.get("name")), roles: form.getAll("role"), admin: form.has("admin"),
    grants: Object.fromEntries(Object.entries(grants.value).filter(([, roles]) => roles.length))};
  const password = String(form.get("password") ?? "");
  try {
    await send(account ? "/api/v1/accounts/change" : "/api/v1/accounts", {...given, ...(password && {password})});
    open.value = undefined;
    await told(load, t("accounts.saved", {name: given.name}));
  } catch (error) {
    refused.value = wordsOf(error);
  }
}

/** @param {string} name @param {object} wish @param {string} success */
async function change(name, wish, success) {
  await told(async () => {
    await send("/api/v1/accounts/change", {name, ...wish});
    await load();
  }, success);
}

function Page() {
  return html`<${Head} /><main class="office">
    <div class="office-title"><h1>${t("accounts.title")}</h1>
      <button type="button" class="primary" onClick=${() => edit(null)} data-testid="new-account">${t("accounts.new")}</button></div>
    <p class="muted">${t("accounts.note")}</p>
    <${Told} />
    ${accounts.value && html`<div class="table-frame" tabindex="0" role="region" aria-label=${t("accounts.title")}><table class="office-table">
      <thead><tr>${["name", "roles", "factor", "state", "actions"].map((key) => html`<th scope="col">${t(`accounts.${key}`)}</th>`)}</tr></thead>
      <tbody>${accounts.value.map((one) => html`<${Row} key=${one.name} one=${one} />`)}</tbody></table></div>`}
  </main>${open.value !== undefined && html`<${Edit} account=${open.value} />`}`;
}

/** @param {string[]} roles */
function inWords(roles) {
  return roles.map((role) => t(`role.${role}`)).join(", ");
}

/** @param {string} id */
function titleOf(id) {
  return sessions.value.find((session) => session.id === id)?.title ?? id;
}

/** @param {{one: Account}} props */
function Row({one}) {
  const own = one.name === config.name;
  const {name} = one;
  return html`<tr data-testid="row" data-name=${name}>
    <td><strong>${name}</strong>${one.admin && html`<small class="muted about">${t("account.admin")}</small>`}</td>
    <td>${inWords(one.roles) || "–"}${Object.entries(one.grants).map(([session, roles]) => html`
      <small class="muted about">${titleOf(session)}: ${inWords(roles)}</small>`)}</td>
    <td data-label=${t("accounts.factor")}>${t(one.second_factor ? "accounts.factor_on" : one.factor_required ? "accounts.factor_due" : "accounts.factor_off")}</td>
    <td>${one.disabled ? html`<span class="error">✕ ${t("accounts.locked")}</span>` : t("accounts.active")}</td>
    <td><div class="actions">
      <button type="button" onClick=${() => edit(one)} aria-label=${t("accounts.edit_name", {name})} data-testid="edit">${t("accounts.edit")}</button>
      <button type="button" onClick=${() => change(name, {end_sign_ins: true}, t("accounts.ended", {name}))}
        aria-label=${t("accounts.end_name", {name})}>${t("accounts.end")}</button>
      ${one.second_factor && !own && html`<button type="button" aria-label=${t("accounts.drop_name", {name})}
        onClick=${() => change(name, {drop_second_factor: true}, t("accounts.dropped", {name}))}>${t("accounts.drop")}</button>`}
      ${!own && html`<button type="button" data-testid="lock" aria-label=${t(one.disabled ? "accounts.unlock_name" : "accounts.lock_name", {name})}
        onClick=${() => change(name, {disabled: !one.disabled}, t("accounts.saved", {name}))}>${t(one.disabled ? "accounts.unlock" : "accounts.lock")}</button>`}
    </div></td></tr>`;
}

/** @param {{account: Account | null}} props */
function Edit({account}) {
  const close = () => { open.value = undefined; };
  const label = account ? t("accounts.edit_name", {name: account.name}) : t("accounts.new");
  return html`<${Dialog} label=${label} onClose=${close} testid="account-dialog" onSubmit=${save}>
    <h2>${label}</h2>
    ${refused.value && html`<p class="notice bad" role="alert">${refused.value}</p>`}
    ${!account && html`<label class="field">${t("accounts.name")}<input name="name" required maxlength="64" autocomplete="off" /></label>`}
    <fieldset><legend>${t("accounts.everywhere")}</legend>
      ${ROLES.map((role) => html`<${Check} name="role" value=${role} label=${t(`role.${role}`)} checked=${account?.roles.includes(role)} />`)}
    </fieldset>
    <${Grants} />
    <${Check} name="admin" value="yes" label=${t("accounts.may_manage")} checked=${account?.admin} />
    <label class="field">${t(account ? "accounts.new_password" : "public.password")}<input name="password" type="password"
      minlength="10" maxlength="256" required=${!account} autocomplete="new-password" /></label>
    <footer><button type="button" onClick=${close}>${t("common.cancel")}</button>
      <button class="primary" data-testid="save">${t("accounts.save")}</button></footer>
  <//>`;
}

/** Roles in single sessions. */
function Grants() {
  const left = sessions.value.filter((session) => !(session.id in grants.value));
  const add = (/** @type {Event} */ event) => {
    const choice = /** @type {HTMLSelectElement} */ (event.target);
    if (choice.value) grants.value = {...grants.value, [choice.value]: []};
    choice.value = "";
  };
  /** @param {string} session @param {string} role @param {boolean} on */
  const set = (session, role, on) => {
    const others = (grants.value[session] ?? []).filter((one) => one !== role);
    grants.value = {...grants.value, [session]: on ? [...others, role] : others};
  };
  return html`${Object.entries(grants.value).map(([session, roles]) => html`<fieldset key=${session}><legend>${titleOf(session)}</legend>
      ${ROLES.map((role) => html`<${Check} name=${`grant-${session}`} value=${role} label=${t(`role.${role}`)} checked=${roles.includes(role)}
        onChange=${(/** @type {boolean} */ on) => set(session, role, on)} />`)}</fieldset>`)}
    ${left.length > 0 && html`<label class="field">${t("accounts.one_session")}<select onChange=${add} data-testid="add-session">
      <option value="">${t("accounts.choose_session")}</option>
      ${left.map((session) => html`<option value=${session.id}>${session.title} (${session.id})</option>`)}</select></label>`}`;
}

show(Page);
void told(load);
