// Sharing this computer's screen, when the control room allows it: one button, and what is sent now.

import {effect, signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect} from "preact/hooks";
import {ScreenPublisher} from "../../rtc.js";
import {give, restarts, screenQuality, siteView} from "../../state.js";
import {config, t} from "../../texts.js";
import {wordsOf} from "../common/ask.js";
import {Icon} from "../common/icons.js";
import {Video} from "./pieces.js";

// Letters need every dot and few pictures; the room's sound is its microphone's, as before.
const WISH = {video: {width: {max: 1920}, height: {max: 1080}, frameRate: {max: 10}}, audio: false};

/** What is shared from this page. @type {import("@preact/signals").Signal<MediaStream | undefined>} */
const shared = signal(undefined);
const trouble = signal("");
let starting = false;
/** The server has said that we share. */
let known = false;
/** @type {ScreenPublisher | undefined} */
let publisher;
let secret = "";

/** From this page. */
export function isSharing() {
  return shared.value !== undefined;
}

/** @param {string} token of the site's link */
export function mayShare(token) {
  secret = token;
  effect(() => {
    if (restarts.value) publisher?.renew();
  });
  effect(() => {
    if (screenQuality.value) void publisher?.setQuality(screenQuality.value);
  });
}

async function start() {
  trouble.value = "";
  const stream = await chosen();
  const [track] = stream?.getVideoTracks() ?? [];
  if (!stream || !track) return;
  track.contentHint = "detail";
  track.onended = () => void stop(); // by the browser's own button
  starting = true;
  try {
    await give({type: "share_screen", site: config.site});
  } catch (error) {
    trouble.value = wordsOf(error);
    track.stop();
    return;
  } finally {
    starting = false;
  }
  shared.value = stream;
  publisher = new ScreenPublisher(`/whip/${config.site}/screen`, {
    token: secret,
    turn: config.turn,
    track,
    onState(state, detail) {
      if (state === "refused") {
        trouble.value = detail;
        void stop();
      }
    },
  });
  const wish = screenQuality.peek();
  if (wish) void publisher.setQuality(wish);
  publisher.open();
}

/** The browser asks which window, and somebody may think better of it. */
async function chosen() {
  try {
    return await navigator.mediaDevices.getDisplayMedia(WISH);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (error.name !== "NotAllowedError") trouble.value = t("screen.cannot");
    return undefined;
  }
}

/** Shares nothing any more; the server is not told. */
export function drop() {
  publisher?.stop();
  for (const track of shared.value?.getTracks() ?? []) track.stop();
  publisher = shared.value = undefined;
  known = false;
}

async function stop() {
  drop();
  try {
    await give({type: "stop_screen", site: config.site});
  } catch (error) {
    trouble.value = wordsOf(error);
  }
}

/** Nothing while it is not allowed. */
export function Share() {
  const {me} = siteView();
  const sends = Boolean(shared.value);
  useEffect(() => {
    const does = Boolean(shared.peek()); // an effect comes late: it may have begun meanwhile
    if (me.screen === "shared") known = does;
    else if (does && known) drop();
    if (me.screen === "shared" && !does && !starting) void stop(); // of before this page was loaded anew
  }, [me.screen, sends]);
  if (me.screen === "none") return trouble.value ? html`<${Trouble} />` : null;
  const onAir = siteView().screens.some((one) => one.site === me.site && one.tally === "program");
  return html`<section class="panel share" data-on-air=${onAir} data-testid="share">
    ${sends ? html`<p role="status" data-testid="share-state"><strong>${t(onAir ? "screen.yours_on_air" : "screen.yours_shared")}</strong>
        <span>${t(onAir ? "screen.yours_on_air_note" : "screen.yours_shared_note")}</span></p>
      <${Video} stream=${shared.value} muted label=${t("screen.yours")} testid="share-picture" />
      <button type="button" class="big" onClick=${stop} data-testid="share-stop"><${Icon} name="stop" />${t("screen.stop")}</button>`
    : html`<button type="button" class="primary big" onClick=${start} data-testid="share-start"><${Icon} name="screen" />${t("screen.share")}</button>
      <p class="hint">${t("mediaDevices" in navigator && "getDisplayMedia" in navigator.mediaDevices ? "screen.share_note" : "screen.no_such_thing")}</p>`}
    <${Trouble} /></section>`;
}

function Trouble() {
  return trouble.value ? html`<p class="error" role="alert">${trouble.value}</p>` : null;
}

/** Who else shows something to all. */
export function OthersShare() {
  const {screens, me} = siteView();
  const others = screens.filter((one) => one.site !== me.site && one.tally === "program");
  return others.map((one) => html`<p key=${one.site} class="muted" role="status" data-testid="others-share">
    <${Icon} name="screen" /> ${t("screen.on_air_of", {site: one.name})}</p>`);
}
