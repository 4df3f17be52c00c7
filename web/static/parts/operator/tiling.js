// How many tiles stand side by side. Pure.

export const GAP = 8; // px, also in the style sheet
const NARROWEST = 90;
const WIDEST = 300;

/** Below this width a tile has small letters, and only its name below the picture, px. */
export const SMALL = 124;

/** What a tile has below its 16:9 picture: meter, name, and if there is room a second line. @param {number} tile px */
function foot(tile) {
  return tile < SMALL ? 30 : 70;
}

/**
 * The fewest columns with which all tiles fit into the room; the most that stay readable if none do
 * (then the grid scrolls).
 * @param {number} count of tiles
 * @param {number} width px
 * @param {number} height px
 */
export function columnsFor(count, width, height) {
  const most = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
  const least = Math.max(1, Math.ceil((width + GAP) / (WIDEST + GAP)));
  for (let columns = least; columns < most; columns += 1) {
    const tile = (width + GAP) / columns - GAP;
    const rows = Math.ceil(count / columns);
    if (rows * ((tile * 9) / 16 + foot(tile) + GAP) - GAP <= height) return columns;
  }
  return most;
}
