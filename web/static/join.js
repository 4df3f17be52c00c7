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

const TRY_MS = 3000;

/** A room has no other way in than its link. */
const DEAD_LINK = ["unauthorized", "revoked"];

const joined = signal(false);
const dead = signal(false);

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

/** A link that opens nothing says so at once, not after somebody has tested camera and line. */
async function tryLink() {
  const path = `/api/v1/sessions/${config.session}/sites/${config.site}/line-test?bytes=1`;
  try {
    const headers = {Authorization: `Bearer ${secret}`};
    const {status} = await fetch(path, {headers, signal: AbortSignal.timeout(TRY_MS)});
    dead.value = status === 401 || status === 403;
  } catch (error) {
    console.warn(error); // a line that is slow or away says nothing of the link
  }
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
  if (dead.value || DEAD_LINK.includes(bye.value?.code ?? "")) {
    return html`<${Stop} title=${t("site.dead_link")} note=${t("site.ask_for_link")} />`;
  }
  if (bye.value) return html`<${Stop} title=${bye.value.message} />`;
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
  const again = sessionStorage.getItem(JOINED);
  if (!again) await tryLink();
  if (!config.has_camera && !dead.value) await open();
  // A page that was reloaded takes its place again without being asked.
  if (again) enter();
}
