// The Vietnamese way with names, letters and dates. Pure.

const letters = new Intl.Collator("vi");

/** Given name first, for that is what a Vietnamese list goes by: "Lò Thị Vân" → "Vân Lò Thị".
 * @param {string} name */
function sortKey(name) {
  const words = name.normalize("NFC").trim().split(/\s+/);
  return [words.at(-1) ?? "", ...words.slice(0, -1)].join(" ");
}

/** For `sort` and `toSorted`. @param {{name: string}} one @param {{name: string}} other */
export function byName(one, other) {
  return letters.compare(sortKey(one.name), sortKey(other.name));
}

/** As an official paper writes it (Decree 30/2020/NĐ-CP, appendix I): a day below ten and a month below three
 * with a zero before it. @param {number} day @param {number} month from 1 @param {number} year */
export function dayInWords(day, month, year) {
  return `ngày ${String(day).padStart(2, "0")} tháng ${month < 3 ? `0${month}` : month} năm ${year}`;
}

/** Whether a text has that day in it: "ngày 09 tháng 7 năm 2026", "9/7/2026", "09.07.2026".
 * @param {string} text @param {number} day @param {number} month from 1 @param {number} year */
export function namesDay(text, day, month, year) {
  const written = `(?<!\\d)0?${day}(?: tháng |[/.-])0?${month}(?: năm |[/.-])${year}(?!\\d)`;
  return new RegExp(written, "u").test(text.normalize("NFC"));
}
