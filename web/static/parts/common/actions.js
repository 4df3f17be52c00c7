// Giving a command from the page: who sees its button, when it can be pressed, what a refusal says.

import {html} from "htm/preact";
import {give, may, deskView, pending, ready, view} from "../../state.js";
import {knows, t} from "../../texts.js";
import {PLAYER, screenSite} from "../../protocol.js";
import {tell} from "./ask.js";

/** @import {Command, Phase} from "../../types.js" */

/** @type {Phase[]} */
const LIVE = ["live"];
/** @type {Phase[]} */
const ON = ["live", "paused"];
/** @type {Phase[]} */
const WRITTEN = ["live", "paused", "ended"];
/** @type {Phase[]} */
const OPEN = ["prepared", "live", "paused"];
/** @type {Phase[]} */
const ALWAYS = [...OPEN, "ended"];

// When the rules allow a command at all. The server has the last word; this only spares a click
// that could not succeed.
/** @type {Record<string, Phase[]>} */
const PHASES = {
  go_live: ["prepared"], pause_session: LIVE, resume_session: ["paused"], end_session: ON,
  call_next: LIVE, call: LIVE, call_round: LIVE, give_turn: LIVE,
  note_promise: WRITTEN, settle_promise: WRITTEN, drop_promise: WRITTEN,
  end_turn: ON, mark_absent: ON, extend_turn: ON,
  type_caption: ON, write_note: ALWAYS, strike_note: ALWAYS, correct_caption: ALWAYS, correct_turn: ALWAYS,
  correct_name: ALWAYS, mark_roll: ALWAYS, pause_clock: LIVE, resume_clock: LIVE,
};

/** A hand that trembles must not call two speakers: the same command rests for so long. */
const REST_MS = 700;
const RESTING = new Set(["call_next", "call", "end_turn", "go_live", "pause_session", "resume_session", "request_opening", "confirm_opening", "undo"]);

/** @type {Map<string, number>} */
const given = new Map();

/** Whether our role has this command. @param {string} type */
export function mayGive(type) {
  return may.value.has(type);
}

/** Whether it can be given now. @param {string} type */
export function canGive(type) {
  if (!ready.value || !view.value || !mayGive(type)) return false;
  return (PHASES[type] ?? OPEN).includes(deskView().session.phase);
}

/** Gives the command; a refusal becomes a toast and nothing else. @param {Command} command */
export async function act(command) {
  if (!ready.value || !mayGive(command.type) || resting(command.type)) return false;
  try {
    return await give(command);
  } catch (error) {
    tell(error);
    return false;
  }
}

/** @param {string} type */
function resting(type) {
  if (!RESTING.has(type)) return false;
  const now = performance.now();
  const rests = now - (given.get(type) ?? -Infinity) < REST_MS;
  if (!rests) given.set(type, now);
  return rests;
}

/**
 * A button that gives a command: not there for roles that may not, grey while it cannot.
 * @param {{command: Command, children?: any, class?: string, label?: string, pressed?: boolean,
 *   disabled?: boolean, testid?: string, onDone?: () => void}} props
 */
export function Do({command, children, class: look = "", label, pressed, disabled, testid, onDone}) {
  if (!mayGive(command.type)) return null;
  const sent = pending.value.has(JSON.stringify(command));
  const press = async () => {
    if (await act(command)) onDone?.();
  };
  return html`<button type="button" class=${look} title=${label} aria-label=${label}
    aria-pressed=${pressed} aria-busy=${sent} disabled=${disabled || !canGive(command.type)}
    data-testid=${testid ?? command.type} onClick=${press}>${children}</button>`;
}

/** Who did something: whoever came by a link has no name but the role's. @param {string} actor */
export function actorName(actor) {
  return knows(`role.${actor}`) ? t(`role.${actor}`) : actor;
}

/** @param {string} source id */
function siteOf(source) {
  return screenSite(source) ?? source;
}

/** A site's name without the words that all of them share. @param {string} name */
export function shortName(name) {
  const prefix = t("operator.site_prefix");
  const short = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return short.charAt(0).toLocaleUpperCase("vi") + short.slice(1);
}

/** For a tile: "Huyện Mường Nhé" → "H. Mường Nhé". @param {string} name @param {string} [key] of what is shortened */
export function tileName(name, key = "operator.abbreviations") {
  const short = shortName(name);
  for (const pair of t(key).split("|")) {
    const [word = "", sign = ""] = pair.split("=");
    if (short.startsWith(`${word} `)) return sign + short.slice(word.length);
  }
  return short;
}

/** @param {string} source id */
export function siteName(source) {
  return named(source, shortName(fullName(siteOf(source))));
}

/** As a tile names it. @param {string} source id */
export function siteBrief(source) {
  return named(source, tileName(fullName(siteOf(source))));
}

/** @param {string} source id @param {string} site its name */
function named(source, site) {
  return screenSite(source) === undefined ? site : t("screen.of", {site});
}

/** @param {string} site id */
function fullName(site) {
  if (site === PLAYER) return t("player.name");
  return deskView().sites[site]?.name ?? site;
}
