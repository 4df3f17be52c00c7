// What is known of a site's line and devices, what it is asked to send and what it tells. No code.

/** @import {Device, LineQuality} from "./types.js" */

/**
 * What comes from a site.
 * @typedef {object} LineUp
 * @property {string} [codec]
 * @property {string} [size]
 * @property {number} fps
 * @property {number} bitrate_bps
 * @property {number} loss_percent
 * @property {number} [rtt_ms]
 * @property {number} [jitter_ms]
 * @property {QualityWish & {size: string}} [wish]
 */

/**
 * What goes back to a site.
 * @typedef {object} LineDown
 * @property {number} [height] missing: no picture
 * @property {boolean} stills
 * @property {"whole" | "thin"} sound
 * @property {number} [estimate_bps]
 * @property {number} sent_bps
 * @property {number} loss_percent
 * @property {number} [rtt_ms]
 * @property {number} frames_dropped
 */

/** Columns of equally long steps, the present one last; null: unknown.
 * @typedef {Record<"rtt_ms" | "up_loss" | "down_loss" | "up_bps" | "down_bps", (number | null)[]>
 *   & {step_ms: number, ends_at_ms: number, line: (LineQuality | null)[]}} LineHistory
 */

/**
 * All that is known of a site's line.
 * @typedef {object} LineReport
 * @property {LineQuality} line
 * @property {number} [since_at_ms]
 * @property {LineUp} [up]
 * @property {LineDown} [down]
 * @property {LineTested} [test]
 * @property {LineHistory} history
 */

/**
 * What a site is asked to send.
 * @typedef {object} QualityWish
 * @property {"camera" | "screen"} [source]
 * @property {"standby" | "preview" | "on_air"} level
 * @property {number} width
 * @property {number} height
 * @property {number} fps
 * @property {number} max_bitrate_bps
 */

/**
 * What a site's page tells of itself.
 * @typedef {object} SiteReport
 * @property {number} [rtt_ms]
 * @property {number} [sent_bps]
 * @property {Device} camera
 * @property {Device} microphone
 * @property {number} [lost_packets]
 * @property {LineTested} [line_test] of before it joined
 * @property {SelfTested} [self_test]
 */

/**
 * What a site's page found of its own picture and sound.
 * @typedef {object} SelfTested
 * @property {"ok" | "dark" | "still" | "none"} picture
 * @property {"ok" | "silent" | "none"} sound
 * @property {"heard" | "not_heard" | "unknown"} speaker
 * @property {"ok" | "heard" | "unknown"} echo
 * @property {number} [asked_at_ms] which wish of the control room it answers
 */

/**
 * What a test of the line found. `udp`: whether the hearing's own port was reached.
 * @typedef {object} LineTest
 * @property {boolean} udp
 * @property {number} [rtt_ms]
 * @property {number} [loss_up_percent]
 * @property {number} [loss_down_percent]
 * @property {number} down_bps
 * @property {number} up_bps
 */

/** @typedef {LineTest & {verdict: "good" | "fair" | "poor" | "none", age_s: number}} LineTested */

export {};
