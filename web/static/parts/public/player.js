// A video fed by HLS: hls.js where there is Media Source, the browser's own player elsewhere.
// hls.js is four times as large as all the rest of a page: it is fetched once something plays.

import {effect} from "@preact/signals";
import {silenced} from "./silenced.js";

const WORKER = new URL("../../vendor/hls.worker.js", import.meta.url).href;
const RETRY_MS = 2000;
const STUCK_MS = 10_000;

/** @typedef {{code: string, name: string}} Heard */
/** @typedef {{startS?: number, onState?: (state: "waiting" | "playing") => void,
 *   onHeights?: (heights: number[]) => void, language?: string, onLanguages?: (languages: Heard[]) => void}} Options
 *   `startS`: from where, in seconds; without it, a live list plays at its end.
 *   `onHeights`: hears which pictures there are to choose from, in lines.
 *   `language`: what to hear instead of the room as it is, by its code; `onLanguages`: hears which there are */
/** @typedef {ReturnType<typeof attachNative>} Player */

/**
 * Plays until `close`; what is not there yet, or went away, is asked for again for ever.
 * @param {HTMLMediaElement} video
 * @param {string} url
 * @param {Options} [options]
 * @returns {Player}
 */
export function attach(video, url, options = {}) {
  if (!("MediaSource" in globalThis || "ManagedMediaSource" in globalThis)) return attachNative(video, url, options);
  /** @type {Player | undefined} */
  let player;
  let closed = false;
  void library(() => closed).then((Hls) => {
    if (Hls && !closed) player = Hls.isSupported() ? attachHls(Hls, video, url, options) : attachNative(video, url, options);
  });
  return {
    close() {
      closed = true;
      player?.close();
    },
    liveS: () => player?.liveS() ?? video.duration,
    choose: (height) => player?.choose(height),
  };
}

/** Whenever the line lets it through. @param {() => boolean} stopped
 * @returns {Promise<typeof import("hls.js").default | undefined>} */
async function library(stopped) {
  const address = import.meta.resolve("hls.js");
  for (let times = 0; !stopped(); times++) {
    try {
      // What came to nothing a browser may remember, by its address.
      return (times ? await import(`${address}?${times}`) : await import("hls.js")).default;
    } catch {
      await new Promise((later) => setTimeout(later, RETRY_MS));
    }
  }
  return undefined;
}

/**
 * @param {typeof import("hls.js").default} Hls
 * @param {HTMLMediaElement} video
 * @param {string} url
 * @param {Options} options
 * @returns {Player}
 */
function attachHls(Hls, video, url, {startS, onState, onHeights, language, onLanguages}) {
  const hls = new Hls({
    ...(language ? {fLoader: silenced(Hls.DefaultConfig.loader), audioPreference: {lang: language}} : {}),
    workerPath: WORKER,
    startPosition: startS === undefined ? -1 : video.currentTime || startS, // somebody may have chosen meanwhile
    backBufferLength: 60,
    liveDurationInfinity: false,
    capLevelToPlayerSize: true, // what nobody can see need not be fetched
    maxLiveSyncPlaybackRate: 1.05, // after a wait it comes nearer again, unheard
  });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const again = () => {
    clearTimeout(timer);
    onState?.("waiting");
    if (startS !== undefined && video.currentTime) hls.config.startPosition = video.currentTime;
    timer = setTimeout(() => hls.loadSource(url), RETRY_MS);
  };
  const over = new AbortController();
  const goOn = asWanted(video, over.signal);
  // At a fatal error hls.js loads nothing more. Its own recovery takes up the segments again but not the
  // playlist: a live picture would stand still once it had played all that it knew of.
  const recover = () => {
    const at = video.currentTime || startS || -1;
    hls.recoverMediaError();
    hls.startLoad(at);
    goOn();
  };
  hls.on(Hls.Events.ERROR, (_, problem) => {
    if (!problem.fatal) return;
    if (problem.type === Hls.ErrorTypes.MEDIA_ERROR) recover();
    else again();
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    onHeights?.(hls.levels.map(({height}) => height));
    onLanguages?.(hls.allAudioTracks.slice(1).map(({lang, name}) => ({code: lang ?? "", name})));
    goOn();
  });
  hls.on(Hls.Events.FRAG_BUFFERED, () => onState?.("playing"));
  hls.loadSource(url);
  hls.attachMedia(video);
  const forget = watch(video, (times) => {
    // First what a viewer would do; then the decoder anew.
    if (times % 2 === 0) return recover();
    if (startS === undefined && hls.liveSyncPosition) video.currentTime = hls.liveSyncPosition;
    hls.startLoad();
  });
  return {
    close() {
      clearTimeout(timer);
      forget();
      over.abort();
      hls.destroy();
    },
    liveS: () => hls.liveSyncPosition ?? video.duration,
    choose(height) {
      hls.nextLevel = height ? hls.levels.findIndex((level) => level.height === height) : -1;
    },
  };
}

/**
 * Whoever should see a picture that moves, and does not, is helped: nobody at home would think of more
 * than waiting.
 * @param {HTMLMediaElement} video
 * @param {(times: number) => void} onStuck how often on end, from 1
 */
function watch(video, onStuck) {
  let [at, since, times] = [-1, 0, 0];
  const timer = setInterval(() => {
    const now = performance.now();
    if (video.paused || video.ended || video.currentTime !== at) {
      if (!video.paused && at >= 0) times = 0;
      [at, since] = [video.currentTime, now];
    } else if (now - since > STUCK_MS) {
      times += 1;
      since = now;
      onStuck(times);
    }
  }, 1000);
  return () => clearInterval(timer);
}

/**
 * Plays on where somebody wants it to play: when the source is taken anew a player pauses, and says nothing of it.
 * @param {HTMLMediaElement} video @param {AbortSignal} signal
 */
function asWanted(video, signal) {
  let wanted = video.autoplay || !video.paused;
  video.addEventListener("play", () => { wanted = true; }, {signal});
  video.addEventListener("pause", () => { wanted = false; }, {signal});
  return () => {
    if (wanted) video.play().catch(() => undefined); // not allowed: the controls are there
  };
}

/** @param {HTMLMediaElement} video @param {string} url @param {Options} options */
function attachNative(video, url, {startS, onState}) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let atS = startS;
  const over = new AbortController();
  const goOn = asWanted(video, over.signal);
  video.addEventListener("error", () => {
    onState?.("waiting");
    if (startS !== undefined) atS = video.currentTime || atS;
    clearTimeout(timer);
    timer = setTimeout(() => (video.src = url), RETRY_MS);
  }, over);
  video.addEventListener("loadedmetadata", () => {
    if (atS !== undefined) video.currentTime = atS;
    onState?.("playing");
    goOn();
  }, over);
  video.src = url;
  return {
    close() {
      clearTimeout(timer); // or it would play on, on no page
      over.abort();
      video.removeAttribute("src");
      video.load();
    },
    /** Where "live" is, in seconds of the player. */
    liveS: () => (video.seekable.length ? video.seekable.end(video.seekable.length - 1) : 0),
    /** The picture of so many lines from now on; 0: what the line carries. The browser's own player
     * chooses for itself. @param {number} height */
    choose(height) {
      void height;
    },
  };
}

/**
 * Shows typed captions, or puts them away, from now on; while they are away nobody fetches them. By the
 * browser's own switch, which hls.js follows.
 * @param {HTMLMediaElement} video
 * @param {() => boolean} wanted
 */
export function captionsOf(video, wanted) {
  const apply = () => {
    const mode = wanted() ? "showing" : "disabled";
    for (const track of video.textTracks) track.mode = mode;
  };
  video.textTracks.addEventListener("addtrack", apply);
  const stop = effect(apply);
  return () => {
    stop();
    video.textTracks.removeEventListener("addtrack", apply);
  };
}
