// The page of a district: a meeting room at one computer. Test, join, and then one state at a time.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {forget, keep, kept} from "./kept.js";
import {bye, connect, connection, view} from "./state.js";
import {config, t} from "./texts.js";
import {stayAwake} from "./parts/common/awake.js";
import {show} from "./parts/common/page.js";
import {Language} from "./parts/common/head.js";
import {Renewal, renewWhen} from "./parts/common/renewal.js";
import {close, mayOpen, open, wake, watchPlugs} from "./parts/site/devices.js";
import {join} from "./parts/site/line.js";
import {Room} from "./parts/site/room.js";
import {isSharing} from "./parts/site/share.js";
import {Beside, DeviceTest} from "./parts/site/test.js";

const KEY = `diemcau.join.${config.session}.${config.site}`;
const JOINED = `${KEY}.joined`;

const TRY_MS = 3000;
const LOOK_MS = 5000;
const AGAIN_MS = 1000;

/** A room has no other way in than its link: why it does not open, as the server says it, to the key of
 * the words for it. @type {Record<string, string>} */
const DEAD_LINK = {
  token_wrong: "link_wrong",
  token_expired: "link_expired",
  token_revoked: "link_revoked",
  other_site: "link_other",
  revoked: "link_revoked",
  unauthorized: "link_dead",
};

const joined = signal(false);
/** A key of `DEAD_LINK`, or empty. */
const dead = signal("");
/** The server was not reached twice in a row. */
const away = signal(false);

/** The link's secret stays in this tab: one browser can hold several sites. */
function token() {
  const given = decodeURIComponent(location.hash.slice(1));
  if (given) {
    // Another link than before: whoever opens it tests the devices first.
    if (given !== kept("sessionStorage", KEY)) forget("sessionStorage", JOINED);
    // Where the browser keeps nothing the link stays in the address: a page loaded anew needs it.
    if (keep("sessionStorage", KEY, given)) history.replaceState(null, "", location.pathname);
    return given;
  }
  return kept("sessionStorage", KEY) ?? "";
}

/** A link that opens nothing says so at once, not after somebody has tested camera and line. */
async function tryLink() {
  const path = `/api/v1/sessions/${config.session}/sites/${config.site}/line-test?bytes=1`;
  try {
    const headers = {Authorization: `Bearer ${secret}`};
    const answer = await fetch(path, {headers, signal: AbortSignal.timeout(TRY_MS)});
    const {code} = answer.ok ? {code: ""} : (await answer.json()).error;
    if (code in DEAD_LINK) dead.value = code; // a server that is busy says nothing of the link either
  } catch (error) {
    console.warn(error); // a line that is slow or away says nothing of the link
  }
}

/** Until somebody joins, nothing else tells whether the server is there. */
async function watchServer() {
  for (let missed = 0; !joined.value && !dead.value;) {
    missed = (await isThere()) ? 0 : missed + 1;
    away.value = missed > 1;
    await new Promise((done) => setTimeout(done, missed ? AGAIN_MS : LOOK_MS));
  }
}

/** A proxy answers for a server that is away, too. */
async function isThere() {
  const signal = AbortSignal.timeout(LOOK_MS);
  return fetch(`/whip/${config.site}`, {method: "OPTIONS", signal}).then(({status}) => status < 500, () => false);
}

function enter() {
  wake();
  keep("sessionStorage", JOINED, "1");
  joined.value = true;
  connect("site", {token: secret});
  join(secret);
  renewWhen(nobodyIsNeeded);
  stayAwake();
}

function Page() {
  const link = DEAD_LINK[dead.value || (bye.value?.code ?? "")];
  if (config.over && !joined.value) return html`<${Over} />`;
  if (!secret) return html`<${DeadLink} why="link_cut" />`;
  if (link) return html`<${DeadLink} why=${link} />`;
  if (bye.value) return html`<${Bye} code=${bye.value.code} message=${bye.value.message} />`;
  if (!joined.value) return html`<${config.has_camera ? Beside : DeviceTest} token=${secret} away=${away.value} onJoin=${enter} />`;
  if (!view.value || !("me" in view.value)) {
    return html`<p class="waiting" role="status">${t(`connection.${connection.value}`)}</p>`;
  }
  return html`${!onAir() && html`<${Renewal} />`}<${Room} token=${secret} />`;
}

/** Its sound goes out, or its picture. */
function onAir() {
  const me = view.value && "me" in view.value ? view.value.me : undefined;
  return me !== undefined && (me.microphone_open || me.tally === "program");
}

/** Nobody here has to do anything when the page is loaded anew: not speak on, not share the screen
 * again, not allow the camera again. */
async function nobodyIsNeeded() {
  if (onAir() || isSharing()) return false;
  return config.has_camera || (await mayOpen());
}

/** The link was good for this session only. */
function Over() {
  return html`<${Stop} title=${t("public.is_over")} note=${t("site.over_note")}>
    <a class="button primary" href=${`/play/${config.session}`}>${t("public.play")}</a><//>`;
}

/** @param {{why: string}} props */
function DeadLink({why}) {
  const about = {site: config.site_name ?? "", session: config.session_title ?? ""};
  return html`<${Stop} title=${t(`site.${why}`)} note=${t(`site.${why}_note`, about)} />`;
}

/** The room is used elsewhere now, or this page is too old. @param {{code: string, message: string}} props */
function Bye({code, message}) {
  const here = code === "taken_over" ? "site.use_here" : "common.reload";
  return html`<${Stop} title=${message}>
    <button class="primary" onClick=${() => location.reload()} data-testid="reload">${t(here)}</button><//>`;
}

/** Nothing goes on from here, and what to do. @param {{title: string, note?: string, children?: any}} props */
function Stop({title, note, children}) {
  return html`<main class="stop panel" data-testid="stop"><p class="muted">${config.site_name} · ${config.session_title}</p>
    <h1>${title}</h1>${note && html`<p>${note}</p>`}<p class="stop-row">${children}<${Language} /></p></main>`;
}

// A renewed link that is pasted into this tab changes only what follows the #, and loads nothing by itself.
addEventListener("hashchange", () => location.reload());
const secret = token();
show(Page);
if (secret && !config.over) {
  watchPlugs();
  const again = kept("sessionStorage", JOINED);
  const tried = again ? undefined : tryLink();
  // Beside that, unless the browser would ask for a camera on behalf of a link that opens nothing.
  if (!config.has_camera && !(await mayOpen())) await tried;
  if (!config.has_camera && !dead.value) await open();
  await tried;
  if (dead.value) close();
  // A page that was reloaded takes its place again without being asked.
  if (again) enter();
  void watchServer();
}
