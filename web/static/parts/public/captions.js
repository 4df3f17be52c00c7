// Whether this reader wants typed captions: one choice for live and archive, kept in the browser.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {keep, kept} from "../../kept.js";
import {t} from "../../texts.js";

const KEY = "diemcau.captions";

/** Shown unless somebody put them away: they are typed only where somebody needs them. */
export const captionsOn = signal(kept("localStorage", KEY) !== "off");

export function CaptionsSwitch() {
  const turn = () => {
    captionsOn.value = !captionsOn.value;
    keep("localStorage", KEY, captionsOn.value ? "on" : "off");
  };
  return html`<label class="check"><input type="checkbox" checked=${captionsOn.value} onChange=${turn} data-testid="captions" />
    ${t("public.captions")}</label>`;
}
