// Puts a page into the shell that the server sent.

import {html, render} from "htm/preact";
import {keepFocus} from "./focus.js";

/** @param {import("preact").FunctionComponent} Page */
export function show(Page) {
  const shell = document.getElementById("page");
  if (shell) render(html`<${Page} />`, shell);
  keepFocus();
}
