// Where the tiles do not all fit: the one that the picture turns to is brought into sight, unless the operator is
// among the tiles.

import {useLayoutEffect, useRef} from "preact/hooks";
import {operatorView} from "../../state.js";

/** @import {Site} from "../../types.js" */

/** So long after the last move of a hand among the tiles they stay where they are. */
const RESTS_MS = 5_000;

let used_ms = -Infinity;
/** Wished for by name. @type {string | undefined} */
let asked;

/** As soon as the tiles are drawn anew. @param {string} site */
export function bringIntoSight(site) {
  asked = site;
}

/** @param {string} site */
export function tileOf(site) {
  return document.querySelector(`.tile[data-site="${CSS.escape(site)}"]`);
}

/** For whatever a hand does among the tiles. */
export function inUse() {
  used_ms = performance.now();
}

/** @typedef {Map<string, number>} Weights by site: who speaks before the program, and that before the preview */

/** @param {Site[]} sites @param {string | undefined} speaking @returns {Weights} */
function weigh(sites, speaking) {
  return new Map(sites.map(({id, tally}) => [
    id, id === speaking ? 3 : ["none", "preview", "program"].indexOf(tally),
  ]));
}

/** The weightiest of those that the picture has come nearer to. @param {Weights} before @param {Weights} now */
function risen(before, now) {
  const all = [...now].filter(([site, weight]) => weight > (before.get(site) ?? 0));
  return all.sort(([, one], [, other]) => other - one)[0]?.[0];
}

/** @param {{current: HTMLElement | null}} list of the tiles @param {Site[]} sites */
export function useSight(list, sites) {
  const before = useRef(/** @type {Weights} */ (new Map()));
  useLayoutEffect(() => {
    const now = weigh(sites, operatorView().floor?.site);
    const turnedTo = risen(before.current, now);
    before.current = now;
    const resting = performance.now() - used_ms > RESTS_MS;
    const site = asked ?? (resting ? turnedTo : undefined);
    asked = undefined;
    if (list.current && site !== undefined) scrollTo(list.current, tileOf(site));
  });
}

/** Within the list alone: on a narrow page all of it would move. @param {HTMLElement} list @param {Element | null} tile */
function scrollTo(list, tile) {
  if (!tile?.checkVisibility()) return;
  const [room, own] = [list.getBoundingClientRect(), tile.getBoundingClientRect()];
  if (own.top < room.top) list.scrollTop -= room.top - own.top;
  else if (own.bottom > room.bottom) list.scrollTop += own.bottom - room.bottom;
}
