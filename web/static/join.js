// The page of a district: a meeting room at one computer. Test, join, and then one state at a time.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {bye, connect, connection, view} from "./state.js";
import {config, t} from "./texts.js";
import {show} from "./parts/common/page.js";
import {Language} from "./parts/common/head.js";
import {open, wake, watchPlugs} from "./parts/site/devices.js";
import {join} from "./parts/site/line.js";
import {Room} from "./parts/site/room.js";
import {Beside, DeviceTest} from "./parts/site/test.js";

const KEY = `diemcau.join.${config.session}.${config.site}`;
const JOINED = `${KEY}.joined`;

/** A room has no other way in than its link. */
const DEAD_LINK = ["unauthorized", "revoked"];

const joined = signal(false);

/** The link's secret stays in this tab: one browser can hold several sites. */
function token() {
  const given = decodeURIComponent(location.hash.slice(1));
  if (given) {
    // Another link than before: whoever opens it tests the devices first.
    if (given !== sessionStorage.getItem(KEY)) sessionStorage.removeItem(JOINED);
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(KEY) ?? "";
}

function enter() {
  wake();
  sessionStorage.setItem(JOINED, "1");
  joined.value = true;
  connect("site", {token: secret});
  join(secret);
  void stayAwake();
}

/** A room's screen must not go dark in the middle of a session. */
async function stayAwake() {
  try {
    await navigator.wakeLock?.request("screen");
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // low battery: the system has the last word
  }
}

function Page() {
  if (!secret) return html`<${Stop} title=${t("site.no_token")} note=${t("site.ask_for_link")} />`;
  if (bye.value) {
    return DEAD_LINK.includes(bye.value.code) ? html`<${Stop} title=${t("site.dead_link")} note=${t("site.ask_for_link")} />`
      : html`<${Stop} title=${bye.value.message} />`;
  }
  if (!joined.value) return html`<${config.has_camera ? Beside : DeviceTest} token=${secret} onJoin=${enter} />`;
  if (!view.value || !("me" in view.value)) {
    return html`<p class="waiting" role="status">${t(`connection.${connection.value}`)}</p>`;
  }
  return html`<${Room} token=${secret} />`;
}

/** @param {{title: string, note?: string}} props */
function Stop({title, note}) {
  return html`<main class="stop panel" data-testid="stop"><h1>${title}</h1>${note && html`<p>${note}</p>`}<${Language} /></main>`;
}

// A renewed link that is pasted into this tab changes only what follows the #, and loads nothing by itself.
addEventListener("hashchange", () => location.reload());
const secret = token();
show(Page);
if (secret) {
  watchPlugs();
  document.addEventListener("visibilitychange", () => {
    if (joined.value && !document.hidden) void stayAwake();
  });
  if (!config.has_camera) await open();
  // A page that was reloaded takes its place again without being asked.
  if (sessionStorage.getItem(JOINED)) enter();
}
