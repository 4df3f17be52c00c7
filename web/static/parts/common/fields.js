// What somebody typed or chose in a field.

/** @param {Event} event of the field @returns {string} */
export function valueOf(event) {
  return /** @type {HTMLInputElement | HTMLSelectElement} */ (event.target).value;
}
