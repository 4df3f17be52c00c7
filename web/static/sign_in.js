// Signing in: by name and password, or by a link that carries its token in the fragment.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {show} from "./parts/common/page.js";
import {send, wordsOf} from "./parts/common/ask.js";
import {Language} from "./parts/common/head.js";
import {Refusal} from "./server.js";
import {asset, config, t} from "./texts.js";

const busy = signal(false);
const refused = signal("");
/** The account has a second factor. */
const needsCode = signal(false);

/** @param {object} credentials @returns {Promise<string>} the code of a refusal */
async function signIn(credentials) {
  busy.value = true;
  refused.value = "";
  try {
    const told = await send("/api/v1/sign-in", credentials);
    location.replace(config.next && config.next !== "/" ? config.next : told.next ?? "/");
    return "";
  } catch (error) {
    refused.value = wordsOf(error);
    const code = error instanceof Refusal ? error.code : "";
    if (code === "code_needed") needsCode.value = true;
    return code;
  } finally {
    busy.value = false;
  }
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  if (busy.value) return; // a button that is disabled would lose the focus for good
  const form = /** @type {HTMLFormElement} */ (event.target);
  const data = new FormData(form);
  const code = await signIn({name: data.get("name"), password: data.get("password"), code: data.get("code") ?? ""});
  const wrong = {wrong_password: "password", wrong_code: "code"}[code];
  const field = wrong && form.elements.namedItem(wrong);
  if (!(field instanceof HTMLInputElement)) return;
  field.focus();
  field.select(); // what is typed next takes its place
}

function Page() {
  return html`<main class="sign-in">
    <img src=${asset("logo.svg")} alt="Diemcau" width="240" height="58" />
    <form class="panel" onSubmit=${submit}>
      <h1>${t("common.sign_in")}</h1>
      ${config.message && html`<p class="notice" data-testid="lapsed">${config.message}</p>`}
      ${config.lacks && html`<p class="notice" data-testid="lacks">${t("public.sign_in_lacks")}</p>`}
      ${refused.value && html`<p class="notice bad" role="alert" data-testid="refused">${refused.value}</p>`}
      <label class="field">${t("public.name")}<input name="name" autocomplete="username" required autofocus maxlength="64" /></label>
      <label class="field">${t("public.password")}<input name="password" type="password" autocomplete="current-password" required maxlength="1024" /></label>
      ${needsCode.value && html`<label class="field">${t("public.code")}<input name="code" autocomplete="one-time-code" required
        maxlength="64" ref=${(/** @type {HTMLInputElement | null} */ field) => field?.focus()} data-testid="code" /></label>`}
      <button class="primary" aria-disabled=${busy.value} data-testid="sign-in">${t("common.sign_in")}</button>
      <p class="hint">${t("public.sign_in_note")}</p>
    </form>
    <p class="below"><a class="button plain" href="/">${t("common.home")}</a><${Language} /></p>
  </main>`;
}

function tokenOfLink() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

show(Page);
const enter = () => {
  const token = tokenOfLink();
  if (token) void signIn({token});
};
addEventListener("hashchange", enter); // a link pasted into this tab loads nothing anew
enter();
