// What went wrong, in plain words, and a way on.

import {html, render} from "htm/preact";
import {Language} from "./parts/common/head.js";
import {config, t} from "./texts.js";

const root = document.getElementById("page");
if (root) {
  render(html`<main class="error-page panel" data-testid="error">
    <h1>${t("public.error_title")}</h1><p>${config.message}</p>
    <p class="below"><a class="button primary" href="/">${t("common.home")}</a><${Language} /></p></main>`, root);
}
