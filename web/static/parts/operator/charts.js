// Small charts of the last minutes, drawn by ourselves: columns in, SVG paths out. Knows no document.

/** What is known at one step; null where nothing is. @typedef {(number | null)[]} Column */

/**
 * The line of a column through a box of `width` × `height`, broken where nothing is known. A step that
 * stands alone is a dash as wide as itself.
 * @param {Column} column
 * @param {number} ceiling the value at the upper edge
 * @param {number} width
 * @param {number} height
 */
export function pathOf(column, ceiling, width, height) {
  const step = width / column.length;
  let path = "";
  column.forEach((value, index) => {
    if (value === null) return;
    const y = round(height * (1 - Math.min(1, value / ceiling)));
    const goesOn = index > 0 && column[index - 1] !== null;
    path += goesOn ? `L${round((index + 0.5) * step)} ${y}` : `M${round(index * step)} ${y}L${round((index + 0.5) * step)} ${y}`;
    if (column[index + 1] === null || index + 1 === column.length) path += `H${round((index + 1) * step)}`;
  });
  return path;
}

/**
 * A round number that is not below any value: 1, 2 or 5 times a power of ten.
 * @param {Column[]} columns
 * @param {number} least the chart is never finer than this
 */
export function ceilingOf(columns, least) {
  const most = Math.max(least, ...columns.flat().map((value) => value ?? 0));
  const power = 10 ** Math.floor(Math.log10(most));
  return power * ([1, 2, 5].find((digit) => digit * power >= most) ?? 10);
}

/**
 * Stretches of the same word: where each begins, and how many steps it lasts.
 * @template T
 * @param {(T | null)[]} words
 * @returns {{word: T, from: number, steps: number}[]}
 */
export function stretches(words) {
  /** @type {{word: T, from: number, steps: number}[]} */
  const found = [];
  words.forEach((word, index) => {
    const last = found.at(-1);
    if (word === null) return;
    if (last && last.word === word && last.from + last.steps === index) last.steps += 1;
    else found.push({word, from: index, steps: 1});
  });
  return found;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
