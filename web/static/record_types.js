// What chair, clerk and operator look back on, and what of it can be taken back. No code.

/** @import {RequestKind} from "./types.js" */

/** What one press takes back: the command's type and whom or what it was about.
 * @typedef {{act: number, what: string, name: string, until_ms: number}} Undo */

/** Of a kind, the first time: as it is now, and by the rules.
 * @typedef {{kind: RequestKind, limit_ms: number, rule_ms: number, article: string}} Limit */

/** `unplanned` items to come have no planned time.
 * @typedef {{ends_at_ms: number, late_ms: number, unplanned: number}} Forecast */

/** @typedef {{turns: number, used_ms: number}} Used */

/**
 * Of turns that have ended.
 * @typedef {object} TimeUsed
 * @property {(Used & {delegate: string, name: string, group: string, site: string})[]} delegates
 * @property {(Used & {name: string})[]} groups "" for those without one
 * @property {(Used & {site: string})[]} sites
 */

/**
 * The chair departed from what the rules say by themselves.
 * @typedef {object} Departure
 * @property {number} at_ms
 * @property {"moved" | "out_of_order" | "extended" | "limit"} kind
 * @property {string} [item] missing: the whole session
 * @property {string} name
 * @property {RequestKind} [request_kind]
 * @property {number} [limit_ms] missing for a limit: the rules hold again
 * @property {number} [before_ms]
 */

/**
 * Who registered and was not heard.
 * @typedef {object} Unheard
 * @property {string} request
 * @property {string} delegate
 * @property {string} name
 * @property {string} title
 * @property {string} group
 * @property {string} site
 * @property {string} item
 * @property {RequestKind} kind
 * @property {number} registered_at_ms
 * @property {boolean} absent called, and not there
 */

/** @typedef {{turn: string, delegate: string, name: string, started_at_ms: number, ended_at_ms?: number}} ThreadTurn */

/**
 * A question, and what came of it.
 * @typedef {object} Thread
 * @property {string} question
 * @property {string} item
 * @property {string} delegate
 * @property {string} name
 * @property {"waiting" | "called" | "heard" | "absent" | "asked" | "answered"} state
 * @property {number} [asked_at_ms]
 * @property {ThreadTurn[]} answers
 * @property {ThreadTurn[]} debates
 * @property {string[]} waiting names of who waits to debate
 * @property {string[]} promises ids
 */

/**
 * What somebody promised in an answer.
 * @typedef {object} PromiseNoted
 * @property {string} id
 * @property {string} text
 * @property {string} delegate
 * @property {string} name
 * @property {string} [item]
 * @property {string} [question]
 * @property {string} due "2026-12-31", or empty
 * @property {number} noted_at_ms
 * @property {boolean} kept
 */

export {};
