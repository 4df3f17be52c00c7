// WHIP out and WHEP in: what is sent of a room, of a screen, of an operator's voice, and what is played.

import {Connection} from "./connection.js";
import {LEAST, WHOLE, fitted, isSmall, stepOf, withSound} from "./fitting.js";

/** @import {OnState} from "./connection.js" */
/** @import {Fit} from "./fitting.js" */
/** @import {QualityWish} from "./line_types.js" */

const SETTLE_MS = 3000;
const HURRY_MS = 250;
const LOOK_MS = 1000;
const LEARN_MS = 8000; // so often a line that carries little is asked whether it carries more by now
const LOSSY = 0.02; // of the sound's packets
// What sound takes from its packet to the loudspeaker, at least. Chromium lets pictures wait for it only step by step.
// It stays: adjusted by the browser's own figures, both it and Chromium's delay of sound drove each other up to 0.2 s.
const SOUND_MS = 70;
const LOSSY_MS = 30_000; // so long a line counts as lossy after it was

/** Sends a picture, as large as the control room wishes. */
class PicturePublisher extends Connection {
  /** @protected @type {RTCRtpSender | undefined} */
  video;
  /** @type {QualityWish | undefined} */
  #quality;

  /** @override */
  connected() {
    void this.apply();
  }

  /** How much to send. @param {QualityWish} wish */
  async setQuality(wish) {
    this.#quality = wish;
    await this.apply();
  }

  /** Whether there was something to apply. @protected @returns {Promise<boolean>} */
  async apply() {
    const wish = this.#quality;
    if (!wish || this.pc?.connectionState !== "connected") return false;
    const fit = this.fit(wish);
    const height = this.video?.track?.getSettings().height ?? fit.height;
    await change(this.video, {
      maxBitrate: fit.max_bitrate_bps,
      maxFramerate: fit.fps,
      scaleResolutionDownBy: Math.max(1, height / fit.height),
      priority: "low",
    }, fit.yields);
    return true;
  }

  /** What of a wish is sent now. @protected @param {QualityWish} wish @returns {Fit} */
  fit(wish) {
    return {...wish, yields: "maintain-resolution"};
  }
}

/** Sends a camera and a microphone. */
export class WhipPublisher extends PicturePublisher {
  /** @type {MediaStream} */
  #stream;
  /** @type {RTCRtpSender | undefined} */
  #audio;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;
  /** @type {RTCPeerConnection | undefined} */
  #watched;
  #step = LEAST;
  #learning = true;
  #since = 0; // the last change of what is wished
  #onceFrom = 0; // when sound need not be sent twice

  /** @param {string} url @param {{token?: string, stream: MediaStream, onState?: OnState, turn?: boolean}} options */
  constructor(url, {token, stream, onState, turn}) {
    super(url, {token, onState, turn});
    this.#stream = stream;
  }

  start() {
    this.open();
  }

  /** @override @param {RTCPeerConnection} pc */
  async prepare(pc) {
    const stream = this.#stream;
    const [audio] = stream.getAudioTracks();
    const [video] = stream.getVideoTracks();
    /** @type {RTCRtpTransceiverInit} */
    const options = {direction: "sendonly", streams: [stream]};
    // Both are always offered: a camera that is plugged in later needs no new negotiation.
    this.#audio = pc.addTransceiver(audio ?? "audio", options).sender;
    const transceiver = pc.addTransceiver(video ?? "video", options);
    this.video = transceiver.sender;
    preferUsable(transceiver);
  }

  /** Browsers send sound again for whoever asks, but do not say so. @override @param {string} sdp */
  offered(sdp) {
    return sdp.replace(/^a=rtpmap:(\d+) opus\/.*\r\n/m, "$&a=rtcp-fb:$1 nack\r\n");
  }

  /** @override */
  connected() {
    this.#since = performance.now();
    const pc = this.pc;
    const anew = pc !== this.#watched;
    if (anew) {
      this.#step = LEAST;
      this.#learning = true;
      this.#onceFrom = this.#since + SETTLE_MS;
    }
    super.connected();
    this.#watched = pc;
    if (pc && anew) void this.#watchLine(pc);
  }

  /** @override @param {QualityWish} wish */
  async setQuality(wish) {
    this.#since = performance.now();
    await super.setQuality(wish);
  }

  /** @protected @override @param {QualityWish} wish */
  fit(wish) {
    return fitted(wish, this.#step, this.#learning);
  }

  /** Gives the line as much as it is found to carry. @param {RTCPeerConnection} pc */
  async #watchLine(pc) {
    const began = performance.now();
    let [says, learned] = [false, began];
    while (pc === this.pc) {
      const {carriedBps, loss} = await this.stats();
      const now = performance.now();
      const settled = now - began > SETTLE_MS;
      says ||= carriedBps !== undefined;
      // Firefox never says what it believes, and is given all, as ever.
      const step = stepOf(carriedBps ?? (settled && !says ? Infinity : undefined), this.#step);
      const learning = step !== WHOLE && (!settled || now - learned > LEARN_MS);
      if (learning) learned = now;
      if (step !== this.#step || learning !== this.#learning) {
        this.#step = step;
        this.#learning = learning;
        await this.apply();
      }
      if (loss > LOSSY) this.#onceFrom = now + LOSSY_MS;
      await sendTwice(pc, !isSmall(step) || now < this.#onceFrom);
      const hurry = step !== WHOLE && now - this.#since < SETTLE_MS;
      await new Promise((resolve) => setTimeout(resolve, hurry ? HURRY_MS : LOOK_MS));
    }
  }

  /**
   * Another camera or microphone, or none, without a new connection.
   * @param {MediaStream} stream
   */
  async setStream(stream) {
    this.#stream = stream;
    await this.#audio?.replaceTrack(stream.getAudioTracks()[0] ?? null);
    await this.video?.replaceTrack(stream.getVideoTracks()[0] ?? null);
    await this.apply();
  }

  /** @protected @override */
  async apply() {
    if (!await super.apply()) return false;
    await change(this.#audio, {priority: "high", networkPriority: "high"});
    // Chromium knows within a second what a line carries, but would take over eight to trust it
    // with the larger picture; after that it may choose by itself again.
    clearTimeout(this.#settling);
    if (!isSmall(this.#step)) this.#settling = setTimeout(() => void change(this.video, {}, "balanced"), SETTLE_MS);
    return true;
  }
}

/**
 * Sound that is sent twice takes a quarter of a thin line, for nothing where it loses nothing. The server takes both.
 * @param {RTCPeerConnection} pc @param {boolean} twice
 */
async function sendTwice(pc, twice) {
  const before = pc.remoteDescription?.sdp;
  if (!before || pc.connectionState !== "connected" || pc.signalingState !== "stable") return;
  const sdp = withSound(before, twice);
  if (sdp === before) return;
  try {
    await pc.setLocalDescription();
    await pc.setRemoteDescription({type: "answer", sdp});
  } catch (error) {
    // It was closed, or restarted by another way, meanwhile: the next look sees to it.
    if (!(error instanceof DOMException)) throw error;
  }
}

/** What the server takes, the best first. Without RTX a browser would number what it tries a line with as it numbers
 * the picture, and never send that again: what is lost of it would tear the picture. Browsers refuse to prefer what they
 * cannot receive as well (W3C WebRTC, `setCodecPreferences`), such as a format that a machine's encoder alone knows.
 * @param {RTCRtpTransceiver} transceiver */
function preferUsable(transceiver) {
  const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const usable = ["video/H264", "video/VP8", "video/rtx"].flatMap((name) =>
    codecs.filter((codec) => codec.mimeType === name));
  if (usable.length) transceiver.setCodecPreferences(usable);
}

/** The last change of each sender that was begun. @type {WeakMap<RTCRtpSender, Promise<void>>} */
const changes = new WeakMap();

/**
 * One change after another: what a sender was asked for while it takes the one before would be refused.
 * @param {RTCRtpSender | undefined} sender @param {Partial<RTCRtpEncodingParameters>} wish
 * @param {RTCDegradationPreference} [yields] what of a picture stays when the line is thin
 */
async function change(sender, wish, yields) {
  if (!sender?.track) return;
  const begin = () => changeNow(sender, wish, yields);
  const turn = (changes.get(sender) ?? Promise.resolve()).then(begin, begin);
  changes.set(sender, turn);
  await turn;
}

/**
 * @param {RTCRtpSender} sender @param {Partial<RTCRtpEncodingParameters>} wish
 * @param {RTCDegradationPreference} [yields]
 */
async function changeNow(sender, wish, yields) {
  const parameters = sender.getParameters();
  if (yields) parameters.degradationPreference = yields;
  for (const encoding of parameters.encodings ?? []) Object.assign(encoding, wish);
  try {
    await sender.setParameters(parameters);
  } catch (error) {
    // The connection was replaced meanwhile: the next one is told when it is there.
    if (!(error instanceof DOMException)) throw error;
  }
}

/** Sends what is shared of a screen: the picture alone, whose letters matter more than its motion. */
export class ScreenPublisher extends PicturePublisher {
  #track;

  /** @param {string} url @param {{token?: string, track: MediaStreamTrack, onState?: OnState, turn?: boolean}} options */
  constructor(url, {token, track, onState, turn}) {
    super(url, {token, onState, turn});
    this.#track = track;
  }

  /** @override @param {RTCPeerConnection} pc */
  prepare(pc) {
    const transceiver = pc.addTransceiver(this.#track, {direction: "sendonly"});
    this.video = transceiver.sender;
    preferUsable(transceiver);
  }
}

/** Sends a voice alone, for as long as somebody holds a button: a connection that breaks stays away. */
export class TalkPublisher extends Connection {
  #voice;

  /** @param {string} url @param {{voice: MediaStream, onState: OnState}} options */
  constructor(url, {voice, onState}) {
    super(url, {onState: (state, detail) => {
      onState(state, detail);
      if (state === "lost") this.stop();
    }});
    this.#voice = voice;
  }

  /** @override @param {RTCPeerConnection} pc */
  prepare(pc) {
    const [track] = this.#voice.getAudioTracks();
    pc.addTransceiver(track ?? "audio", {direction: "sendonly", streams: [this.#voice]});
  }
}

/** Plays a feed of the program. */
export class WhepPlayer extends Connection {
  #media = new MediaStream();
  #language = "";
  #heard = ""; // as the server has it
  #telling = false;
  /** @type {(value?: unknown) => void} */
  #begun = () => undefined;

  /** @param {string} url @param {{token?: string, onState?: OnState, turn?: boolean}} [options] */
  constructor(url, {token, onState, turn} = {}) {
    super(url, {token, onState, turn});
  }

  /** Which interpreter is heard from now on, on the same connection; "" for the room as it is. @param {string} language */
  listen(language) {
    this.#language = language;
    void this.#tellLanguage();
  }

  /** @override @param {string} url */
  offeredTo(url) {
    this.#heard = this.#language;
    return this.#language ? `${url}?language=${encodeURIComponent(this.#language)}` : url;
  }

  /** @override */
  connected() {
    void this.#tellLanguage();
  }

  /** Until it has arrived, or the connection is another, which was offered with it. */
  async #tellLanguage() {
    if (this.#telling) return;
    this.#telling = true;
    while (this.pc?.connectionState === "connected" && this.#heard !== this.#language) {
      const language = this.#language;
      try {
        await this.put("language", {language});
        this.#heard = language;
      } catch (error) {
        console.warn(error);
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    }
    this.#telling = false;
  }

  /** @returns {Promise<MediaStream>} one stream for ever: its tracks change at a reconnection. Not before there is one:
   * an `<audio>` that was given none stays mute in Chromium. */
  async start() {
    this.open();
    if (!this.#media.getTracks().length) await new Promise((begun) => { this.#begun = begun; });
    return this.#media;
  }

  /** @override @param {RTCPeerConnection} pc */
  prepare(pc) {
    pc.addTransceiver("audio", {direction: "recvonly"});
    pc.addTransceiver("video", {direction: "recvonly"}).receiver.jitterBufferTarget = SOUND_MS;
    pc.ontrack = ({track}) => {
      if (pc !== this.pc) return;
      for (const old of this.#media.getTracks()) {
        if (old.kind === track.kind) this.#media.removeTrack(old);
      }
      this.#media.addTrack(track);
      this.#begun();
    };
  }
}
