// What the page says and knows from the start: the texts and settings that the server put into it.

import {dayInWords, namesDay} from "./vietnamese.js";
import {clocksOf} from "./zone.js";

/** @import {Config} from "./types.js" */

/** @param {string} id @returns {any} */
function embedded(id) {
  return JSON.parse(document.getElementById(id)?.textContent || "{}");
}

/** @type {Record<string, string>} */
const texts = embedded("texts");

/** @type {Config} */
export const config = embedded("config");

/** Where a picture of ours is, of the same build as this script. @param {string} name */
export function asset(name) {
  return new URL(name, import.meta.url).href;
}

/**
 * One text of the catalogues; the key itself if nobody wrote it. `{name}` in the text is replaced.
 * @param {string} key
 * @param {Record<string, string | number>} [params]
 */
export function t(key, params = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (place, name) => String(params[name] ?? place));
}

/** Whether the catalogues have this text. @param {string} key */
export function knows(key) {
  return key in texts;
}

const numbers = new Intl.NumberFormat(config.language ?? "vi", {maximumFractionDigits: 1});

/** A number as one writes it in this language: 1.234,5. @param {number} value */
export function number(value) {
  return numbers.format(value);
}

/** How fast: 320 kbit/s, 1,2 Mbit/s. @param {number} bps */
export function rate(bps) {
  return bps < 1e6 ? `${number(Math.round(bps / 1e3))} kbit/s` : `${number(bps / 1e6)} Mbit/s`;
}

/**
 * A span of time as mm:ss, or h:mm:ss from an hour on. Whole seconds, cut off.
 * @param {number} ms
 */
export function span(ms) {
  const all = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const pair = (/** @type {number} */ part) => String(part).padStart(2, "0");
  return hours ? `${hours}:${pair(minutes)}:${pair(seconds)}` : `${pair(minutes)}:${pair(seconds)}`;
}

/** By the clocks of the council, as in its minutes: a moment as 2026-07-09 08:15:03, and back. */
export const {wall, moment} = clocksOf(config.time_zone);

/** The time of day of a moment, HH:MM. @param {number} atMs epoch milliseconds */
export function timeOfDay(atMs) {
  return wall(atMs).slice(11, 16);
}

/** The same to the second, HH:MM:SS. @param {number} atMs epoch milliseconds */
export function secondOfDay(atMs) {
  return wall(atMs).slice(11);
}

const locale = config.language === "en" ? "en-GB" : "vi";

/** A date in figures, the day first in both languages, as documents here have it: 09/07/2026.
 * @param {number} atMs epoch milliseconds */
export function shortDate(atMs) {
  return wall(atMs).slice(0, 10).split("-").reverse().join("/");
}

/** A date in words: ngày 09 tháng 7 năm 2026. @param {number} atMs epoch milliseconds */
function longDate(atMs) {
  if (config.language !== "en") return dayInWords(...dayOf(atMs));
  return inWords(atMs, {day: "numeric", month: "long", year: "numeric"});
}

/** @param {number} atMs @returns {[day: number, month: number, year: number]} */
function dayOf(atMs) {
  const [year = 0, month = 0, day = 0] = wall(atMs).slice(0, 10).split("-").map(Number);
  return [day, month, year];
}

/** @param {number} atMs @param {Intl.DateTimeFormatOptions} parts */
function inWords(atMs, parts) {
  return new Date(atMs).toLocaleDateString(locale, {...parts, timeZone: config.time_zone});
}

/** What is said of a session, and its day, unless that stands there already: "place and date" is what it asks for.
 * @param {string} about @param {number} atMs epoch milliseconds */
export function withDay(about, atMs) {
  return about && namesDay(about, ...dayOf(atMs)) ? about : [about, longDate(atMs)].filter(Boolean).join(" · ");
}

/** Its hour and a day in words: 08:00, thứ Tư, ngày 25 tháng 11 năm 2026. @param {number} atMs epoch milliseconds */
export function weekdayAndTime(atMs) {
  const weekday = inWords(atMs, {weekday: "long"});
  return `${timeOfDay(atMs)}, ${locale === "vi" ? weekday.charAt(0).toLowerCase() + weekday.slice(1) : weekday}, ${longDate(atMs)}`;
}

/** A moment in figures: 09/07/2026 08:15:03. @param {number} atMs epoch milliseconds */
export function dayAndTime(atMs) {
  return `${shortDate(atMs)} ${secondOfDay(atMs)}`;
}

/**
 * For searching without diacritics: "Đỗ Thị Hằng" → "do thi hang".
 * @param {string} text
 */
export function plain(text) {
  return text.normalize("NFD").replace(/\p{Mn}/gu, "").replace(/[đĐ]/g, "d").toLowerCase();
}

/** Whether every word that was typed begins a word of a text; marks may be left out. @param {string} sought */
export function soughtIn(sought) {
  const words = plain(sought).split(/\s+/).filter(Boolean);
  return (/** @type {string} */ text) => words.every((word) => ` ${plain(text)}`.includes(` ${word}`));
}
