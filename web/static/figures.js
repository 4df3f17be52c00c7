// Digits that stand still while a clock runs. The pages' letters have none of one width (a 1 takes 0.43 of an em, a 4
// 0.72), so each gets a place of its own, else all that stands beside a clock moves each second.

/** @param {Element | null | undefined} face @param {string} text such as 06:59 */
export function showFigures(face, text) {
  if (!face || face.textContent === text) return; // what is written again is said again
  face.replaceChildren(...[...text].map((one) => {
    if (one < "0" || one > "9") return one;
    const place = document.createElement("span");
    place.className = "figure-place";
    place.textContent = one;
    return place;
  }));
}
