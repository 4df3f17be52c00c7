// What went wrong, in plain words, and a way on.

import {html, render} from "htm/preact";
import {Language} from "./parts/common/head.js";
import {config, t} from "./texts.js";

const SECOND_MS = 1000;

/** Another try may find it well. */
const {retry_after_s: soonS = 0, code, status = 0} = config;
const passes = status >= 500 || soonS > 0;

/** What leads on from here. */
function Ways() {
  if (passes) {
    return html`<button class="primary" autofocus onClick=${() => location.reload()} data-testid="retry">${t("common.retry")}</button>
      <a class="button" href="/">${t("common.home")}</a>`;
  }
  const enter = code === "forbidden" && html`<a class="button primary" href=${`/sign-in?next=${location.pathname}`} data-testid="enter">${t("common.sign_in")}</a>`;
  return html`${enter}<a class=${enter ? "button" : "button primary"} href="/">${t("common.home")}</a>`;
}

const root = document.getElementById("page");
if (root) {
  render(html`<main class="error-page panel" data-testid="error">
    <h1>${t("public.error_title")}</h1><p>${config.message}</p>
    ${soonS > 0 && html`<p class="muted" role="status">${t("public.error_again", {seconds: soonS})}</p>`}
    <p class="below"><${Ways} /><${Language} /></p></main>`, root);
}
if (soonS > 0) setTimeout(() => location.reload(), soonS * SECOND_MS);
