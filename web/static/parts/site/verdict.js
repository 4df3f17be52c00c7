// What a tested line is good for, and what to do about it. Pure.

/** @import {LineTest} from "../../line_types.js" */

/** @typedef {"good" | "fair" | "poor" | "none"} Verdict */
/** @typedef {"udp" | "slow_up" | "slow_down" | "loss" | "delay"} Fault */

/** The least that each needs. The picture of a hearing has 2.5 Mbit/s, its middle size 0.5.
 * @type {{verdict: Verdict, bps: number, loss: number, rtt: number}[]} */
const LEVELS = [
  {verdict: "good", bps: 2_500_000, loss: 1, rtt: 150},
  {verdict: "fair", bps: 700_000, loss: 5, rtt: 400},
  {verdict: "poor", bps: 80_000, loss: 30, rtt: 2000},
];

/** Beyond it HTTP says nothing of the rate: TCP slows down for each loss, our sound and picture do not. */
const LOSSY = 5;

/**
 * How good it will be: as good as its worst part; and what keeps it from being good, the worst first.
 * @param {LineTest} test
 * @returns {{verdict: Verdict, faults: Fault[]}}
 */
export function judge(test) {
  if (!test.udp) return {verdict: "none", faults: ["udp"]};
  const loss = Math.max(test.loss_up_percent ?? 0, test.loss_down_percent ?? 0);
  const slowest = loss > LOSSY ? LEVELS.length - 1 : LEVELS.length;
  const levelOfRate = (/** @type {number} */ bps) => Math.min(slowest, levelOf((level) => bps >= level.bps));
  /** @type {[Fault, number][]} */
  const parts = [
    ["loss", levelOf((level) => loss <= level.loss)],
    ["slow_up", levelOfRate(test.up_bps)],
    ["slow_down", levelOfRate(test.down_bps)],
    ["delay", levelOf((level) => (test.rtt_ms ?? 0) <= level.rtt)],
  ];
  const worst = Math.max(...parts.map(([, level]) => level));
  const faults = parts.filter(([, level]) => level > 0).sort((a, b) => b[1] - a[1]).map(([fault]) => fault);
  return {verdict: LEVELS[worst]?.verdict ?? "none", faults};
}

/**
 * The best level whose need is met; beyond the last if none is.
 * @param {(level: {bps: number, loss: number, rtt: number}) => boolean} meets
 */
function levelOf(meets) {
  const found = LEVELS.findIndex(meets);
  return found < 0 ? LEVELS.length : found;
}
