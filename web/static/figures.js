// Seconds that stand still while a clock runs. The pages' letters have no digits of one width (a 1 takes 0.43 of an em, a
// 4 0.72), so each that turns gets a place of its own, else all that stands beside a clock moves each second. Minutes and
// hours stand as they are: in places, a pair of ones has a gap in it.

/** @param {Element | null | undefined} face @param {string} text such as 06:59, or 9:06:59 */
export function showFigures(face, text) {
  if (!face || face.textContent === text) return; // what is written again is said again
  const seconds = text.lastIndexOf(":") + 1;
  face.replaceChildren(text.slice(0, seconds), ...[...text.slice(seconds)].map((digit) => {
    const place = document.createElement("span");
    place.className = "figure-place";
    place.textContent = digit;
    return place;
  }));
}
