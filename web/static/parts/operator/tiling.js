// How many tiles stand side by side, and how. Pure.

const GAP = 8; // px, also in the style sheet
const NARROWEST_REM = 7; // a commune's name stays whole
const WIDEST = 300;
const ROOMY = 124; // the least width for a second line below the picture
const FOOT = 72; // below its 16:9 picture: meter, name, line and microphone
const COMPACT_FOOT = 32; // meter and name; line and microphone lie upon the picture

/** @typedef {{columns: number, compact: boolean}} Tiling */

/**
 * The fewest columns with which all tiles fit into the room, so that the pictures are as large as
 * can be; if none do, the most that stay readable (then the grid scrolls).
 * @param {number} count of tiles
 * @param {number} width px
 * @param {number} height px
 * @param {number} rem px of a letter's height
 * @returns {Tiling}
 */
export function tilingFor(count, width, height, rem) {
  const most = Math.max(1, Math.floor((width + GAP) / (NARROWEST_REM * rem + GAP)));
  const least = Math.max(1, Math.ceil((width + GAP) / (WIDEST + GAP)));
  for (let columns = least; columns <= most; columns += 1) {
    const tile = (width + GAP) / columns - GAP;
    const fits = (/** @type {number} */ foot) => (
      Math.ceil(count / columns) * ((tile * 9) / 16 + foot + GAP) - GAP <= height
    );
    if (tile >= ROOMY && fits(FOOT)) return {columns, compact: false};
    if (fits(COMPACT_FOOT)) return {columns, compact: true};
  }
  return {columns: most, compact: true};
}
