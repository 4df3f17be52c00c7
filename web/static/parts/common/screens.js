// Sharing a site's screen: who may, who does, and whether it is on air.

import {html} from "htm/preact";
import {deskView} from "../../state.js";
import {t} from "../../texts.js";
import {Do, shortName} from "./actions.js";
import {Icon} from "./icons.js";

/** Lets a site share, or ends it. @param {{site: string}} props id */
export function AllowScreen({site}) {
  const found = deskView().sites[site];
  if (!found) return null;
  const allowed = found.screen !== "none";
  const name = shortName(found.name);
  return html`<${Do} command=${{type: "allow_screen", site, allowed: !allowed}} class="small allow-screen" pressed=${allowed}
    label=${t(allowed ? "screen.withdraw_of" : "screen.allow_of", {site: name})} testid=${`allow-screen-${site}`}>
    <${Icon} name="screen" />${t(found.screen === "shared" ? "screen.end" : allowed ? "screen.withdraw" : "screen.allow")}<//>`;
}

/** For the chair: who shares now, and that it is on air. */
export function SharedNow() {
  const {screens} = deskView();
  return screens.map((one) => html`<p key=${one.site} class="shared-now" data-tally=${one.tally} role="status" data-testid=${`shared-${one.site}`}>
    <${Icon} name="screen" /><span>${t(one.tally === "program" ? "screen.on_air_of" : "screen.shared_by", {site: shortName(one.name)})}</span>
    <${AllowScreen} site=${one.site} /></p>`);
}
