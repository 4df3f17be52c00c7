// The Vietnamese way with names and letters. Pure.

const letters = new Intl.Collator("vi");

/** Given name first, for that is what a Vietnamese list goes by: "Lò Thị Vân" → "Vân Lò Thị".
 * @param {string} name */
export function sortKey(name) {
  const words = name.normalize("NFC").trim().split(/\s+/);
  return [words.at(-1) ?? "", ...words.slice(0, -1)].join(" ");
}

/** For `sort` and `toSorted`. @param {{name: string}} one @param {{name: string}} other */
export function byName(one, other) {
  return letters.compare(sortKey(one.name), sortKey(other.name));
}
