// What the browser keeps for a page. One that may keep nothing (cookies refused) throws at the mere name of
// its storage: the page then does without, as if it were opened for the first time. Knows no document.

/** @typedef {"localStorage" | "sessionStorage"} Where */

/** @param {Where} where @param {string} key @returns {string | null} */
export function kept(where, key) {
  try {
    return globalThis[where].getItem(key);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return null;
  }
}

/** Whether it is kept. @param {Where} where @param {string} key @param {string} value */
export function keep(where, key, value) {
  try {
    globalThis[where].setItem(key, value);
    return true;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return false;
  }
}

/** @param {Where} where @param {string} key */
export function forget(where, key) {
  try {
    globalThis[where].removeItem(key);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}
