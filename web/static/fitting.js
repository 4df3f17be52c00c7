// How much of the picture that is wished a line is given: little until it is known to carry more. A first picture
// of 720p is 140 kbit, which stands before a second of sound on a thin line. Pure, knows no document.

/** @import {QualityWish} from "./line_types.js" */

/** @typedef {QualityWish & {yields: RTCDegradationPreference}} Fit `yields`: what of the picture stays when the line is thin */

/** From the whole wish to what every line is given. `from_bps`: what the line must carry, as the browser believes;
 * `most_bps`: browsers try a line with twice what they may send, so it is the next step that this finds out.
 * @typedef {{from_bps: number, height: number, fps: number, most_bps: number}} Step */

/** @type {Step} */
const SMALLEST = {from_bps: 0, height: 180, fps: 10, most_bps: 300_000};
/** @type {Step[]} */
const STEPS = [
  {from_bps: 800_000, height: Infinity, fps: Infinity, most_bps: Infinity},
  {from_bps: 400_000, height: 360, fps: Infinity, most_bps: 1_200_000},
  {from_bps: 150_000, height: 180, fps: Infinity, most_bps: 400_000},
  SMALLEST,
];
export const WHOLE = 0;
export const LEAST = STEPS.length - 1;
/** Whether the line is thin. @param {number} step */
export const isSmall = (step) => step >= LEAST - 1;
const TOO_THIN_BPS = 100_000;
const RESTING = 0.9; // of the most: browsers try a line when they may send more than before, and at no other time

/** The step for what a line carries now. Once up, only a line that turned out to be thin leads down again: the browser
 * itself yields to all others. @param {number | undefined} carried_bps @param {number} before */
export function stepOf(carried_bps, before) {
  if (carried_bps === undefined) return before;
  if (carried_bps < TOO_THIN_BPS) return LEAST;
  return Math.min(before, STEPS.findIndex(({from_bps}) => carried_bps >= from_bps));
}

/**
 * What is sent of a wish. `learning`: of a new connection more is asked for than is wished, so that what the line
 * carries is known when the site is called; and later now and then, or a calm picture would never find out that a
 * line which was thin for a while is good again.
 * @param {QualityWish} wish @param {number} step @param {boolean} learning @returns {Fit}
 */
export function fitted(wish, step, learning) {
  const {height, fps, most_bps} = STEPS[step] ?? SMALLEST;
  const learn = learning && step !== WHOLE;
  return {
    ...wish,
    height: Math.min(wish.height, height),
    fps: Math.min(wish.fps, fps),
    max_bitrate_bps: learn ? most_bps : Math.min(wish.max_bitrate_bps, RESTING * most_bps),
    // "balanced" would send seven pictures a second of the smallest.
    yields: isSmall(step) ? "maintain-framerate" : "maintain-resolution",
  };
}

/**
 * The description of who takes sound, so that each packet carries the one before it as well (RED, RFC 2198), or not.
 * @param {string} sdp @param {boolean} twice
 */
export function withSound(sdp, twice) {
  const [, red] = /^a=rtpmap:(\d+) red\//m.exec(sdp) ?? [];
  const [, opus] = /^a=rtpmap:(\d+) opus\//m.exec(sdp) ?? [];
  if (!red || !opus) return sdp;
  const order = twice ? `${red} ${opus}` : `${opus} ${red}`;
  return sdp.replace(/^(m=audio \d+ \S+ ).*(?=\r)/m, `$1${order}`);
}
