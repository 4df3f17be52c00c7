// The speaker's clock as it reads at one moment, in the same words as on the picture (the studio's
// overlay reads the same). Pure.

/** @import {Floor} from "./types.js" */

/**
 * @param {Pick<Floor, "started_at_ms" | "limit_ms" | "paused_at_ms" | "paused_ms" | "warn_ms">} turn
 * @param {number} nowMs of the server's clock
 * @returns {{text: string, tone: "running" | "warning" | "over", left: number, paused: boolean}}
 *   `text` is 02:59 down to 00:00, then +0:01 up; `left` the share of the limit, 1 … 0
 */
export function read(turn, nowMs) {
  const endMs = turn.paused_at_ms ?? nowMs;
  const leftMs = turn.limit_ms - Math.max(0, endMs - turn.started_at_ms - turn.paused_ms);
  return {
    text: textOf(leftMs),
    tone: leftMs <= 0 ? "over" : leftMs <= turn.warn_ms ? "warning" : "running",
    left: Math.min(1, Math.max(0, leftMs / Math.max(1, turn.limit_ms))),
    paused: turn.paused_at_ms !== undefined,
  };
}

/** @param {number} leftMs */
function textOf(leftMs) {
  // Whole seconds, rounded up: the full limit shows at first, and 00:00 when the time is over.
  if (leftMs > -1000) return digits(Math.max(0, Math.ceil(leftMs / 1000)), 2);
  return `+${digits(Math.floor(-leftMs / 1000), 1)}`;
}

/** @param {number} all seconds @param {number} width of the minutes */
function digits(all, width) {
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60];
  const seconds = String(all % 60).padStart(2, "0");
  if (hours) return `${hours}:${String(minutes).padStart(2, "0")}:${seconds}`;
  return `${String(minutes).padStart(width, "0")}:${seconds}`;
}
