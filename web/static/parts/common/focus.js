// Whoever works by keyboard keeps a place on the page. Where what had the focus is gone, or cannot be
// pressed any more, the focus goes to what it stood in: not to <body>, where keys mean other things,
// and to no neighbour, which the next press of the same key would press. For the same reason a key
// that is held presses once.

/** What has the focus, and all it stands in; empty where nothing has it, or by pointer.
 * @typedef {readonly Element[]} Place */

/** @type {Place} */
let place = [];
let looks = false;
/** The last room that was entered. @type {HTMLElement | undefined} */
let entered;

/** For as long as the page lives. */
export function keepFocus() {
  document.addEventListener("focusin", ({target}) => { place = placeOf(target); });
  document.addEventListener("focusout", lookSoon);
  document.addEventListener("keydown", pressOnce, {capture: true});
  const watcher = new MutationObserver(lookSoon);
  watcher.observe(document, {subtree: true, childList: true, attributeFilter: ["disabled"]});
}

/** Where one is now: what a dialog goes back to. */
export function placeNow() {
  return place;
}

/** When what had the focus since is gone. Where nothing had it before, nothing has it: a room that was entered
 * meanwhile would keep the space bar from cutting. @param {Place} before */
export function goBack(before) {
  place = before;
  const [last] = before;
  if (!last && entered && entered === document.activeElement) entered.blur();
  else if (last instanceof HTMLElement && usable(last)) enter(last);
  else lookSoon();
}

/** @param {EventTarget | null} target @returns {Place} */
function placeOf(target) {
  /** @type {Element[]} */
  const way = [];
  if (!(target instanceof Element) || !target.matches(":focus-visible")) return way;
  for (let one = /** @type {Element | null} */ (target); one && one !== document.body; one = roomOf(one)) way.push(one);
  return way;
}

/** What a menu stands in is the button that opened it. @param {Element} one */
function roomOf(one) {
  return (one.matches("[popover]") && document.querySelector(`[popovertarget="${one.id}"]`)) || one.parentElement;
}

/** Once all that changes now has changed. */
function lookSoon() {
  if (looks || !place.length) return;
  looks = true;
  requestAnimationFrame(look);
}

function look() {
  looks = false;
  const [last, ...around] = place;
  if (!last || holds(document.activeElement)) return;
  place = [];
  if (usable(last)) return; // it was left
  const room = around.find((one) => one instanceof HTMLElement && one.isConnected && one.checkVisibility());
  if (room instanceof HTMLElement) enter(room);
}

/** @param {Element | null} active */
function holds(active) {
  return active !== null && active !== document.body && usable(active);
}

/** @param {Element} one */
function usable(one) {
  return one.isConnected && one.checkVisibility() && !one.matches(":disabled");
}

/** A room is no stop of Tab, but the next one lies in it. @param {HTMLElement} one */
function enter(one) {
  if (one.tabIndex < 0 && !one.hasAttribute("tabindex")) {
    one.tabIndex = -1;
    entered = one;
    one.addEventListener("blur", () => one.removeAttribute("tabindex"), {once: true});
  }
  one.focus({preventScroll: true});
}

/** @param {KeyboardEvent} event */
function pressOnce(event) {
  const pressed = event.key === "Enter" || event.key === " ";
  if (event.repeat && pressed && event.target instanceof Element && event.target.closest("button, a, summary")) event.preventDefault();
}
