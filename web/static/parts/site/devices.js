// The room's camera and microphone: what there is, what is chosen, what is wrong, how loud it is.

import {batch, signal} from "@preact/signals";
import {keep, kept} from "../../kept.js";
import {config} from "../../texts.js";

/** @import {Device} from "../../types.js" */

/** What is sent. Its sound is a track of its own, so that it can be held back while the meter of
 * the room goes on. @type {import("@preact/signals").Signal<MediaStream | undefined>} */
export const stream = signal(undefined);
/** @type {import("@preact/signals").Signal<Device>} */
export const camera = signal(/** @type {Device} */ ("none"));
/** @type {import("@preact/signals").Signal<Device>} */
export const microphone = signal(/** @type {Device} */ ("none"));
/** Another program has the device. */
export const busy = signal(false);
/** @type {import("@preact/signals").Signal<MediaDeviceInfo[]>} */
export const list = signal(/** @type {MediaDeviceInfo[]} */ ([]));
/** Asking the browser, which may be asking the person. */
export const asking = signal(false);
/** The room holds its own microphone back, say to cough. */
export const held = signal(false);

const SPEECH = {echoCancellation: true, noiseSuppression: true, autoGainControl: true};
const PICTURE = {width: {ideal: 1280}, height: {ideal: 720}, frameRate: {ideal: 25}};

/** @type {Record<"video" | "audio", string | undefined>} */
const chosen = {video: undefined, audio: undefined};
/** What somebody chose here for this site. Where that is gone another will do. */
const CHOICE = `diemcau.devices.${config.site}`;

/** @type {MediaStreamTrack | undefined} */
let picture;
/** @type {MediaStreamTrack | undefined} */
let sound;
/** @type {AnalyserNode | undefined} */
let analyser;
/** @type {MediaStreamAudioSourceNode | undefined} */
let heard;
/** @type {AudioContext | undefined} */
let context;
/** Nothing is opened any more. */
let closed = false;
const samples = new Float32Array(1024);

/** Opens what there is, each for itself: a room without a camera can still be heard. */
export async function open() {
  asking.value = true;
  try {
    await recall();
    const both = await tried({video: wish("video"), audio: wish("audio")});
    if (both instanceof MediaStream) take(both, ["video", "audio"]);
    else for (const kind of /** @type {const} */ (["audio", "video"])) await openOne(kind);
    await look();
  } finally {
    asking.value = false;
  }
}

/** What there is to choose from. */
async function look() {
  list.value = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.deviceId);
}

/** Whether they open without anybody being asked. */
export async function mayOpen() {
  const names = /** @type {PermissionName[]} */ (/** @type {unknown} */ (["camera", "microphone"]));
  try {
    const told = await Promise.all(names.map((name) => navigator.permissions.query({name})));
    return told.every(({state}) => state !== "prompt");
  } catch {
    return false; // a browser that does not tell
  }
}

/** Lets go of them, for good. */
export function close() {
  closed = true;
  for (const track of [picture, sound, ...(stream.value?.getTracks() ?? [])]) track?.stop();
  stream.value = undefined;
}

/** @param {"video" | "audio"} kind */
async function openOne(kind) {
  await recall();
  const got = await tried({[kind]: wish(kind)});
  if (got instanceof MediaStream) take(got, [kind]);
  else fail(kind, got);
}

/** @param {"video" | "audio"} kind @returns {MediaTrackConstraints} */
function wish(kind) {
  const device = chosen[kind] ? {deviceId: {exact: chosen[kind]}} : {};
  return {...(kind === "video" ? PICTURE : SPEECH), ...device};
}

/** @returns {{video?: string, audio?: string}} */
function choice() {
  return JSON.parse(kept("localStorage", CHOICE) ?? "{}");
}

/** By name, where it is there: of one that is only wished for Chromium takes no notice. */
async function recall() {
  const there = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  for (const kind of /** @type {const} */ (["audio", "video"])) {
    const wished = choice()[kind];
    if (wished && there.some(({deviceId}) => deviceId === wished)) chosen[kind] ??= wished;
  }
}

/** @param {MediaStreamConstraints} constraints @returns {Promise<MediaStream | DOMException>} */
async function tried(constraints) {
  if (!navigator.mediaDevices) return new DOMException("", "SecurityError");
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    if (error instanceof DOMException) return error;
    throw error;
  }
}

/** @param {"video" | "audio"} kind @param {DOMException} error */
function fail(kind, error) {
  const denied = ["NotAllowedError", "SecurityError"].includes(error.name);
  batch(() => {
    busy.value = ["NotReadableError", "AbortError"].includes(error.name);
    state(kind).value = denied ? "denied" : busy.value ? "lost" : "none";
  });
}

/** @param {"video" | "audio"} kind */
function state(kind) {
  return kind === "video" ? camera : microphone;
}

/** @param {MediaStream} got @param {("video" | "audio")[]} kinds */
function take(got, kinds) {
  if (closed) return got.getTracks().forEach((track) => track.stop()); // somebody was asked meanwhile
  for (const kind of kinds) {
    const track = got.getTracks().find((one) => one.kind === kind);
    if (!track) continue;
    track.onended = () => lost(kind, track);
    chosen[kind] = track.getSettings().deviceId;
    if (kind === "video") {
      picture?.stop();
      picture = track;
      picture.contentHint = "motion";
    } else {
      sound?.stop();
      sound = track;
      listen(track);
    }
    state(kind).value = "ok";
  }
  busy.value = false;
  renew();
}

/** @param {"video" | "audio"} kind @param {MediaStreamTrack} track */
function lost(kind, track) {
  if (track !== picture && track !== sound) return;
  state(kind).value = "lost";
  chosen[kind] = undefined; // whatever is plugged in next will do
}

function renew() {
  for (const track of stream.value?.getAudioTracks() ?? []) track.stop();
  const tracks = [];
  if (picture?.readyState === "live") tracks.push(picture);
  if (sound?.readyState === "live") tracks.push(sound.clone());
  stream.value = new MediaStream(tracks);
  hold(held.value);
}

/** @param {boolean} on */
export function hold(on) {
  held.value = on;
  for (const track of stream.value?.getAudioTracks() ?? []) track.enabled = !on;
}

/** @param {"video" | "audio"} kind @param {string} deviceId */
export async function choose(kind, deviceId) {
  chosen[kind] = deviceId;
  keep("localStorage", CHOICE, JSON.stringify({...choice(), [kind]: deviceId}));
  await openOne(kind);
}

/** The one in use. @param {"video" | "audio"} kind */
export function inUse(kind) {
  return chosen[kind];
}

/** Comes back by itself when something is plugged in, which can also be chosen from now on. */
export function watchPlugs() {
  navigator.mediaDevices?.addEventListener("devicechange", () => {
    if (asking.value || closed) return;
    for (const kind of /** @type {const} */ (["audio", "video"])) {
      if (state(kind).value === "lost" || state(kind).value === "none") void openOne(kind);
    }
    void look();
  });
}

/** @param {MediaStreamTrack} track */
function listen(track) {
  context ??= new AudioContext();
  heard?.disconnect(); // the microphone before
  analyser = context.createAnalyser();
  analyser.fftSize = samples.length;
  heard = context.createMediaStreamSource(new MediaStream([track]));
  heard.connect(analyser);
}

/** After a click: a browser keeps sound asleep until then. */
export function wake() {
  void context?.resume();
}

/** How loud the room is now, dBFS (peak); -96 is silence. */
export function level() {
  if (!analyser || microphone.value !== "ok") return -96;
  analyser.getFloatTimeDomainData(samples);
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return Math.max(-96, 20 * Math.log10(peak || 1e-9));
}

/** Two friendly tones in the loudspeaker. */
export async function playTestTone() {
  context ??= new AudioContext();
  await context.resume();
  for (const [index, hz] of [523.25, 659.25].entries()) {
    const [tone, gain] = [context.createOscillator(), context.createGain()];
    const start = context.currentTime + index * 0.45;
    tone.frequency.value = hz;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(0.3, start + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.001, start + 0.4);
    tone.connect(gain).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.45);
  }
}
