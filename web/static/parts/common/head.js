// The head of a page outside the control room: home, language, and who is signed in.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {asset, config, t} from "../../texts.js";
import {send, wordsOf} from "./ask.js";

const STAFF = ["operator", "chair", "clerk"];
const YEAR_S = 31_536_000;

/** Whether somebody signed in who has work to do here. */
export function isStaff() {
  return STAFF.includes(config.role);
}

export function Head() {
  return html`<header class="site-head" data-guest=${!config.name}>
    <a href="/" class="logo-link"><img src=${asset("logo.svg")} alt=${t("common.home")} width="160" height="39" /></a>
    <nav class="head-links" aria-label=${t("common.pages")}>
      <a class="button plain" href="/archive">${t("common.archive")}</a>
      ${config.may_audit && html`<a class="button plain" href="/audit">${t("common.audit")}</a>`}
      ${config.admin && html`<a class="button plain" href="/accounts">${t("common.accounts")}</a>`}
      <${Language} />
      <${Who} />
    </nav></header>`;
}

/** The other language, by its own name. @param {{kind?: string}} props */
export function Language({kind = "button plain"}) {
  const other = config.language === "vi" ? "en" : "vi";
  const change = () => {
    document.cookie = `lang=${other}; path=/; max-age=${YEAR_S}; SameSite=Lax`;
    location.reload();
  };
  return html`<button type="button" class=${kind} lang=${other} data-testid="language" onClick=${change}>${t("common.language")}</button>`;
}

function Who() {
  if (!config.name) return html`<span class="who"><a class="button" href="/sign-in">${t("common.sign_in")}</a></span>`;
  return html`<span class="who">${config.account
    ? html`<a class="button plain" href="/account" data-testid="account">${config.name}</a>` : html`<span>${t(`role.${config.role}`)}</span>`}
    <button type="button" onClick=${leave} data-testid="sign-out">${t("common.sign_out")}</button>
    ${stayed.value && html`<span class="notice bad" role="alert" data-testid="stayed">${stayed.value}</span>`}</span>`;
}

/** Why nobody was signed out: who leaves the computer must know. */
const stayed = signal("");

async function leave() {
  try {
    await send("/api/v1/sign-out", {});
    location.assign("/");
  } catch (error) {
    stayed.value = wordsOf(error);
  }
}
