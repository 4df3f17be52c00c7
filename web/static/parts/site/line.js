// The room's two connections: what it sends and what comes back.

import {computed, effect, signal} from "@preact/signals";
import {WhepPlayer, WhipPublisher} from "../../rtc.js";
import {bye, quality, report, restarts, view} from "../../state.js";
import {config} from "../../texts.js";
import {camera, close, microphone, stream} from "./devices.js";
import {lineTested} from "./line_test.js";
import {language} from "./listen.js";
import {selfTested} from "./self_test.js";
import {drop, mayShare} from "./share.js";

/** @import {RtcState} from "../../connection.js" */

/** @type {import("@preact/signals").Signal<RtcState>} */
export const sending = signal(/** @type {RtcState} */ ("closed"));
/** Why the server will not have us, or not yet. */
export const refusal = signal("");
/** @type {import("@preact/signals").Signal<RtcState>} */
export const watching = signal(/** @type {RtcState} */ ("closed"));
/** @type {import("@preact/signals").Signal<MediaStream | undefined>} */
export const returned = signal(undefined);
/** @type {import("@preact/signals").Signal<number | undefined>} */
export const rttMs = signal(undefined);

const REPORT_MS = 2000;

/** @type {WhipPublisher | undefined} */
let publisher;

/** Joins for good. @param {string} token */
export function join(token) {
  if (config.has_camera) effect(() => { sending.value = watching.value; }); // what comes back tells of the line
  else publish(token);
  mayShare(token);
  const player = new WhepPlayer(`/whep/${config.session}/${config.site}`, {
    token,
    turn: config.turn,
    onState: (state) => (watching.value = state),
  });
  effect(() => player.listen(language.value));
  void player.start().then((media) => (returned.value = media));
  const putOut = computed(() => Boolean(view.value && "me" in view.value && view.value.me.put_out));
  effect(() => {
    if (putOut.value) leave(player);
    else if (outside) void comeIn(player);
  });
  effect(() => {
    if (bye.value) quit(player);
  });
  effect(() => {
    if (!restarts.value) return;
    publisher?.renew();
    player.renew();
  });
  effect(() => {
    if (stream.value) void publisher?.setStream(stream.value);
  });
  effect(() => {
    if (quality.value) void publisher?.setQuality(quality.value);
  });
  effect(() => void tell(camera.value, microphone.value));
  setInterval(() => tell(camera.peek(), microphone.peek()), REPORT_MS);
}

/** @param {string} token */
function publish(token) {
  publisher = new WhipPublisher(`/whip/${config.site}`, {
    token,
    turn: config.turn,
    stream: stream.value ?? new MediaStream(),
    onState(state, detail) {
      if (state === "connecting" && sending.value === "lost") return; // what comes of it is news
      sending.value = state;
      refusal.value = detail;
    },
  });
  publisher.start();
}

let outside = false;

/** The room was closed, and this site is not in it. @param {WhepPlayer} player */
function leave(player) {
  outside = true;
  publisher?.stop();
  player.stop();
  returned.value = undefined;
}

/** @param {WhepPlayer} player */
async function comeIn(player) {
  outside = false;
  publisher?.start();
  returned.value = await player.start();
}

/** The server will not have this page back, which says so and shows nothing else: nobody would know that
 * camera and microphone were still on air, and the site's newer page has its seat. @param {WhepPlayer} player */
function quit(player) {
  publisher?.stop();
  player.stop();
  drop();
  close();
}

/** Sends again after a refusal. */
export function again() {
  publisher?.start();
}

/**
 * @param {import("../../types.js").Device} cameraState
 * @param {import("../../types.js").Device} microphoneState
 */
async function tell(cameraState, microphoneState) {
  const stats = await publisher?.stats();
  rttMs.value = stats?.rttMs;
  report({
    camera: cameraState,
    microphone: microphoneState,
    ...lineTested(),
    self_test: selfTested.peek(),
    ...(stats?.rttMs === undefined ? {} : {rtt_ms: Math.round(stats.rttMs)}),
    ...(stats ? {sent_bps: Math.round(stats.sentBps), lost_packets: stats.lostPackets} : {}),
  });
}
