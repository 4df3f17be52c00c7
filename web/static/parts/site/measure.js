// What a line carries: an echo over the hearing's own port for loss and round trip, bytes over HTTP
// for the rate. Knows no document but the sound of an AudioContext.

import {iceServersOf} from "../../connection.js";

/** @import {LineTest} from "../../line_types.js" */

const CONNECT_MS = 6000;
const ECHO_MS = 4000;
const SIZES = [32_000, 128_000, 512_000, 2_000_000];
const TELLING_MS = 700; // a transfer that took so long has said how fast the line is
const GIVE_UP_MS = 6000;
const TRIES = 8;
const LONGEST_S = 10; // nobody watches a still page for a minute

/** Which part is under way. @typedef {"echo" | "down" | "up"} Step */

/**
 * Where to: `path` is the site's line-test address, `echo` its echo endpoint; `turn`: there are TURN servers.
 * @typedef {{path: string, echo: string, token: string, turn: boolean, signal: AbortSignal}} Place
 */

/** The server will not test now; `message` is its sentence. */
export class NotTested extends Error {}

/**
 * The whole test, some ten seconds. The echo is over before bytes fill the line.
 * @param {Place} place
 * @param {(step: Step) => void} onStep
 * @returns {Promise<LineTest>}
 * @throws {NotTested} and an AbortError
 */
export async function measure(place, onStep) {
  onStep("echo");
  const heard = await echo(place);
  onStep("down");
  const down_bps = await rateOf((size, signal) => download(place, size, signal), place.signal, heard.rtt_ms);
  onStep("up");
  const up_bps = await rateOf((size, signal) => upload(place, size, signal), place.signal, heard.rtt_ms);
  return {...heard, down_bps, up_bps};
}

/**
 * Larger and larger transfers, until one has told. @throws {NotTested}
 * @param {(size: number, signal: AbortSignal) => Promise<number>} transfer gives the bytes that went
 * @param {AbortSignal} signal @param {number | undefined} rttMs
 */
async function rateOf(transfer, signal, rttMs = 0) {
  let bps = 0;
  for (const size of SIZES) {
    const began = performance.now();
    const bytes = await transfer(size, AbortSignal.any([signal, AbortSignal.timeout(GIVE_UP_MS)]));
    signal.throwIfAborted();
    // The request's own round trip is no part of the rate.
    const ms = Math.max(1, performance.now() - began - (bytes === size ? rttMs : 0));
    bps = Math.round((bytes * 8000) / ms);
    if (ms > TELLING_MS) break;
  }
  return bps;
}

/** How much came before the end, or before time was up. @param {Place} place @param {number} size @param {AbortSignal} signal */
async function download(place, size, signal) {
  let bytes = 0;
  try {
    const answer = await ask(`${place.path}?bytes=${size}`, {headers: bearer(place)}, signal);
    const reader = answer.body?.getReader();
    for (;;) {
      const part = await reader?.read();
      if (!part?.value) return bytes;
      bytes += part.value.length;
    }
  } catch (error) {
    if (error instanceof NotTested) throw error;
    return bytes;
  }
}

/** All or nothing: nobody tells how much went. @param {Place} place @param {number} size @param {AbortSignal} signal */
async function upload(place, size, signal) {
  try {
    await ask(place.path, {method: "POST", headers: bearer(place), body: noise(size)}, signal);
    return size;
  } catch (error) {
    if (error instanceof NotTested) throw error;
    return 0;
  }
}

/** Bytes that nothing on the way makes smaller. @param {number} size */
function noise(size) {
  const block = crypto.getRandomValues(new Uint8Array(16_384));
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += block.length) bytes.set(block.subarray(0, size - at), at);
  return bytes;
}

/**
 * A fetch that waits its turn. @throws {NotTested}
 * @param {string} url @param {RequestInit} request @param {AbortSignal} signal
 */
async function ask(url, request, signal) {
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(url, {...request, signal, cache: "no-store"});
    if (answer.ok) return answer;
    const wait = Math.min(Number(answer.headers.get("Retry-After")), LONGEST_S);
    if (!wait || tries === TRIES) throw new NotTested(await sentence(answer));
    await pause(wait * 1000, signal);
  }
}

/** @param {Response} answer */
async function sentence(answer) {
  return (await answer.json().catch(() => undefined))?.error?.message ?? `HTTP ${answer.status}`;
}

/** @param {Place} place @returns {Record<string, string>} */
function bearer({token}) {
  return {Authorization: `Bearer ${token}`};
}

/** @param {number} ms @param {AbortSignal} signal */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, {once: true});
  });
}

/**
 * Sends a quiet tone that comes back, and reads what the line did to it. @throws {NotTested}
 * @param {Place} place
 * @returns {Promise<Pick<LineTest, "udp" | "rtt_ms" | "loss_up_percent" | "loss_down_percent">>}
 */
async function echo(place) {
  const tone = new AudioContext();
  const pc = new RTCPeerConnection({bundlePolicy: "max-bundle"});
  try {
    const stream = toneFrom(tone);
    pc.addTransceiver(stream.getAudioTracks()[0] ?? "audio", {direction: "sendrecv", streams: [stream]});
    if (place.turn) pc.setConfiguration({...pc.getConfiguration(), iceServers: await iceServers(place)});
    await pc.setLocalDescription();
    const headers = {...bearer(place), "Content-Type": "application/sdp"};
    const answer = await ask(place.echo, {method: "POST", headers, body: pc.localDescription?.sdp ?? ""}, place.signal);
    await pc.setRemoteDescription({type: "answer", sdp: await answer.text()});
    if (!(await connected(pc, place.signal))) return {udp: false};
    await pause(ECHO_MS, place.signal);
    return {udp: true, ...read(await pc.getStats())};
  } finally {
    pc.close(); // which the server hears, or finds out by the silence
    void tone.close();
  }
}

/** As whoever joins is told them: what a TURN server gets through counts. @throws {NotTested} @param {Place} place */
async function iceServers(place) {
  const told = await ask(place.echo, {method: "OPTIONS", headers: bearer(place)}, place.signal);
  return iceServersOf(told.headers.get("Link") ?? "");
}

/** Steady sound, so that no encoder falls silent; nobody hears it. @param {AudioContext} context */
function toneFrom(context) {
  const [source, out] = [context.createOscillator(), context.createMediaStreamDestination()];
  source.connect(out);
  source.start();
  return out.stream;
}

/** Whether it came to be. @param {RTCPeerConnection} pc @param {AbortSignal} signal */
async function connected(pc, signal) {
  const until = performance.now() + CONNECT_MS;
  while (pc.connectionState !== "connected" && performance.now() < until) await pause(50, signal);
  return pc.connectionState === "connected";
}

/** @param {RTCStatsReport} report */
export function read(report) {
  /** @type {Record<string, any>} */
  const by = {};
  report.forEach((entry) => {
    if (entry.type !== "candidate-pair" || entry.nominated) by[entry.type] = entry;
  });
  const {"outbound-rtp": out = {}, "remote-inbound-rtp": there = {}, "inbound-rtp": back = {}, "candidate-pair": pair = {}} = by;
  const rtt = there.totalRoundTripTime / there.roundTripTimeMeasurements || pair.currentRoundTripTime;
  return {
    rtt_ms: rtt === undefined ? undefined : Math.round(rtt * 1000),
    loss_up_percent: share(there.packetsLost, out.packetsSent),
    loss_down_percent: share(back.packetsLost, back.packetsReceived + back.packetsLost),
  };
}

/** In per cent, to a tenth; undefined where nothing was counted. @param {number} lost @param {number} all */
function share(lost, all) {
  return all > 0 && lost !== undefined ? Math.max(0, Math.round((lost * 1000) / all) / 10) : undefined;
}
