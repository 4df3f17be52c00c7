// Arrow keys among the tiles: to the same button of the tile beside, above or below.

const BUTTONS = ["microphone", "talk", "line"];

/** @param {KeyboardEvent} event of the list of tiles */
export function walk(event) {
  const list = /** @type {HTMLElement} */ (event.currentTarget);
  const button = event.target instanceof Element && event.target.closest("button");
  const tile = button && button.closest(".tile");
  if (!tile || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const tiles = [...list.querySelectorAll(".tile:not([hidden])")];
  const to = stepTo(event.key, tiles.indexOf(tile), tiles.length, columnsOf(list));
  const next = to === undefined ? undefined : tiles[to];
  if (!next) return;
  event.preventDefault();
  const kind = BUTTONS.find((one) => button.classList.contains(one)) ?? "picture";
  const same = next.querySelector(`button.${kind}:enabled`) ?? next.querySelector("button:enabled");
  if (same instanceof HTMLElement) same.focus();
}

/** @param {string} key @param {number} at @param {number} count @param {number} columns */
function stepTo(key, at, count, columns) {
  switch (key) {
    case "ArrowRight": return at + 1;
    case "ArrowLeft": return at - 1;
    case "ArrowDown": return at + columns;
    case "ArrowUp": return at - columns;
    case "Home": return 0;
    case "End": return count - 1;
    default: return undefined;
  }
}

/** @param {HTMLElement} list */
function columnsOf(list) {
  return getComputedStyle(list).gridTemplateColumns.split(" ").length;
}
