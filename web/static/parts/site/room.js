// The joined room: one clear state at a time, big enough for a projector.

import {html} from "htm/preact";
import {useState} from "preact/hooks";
import {read} from "../../clock.js";
import {showFigures} from "../../figures.js";
import {connection, now, siteView} from "../../state.js";
import {config, t} from "../../texts.js";
import {CaptionLine} from "../common/caption.js";
import {Reader} from "../common/reader.js";
import {Language} from "../common/head.js";
import {Said} from "../common/said.js";
import {useTicking} from "../common/ticking.js";
import {Asking} from "./asking.js";
import {Chat, NewMessage} from "./chat.js";
import {camera, held, hold, microphone, stream, wake} from "./devices.js";
import {again, refusal, returned, sending, watching} from "./line.js";
import {Listen} from "./listen.js";
import {Papers} from "./papers.js";
import {Meter, Video} from "./pieces.js";
import {AskedTest} from "./self_test.js";
import {OthersShare, Share} from "./share.js";
import {microphoneOf, saidOf, standingOf} from "./standing.js";
import {Formats, Trouble} from "./test.js";

/** @import {Floor} from "../../types.js" */

/** @param {{token: string}} props */
export function Room({token}) {
  const state = standingOf(siteView());
  const said = saidOf(siteView(), lost(), untold());
  const {me, session, floor} = siteView();
  const joins = state !== "out" && state !== "ended";
  return html`<main class="room" data-standing=${state} data-lost=${lost() || untold()} data-testid="room">
    <header class="room-bar">
      <div><h1>${me.name}</h1><p class="muted">${session.title}</p></div>
      ${joins && html`<${Line} />`}
      <${Language} kind="small plain" />
    </header>
    ${!config.has_camera && html`<${Trouble} device="camera" state=${camera.value} />
      <${Trouble} device="microphone" state=${microphone.value} />`}
    ${joins && html`<${LineTrouble} /><${Formats} />`}
    <${NewMessage} />
    <${TalkedTo} />
    ${state !== "out" && !config.has_camera && html`<${AskedTest} token=${token} />`}
    <div class="standing" role="status" data-testid="standing">
      <strong>${t(`site.standing_${said}`)}</strong><span>${t(`site.standing_${said}_note`, {language: me.booth?.name ?? ""})}</span>
    </div>
    ${state !== "out" && html`<div class="room-grid">
      <div class="return-column"><${ReturnFeed} /><${Listen} /><${Now} /><${Papers} /></div>
      <aside>
        ${floor?.site === me.site && html`<${OwnClock} turn=${floor} />`}
        <${Share} />
        ${session.phase !== "ended" && html`<${OwnMicrophone} /><${Asking} />`}
        <${Chat} />
      </aside>
    </div><${Reader} />`}
  </main>`;
}

/** The operator talks to this room alone. */
function TalkedTo() {
  if (!siteView().me.talked_to) return null;
  return html`<div class="notice talked-to" role="alert" data-testid="talked-to">
    <p><strong>${t("site.talked_to")}</strong> ${t("site.talked_to_note")}</p></div>`;
}

/** The hall's picture and sound; a browser may want a click before it plays sound. */
function ReturnFeed() {
  const [blocked, setBlocked] = useState(/** @type {HTMLVideoElement | undefined} */ (undefined));
  const play = () => {
    wake();
    void blocked?.play();
    setBlocked(undefined);
  };
  return html`<section class="return" aria-label=${t("site.return_feed")}>
    <${Video} stream=${returned.value} label=${t("site.return_feed")} testid="return-feed" onBlocked=${setBlocked} />
    ${watching.value !== "connected" && html`<p class="no-picture">${t("site.return_connecting")}</p>`}
    <${CaptionLine} caption=${siteView().caption} />
    <${Thin} />
    ${blocked && html`<button class="primary big unblock" data-testid="unblock" onClick=${play}>${t("site.unblock")}</button>`}
  </section>`;
}

/** Why the picture stands still, or is not there: the line has room for the sound alone. */
function Thin() {
  const {feed} = siteView().me;
  if (watching.value !== "connected" || (feed !== "stills" && feed !== "sound")) return null;
  return html`<p class="thin" role="status" data-testid="thin">${t(`site.feed_${feed}`)}</p>`;
}

/** Ticks past the component tree. @param {{turn: Floor}} props */
function OwnClock({turn}) {
  const [tone, setTone] = useState("running");
  const face = useTicking(200, (clock) => {
    const {text, tone} = read(turn, now());
    setTone(tone);
    clock.dataset["tone"] = tone;
    showFigures(clock, text);
  }, [turn]);
  return html`<section class="panel own-clock">
    <p>${t(`kind.${turn.kind}`)} · <strong>${turn.name}</strong></p>
    <p class="digits numbers" role="timer" aria-label=${t("site.own_clock")} ref=${face} data-testid="own-clock"></p>
    <${Said} text=${tone === "running" ? "" : t(`site.time_${tone}`)} />
  </section>`;
}

function OwnMicrophone() {
  const open = siteView().me.microphone_open;
  const language = siteView().me.booth?.name ?? "";
  const deaf = !config.has_camera && microphone.value !== "ok";
  const known = open && lost() ? "away" : open && deaf ? "deaf" : microphoneOf(siteView(), held.value);
  const key = untold() && !lost() && !held.value ? "unknown" : known;
  const title = html`<p role="status"><strong>${t(`site.microphone_${key}_title`, {language})}</strong></p>`;
  return html`<section class="panel own-microphone" data-state=${key} data-testid="own-microphone">
    ${config.has_camera ? title : html`<div class="own"><${Video} stream=${stream.value} muted label=${t("site.own_picture")} testid="own-picture" />
      <div>${title}<${Meter} label=${t("site.level")} /></div></div>`}
    <p class="hint">${t(`site.microphone_${key}_note`, {language})}</p>
    ${open && !config.has_camera && html`<button aria-pressed=${held.value} onClick=${() => hold(!held.value)} data-testid="hold">
      ${t(held.value ? "site.release" : "site.hold")}</button>`}
  </section>`;
}

function Now() {
  const {agenda, session, floor, me} = siteView();
  const item = agenda.find((one) => one.id === session.current_item);
  if (session.phase === "ended") return null;
  return html`<section class="panel now">
    <h2>${t(session.phase === "prepared" ? "site.first" : "site.now")}</h2>
    <p>${item ? item.title : t("site.no_item")}</p>
    ${floor && floor.site !== me.site && html`<p class="muted">${t(`kind.${floor.kind}`)}: <strong>${floor.name}</strong></p>`}
    <${OthersShare} />
  </section>`;
}

/** No picture and no sound of the room leaves: nobody is on air, whatever the page was told last. */
function lost() {
  return sending.value !== "connected" && sending.value !== "connecting";
}

/** What the page was told last may be so no more. */
function untold() {
  return connection.value !== "open";
}

/** In one word, top right. */
function Line() {
  const ok = !untold() && sending.value === "connected";
  return html`<span class=${`badge line ${ok ? "ok" : "off"}`} role="status" data-testid="line">
    ${t(ok ? "site.line_ok" : "site.line_lost")}</span>`;
}

function LineTrouble() {
  if (sending.value === "refused") {
    return html`<div class="notice bad" role="alert" data-testid="refused"><p>${refusal.value}</p>
      <p><button onClick=${again}>${t("common.retry")}</button></p></div>`;
  }
  if (!untold() && !lost()) return null;
  return html`<div class="notice warn" role="alert" data-testid="line-lost"><p>${refusal.value || t("site.line_lost_note")}</p></div>`;
}
