// How a view follows the server: patches.

/**
 * A JSON merge patch (RFC 7396). What the patch does not name is the same object as before, so that
 * `===` tells what changed. What is null is missing, in lists too (where the RFC lets it stand): a
 * view merged into nothing has no null in it.
 * @param {any} target
 * @param {any} patch
 * @returns {any}
 */
export function merge(target, patch) {
  if (Array.isArray(patch)) return patch.map((one) => merge(undefined, one));
  if (!isRecord(patch)) return patch;
  const merged = isRecord(target) ? {...target} : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
