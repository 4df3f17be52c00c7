// Links to hand on: to the page, and to what is on the screen this second.

import {html} from "htm/preact";
import {useState} from "preact/hooks";
import {config, t} from "../../texts.js";

/** @param {{atS?: (() => number | undefined) | undefined}} props `atS`: the second of the recording that is playing */
export function Share({atS}) {
  const [done, setDone] = useState("");
  /** @param {string} what @param {string} url */
  const copy = async (what, url) => {
    try {
      await navigator.clipboard.writeText(url);
      setDone(what);
    } catch {
      prompt(t("public.copy_by_hand"), url); // no clipboard without HTTPS (W3C Clipboard API)
    }
  };
  const now = () => {
    const second = Math.floor(atS?.() ?? 0);
    return copy("now", `${location.origin}/play/${config.session}#t=${second}`);
  };
  return html`<button onClick=${() => copy("page", location.href.split("#")[0] ?? "")} data-testid="share">
      ${t(done === "page" ? "public.copied" : "public.share")}</button>
    ${atS && html`<button onClick=${now} data-testid="share-now">${t(done === "now" ? "public.copied" : "public.share_now")}</button>`}`;
}
