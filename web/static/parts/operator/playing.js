// Where a clip of the media player is. Pure.

/** @import {Clip} from "../../types.js" */

/** @typedef {Pick<Clip, "position_ms" | "started_at_ms" | "duration_ms" | "loop">} Place */

/** Milliseconds from its beginning, never beyond its end. @param {Place} clip @param {number} nowMs */
export function placeOf({position_ms, started_at_ms, duration_ms, loop}, nowMs) {
  const at = position_ms + (started_at_ms === undefined ? 0 : Math.max(0, nowMs - started_at_ms));
  if (!duration_ms) return at;
  return loop ? at % duration_ms : Math.min(at, duration_ms);
}

/** It ran to its end and stands there. @param {Place} clip @param {number} nowMs */
export function isOver(clip, nowMs) {
  return !clip.loop && clip.duration_ms > 0 && placeOf(clip, nowMs) >= clip.duration_ms;
}

/** It runs, and has not come to its end. @param {Place} clip @param {number} nowMs */
export function isRunning(clip, nowMs) {
  return clip.started_at_ms !== undefined && !isOver(clip, nowMs);
}
