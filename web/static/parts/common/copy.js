// A button that puts a link on the clipboard.

import {html} from "htm/preact";
import {t} from "../../texts.js";
import {Icon} from "./icons.js";
import {toast} from "./toasts.js";

/** The clipboard is only there over HTTPS or on this machine (W3C Clipboard API).
 * @param {{name: string, url: string | undefined}} props */
export function Copy({name, url = ""}) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url);
      toast(t("operator.copied", {name}));
    } catch {
      toast(t("operator.copy_failed"), "refused");
    }
  };
  return html`<button type="button" class="small" onClick=${copy} aria-label=${t("operator.copy_link", {name})}><${Icon} name="copy" />${t("operator.copy")}</button>`;
}
