// A screen that must not go dark in the middle of a session.

/** For as long as the page lives: a browser forgets it whenever the page is hidden. */
export function stayAwake() {
  void ask();
  document.addEventListener("visibilitychange", () => void ask());
}

async function ask() {
  try {
    if (!document.hidden) await navigator.wakeLock?.request("screen");
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // low battery: the system has the last word
  }
}
