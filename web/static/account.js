// One's own account: password, second factor, and ending all other sign-ins.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {config, t} from "./texts.js";
import {show} from "./parts/common/page.js";
import {Head} from "./parts/common/head.js";
import {ask, send} from "./parts/common/ask.js";
import {Password, Told, again, fields, told} from "./parts/office/form.js";

/** @type {import("@preact/signals").Signal<{name: string, roles: string[], second_factor: boolean,
 *   factor_required: boolean, recovery_left: number, admin: boolean} | undefined>} */
const mine = signal(undefined);
/** @type {import("@preact/signals").Signal<{secret: string, address: string, picture: string} | undefined>} */
const offer = signal(undefined);
/** @type {import("@preact/signals").Signal<string[] | undefined>} */
const recovery = signal(undefined);
/** The account may do nothing else before it has a second factor. */
const enrolling = signal(false);

async function load() {
  await told(async () => {
    const me = await ask("/api/v1/account");
    enrolling.value = me.factor_required && !me.second_factor;
    mine.value = me;
    if (enrolling.value) await offerFactor();
  });
}

/** @param {SubmitEvent} event */
async function changePassword(event) {
  const given = fields(event);
  if (given.new_password !== given.again) return void told(() => Promise.reject(new Error(t("account.passwords_differ"))));
  const form = /** @type {HTMLFormElement} */ (event.target);
  await told(async () => {
    await send("/api/v1/account/password", {password: given.password, code: given.code ?? "", new_password: given.new_password});
    form.reset();
  }, t("account.password_changed"));
}

async function offerFactor() {
  await told(async () => { offer.value = await send("/api/v1/account/second-factor/offer", {}); });
}

/** @param {SubmitEvent} event */
async function takeFactor(event) {
  const {password, code} = fields(event);
  const taken = await told(async () => {
    const answer = await send("/api/v1/account/second-factor", {password, code, secret: offer.value?.secret});
    recovery.value = answer.recovery;
    offer.value = undefined;
    mine.value = await ask("/api/v1/account");
  }, t("account.factor_is_on"));
  if (!taken) again(event, "code");
}

/** @param {SubmitEvent} event */
async function dropFactor(event) {
  const {password, code} = fields(event);
  const dropped = await told(async () => {
    await send("/api/v1/account/second-factor/off", {password, code});
    recovery.value = undefined;
    mine.value = await ask("/api/v1/account");
  }, t("account.factor_is_off"));
  if (!dropped) again(event, "code");
}

async function endSignIns() {
  await told(() => send("/api/v1/account/end-sign-ins", {}), t("account.sign_ins_ended"));
}

function Page() {
  const me = mine.value;
  return html`<${Head} /><main class="office narrow"><h1>${t("account.title")}</h1>
    ${me && html`<p><strong>${me.name}</strong> <span class="muted">${me.roles.map((role) => t(`role.${role}`)).join(", ")}${me.admin ? ` · ${t("account.admin")}` : ""}</span></p>`}
    <${Told} />
    ${enrolling.value && !recovery.value && html`<p class="notice" data-testid="enrol">${t("account.must_enrol")}</p>`}
    ${me && html`<${Factor} me=${me} />`}
    ${me && !enrolling.value && html`<form class="panel stack" onSubmit=${changePassword} data-testid="password-form"><h2>${t("account.change_password")}</h2>
      <${Password} name="password" label=${t("account.password_now")} now=${true} />
      ${me.second_factor && html`<${Code} />`}
      <${Password} name="new_password" label=${t("account.password_new")} /><${Password} name="again" label=${t("account.password_again")} />
      <p class="hint">${t("account.password_note")}</p>
      <button class="primary">${t("account.change_password")}</button></form>
    <section class="panel stack"><h2>${t("account.sign_ins")}</h2><p>${t("account.sign_ins_note")}</p>
      <p><button type="button" onClick=${endSignIns} data-testid="end-sign-ins">${t("account.end_sign_ins")}</button></p></section>`}
  </main>`;
}

/** @param {{me: {second_factor: boolean, factor_required: boolean, recovery_left: number}}} props */
function Factor({me}) {
  if (recovery.value) return html`<${Recovery} codes=${recovery.value} />`;
  if (me.second_factor) {
    return html`<form class="panel stack" onSubmit=${dropFactor} data-testid="factor-on"><h2>✓ ${t("account.factor_is_on")}</h2>
      <p>${t("account.recovery_left", {count: me.recovery_left})}</p>
      <p class="hint">${t(me.factor_required ? "account.factor_off_required" : "account.factor_off_note")}</p>
      <${Password} name="password" label=${t("account.password_now")} now=${true} /><${Code} />
      <button>${t("account.turn_off")}</button></form>`;
  }
  if (!offer.value) {
    return html`<section class="panel stack"><h2>${t("account.factor")}</h2><p>${t("account.factor_note")}</p>
      <p><button type="button" class="primary" onClick=${offerFactor} data-testid="factor-offer">${t("account.turn_on")}</button></p></section>`;
  }
  const {picture, secret, address} = offer.value;
  return html`<form class="panel stack" onSubmit=${takeFactor} data-testid="factor-form"><h2>${t("account.factor")}</h2>
    <ol><li>${t("account.step_app")}</li><li>${t("account.step_scan")}</li><li>${t("account.step_code")}</li></ol>
    <img class="qr" src=${picture} alt=${t("account.qr")} width="220" height="220" />
    <p class="on-phone"><a class="button" href=${address} data-testid="on-phone">${t("account.on_phone")}</a></p>
    <p class="muted">${t("account.by_hand")} <code data-testid="secret">${secret}</code></p>
    <${Code} label=${t("account.code_shown")} /><${Password} name="password" label=${t("account.password_now")} now=${true} />
    <div class="actions"><button class="primary">${t("account.turn_on")}</button>
      ${!enrolling.value && html`<button type="button" onClick=${() => { offer.value = undefined; }}>${t("common.cancel")}</button>`}</div></form>`;
}

/** @param {{label?: string}} props */
function Code({label}) {
  return html`<label class="field">${label ?? t("public.code")}<input name="code" required autocomplete="one-time-code" maxlength="64" /></label>`;
}

/** @param {{codes: string[]}} props */
function Recovery({codes}) {
  const section = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => section.current?.focus(), []);
  return html`<section class="panel stack" tabindex="-1" ref=${section} data-testid="recovery"><h2>${t("account.recovery")}</h2><p>${t("account.recovery_note")}</p>
    <ul class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>
    <div class="actions"><button type="button" onClick=${() => print()}>${t("account.print")}</button>
      <button type="button" class="primary" onClick=${kept} data-testid="kept">${t(enrolling.value ? "account.kept_go_on" : "account.kept")}</button></div></section>`;
}

function kept() {
  recovery.value = undefined;
  if (enrolling.value) location.replace(config.next ?? "/");
}

show(Page);
void load();
