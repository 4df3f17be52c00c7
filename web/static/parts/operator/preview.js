// What the operator does to the preview scene: choosing a layout, seating sites.

import {computed, signal} from "@preact/signals";
import {screenOf, screenSite} from "../../protocol.js";
import {operatorView, sitesOf, view} from "../../state.js";
import {act} from "../common/actions.js";
import {LAYOUTS, nextSeat, seated, seatsOf, vacated, withLayout} from "./seats.js";

/** @import {Inset, Layout, Scene} from "../../types.js" */

/** The scene that was asked for last, while it is on its way: the next click builds on it.
 * @type {import("@preact/signals").Signal<Scene | undefined>} */
const asked = signal(undefined);

/** A seat that the operator picked for the next click. @type {import("@preact/signals").Signal<number | null>} */
const picked = signal(null);
const filled = signal(-1);

/** Where neither clock nor lower third is. @type {Inset} */
const SPEAKER_INSET = {corner: "top-right", share: 0.22};

/** The seat that the next click on a site fills. */
export const target = computed(() => {
  if (!view.value) return 0;
  const scene = standing();
  const wish = picked.value;
  const last = seatsOf(scene.layout).length - 1;
  return wish !== null && wish <= last ? wish : nextSeat(scene, filled.value);
});

/** @param {number} seat */
export function pickSeat(seat) {
  picked.value = seat;
}

/** What the preview is, or is about to be. */
function standing() {
  return asked.value ?? operatorView().preview;
}

/** @param {Scene} scene */
async function setPreview(scene) {
  asked.value = scene;
  const done = await act({type: "set_preview", scene});
  if (asked.value === scene) asked.value = undefined;
  return done;
}

/** @param {Layout} layout */
export function chooseLayout(layout) {
  picked.value = null;
  filled.value = -1;
  const speaking = operatorView().floor?.site;
  return setPreview(withLayout(standing(), layout, candidates(), {hall: theHall()?.id, speaking}));
}

/** Where the small picture goes. @param {Inset} inset */
export function placeInset(inset) {
  return setPreview({...standing(), inset});
}

/** The layout after the present one, or before it. @param {1 | -1} step */
export function turnLayout(step) {
  const at = LAYOUTS.indexOf(standing().layout);
  const next = LAYOUTS[(at + step + LAYOUTS.length) % LAYOUTS.length];
  return next && chooseLayout(next);
}

/** A site into the seat that is next. @param {string} site */
export async function seat(site) {
  const [before, scene] = [filled.value, seated(standing(), target.value, site)];
  picked.value = null;
  filled.value = scene.sources.indexOf(site);
  if (!await setPreview(scene) && !asked.value) filled.value = before;
}

/** What a site shares of its screen, with whoever shows it in the corner. @param {string} site */
export function seatScreen(site) {
  picked.value = null;
  filled.value = 1;
  return setPreview({layout: "picture-in-picture", sources: [screenOf(site), site], inset: SPEAKER_INSET});
}

/** @param {number} seat */
export function vacate(seat) {
  const scene = vacated(standing(), seat);
  picked.value = null;
  return setPreview(scene.sources.length ? scene : {layout: "slate", sources: []});
}

function theHall() {
  return sitesOf(operatorView()).find((site) => site.kind === "hall");
}

/** Who fills the seats of a larger layout: whose screen is shown, who speaks, the hall, who speaks
 * next, then all others. */
function candidates() {
  const {floor, next, preview} = operatorView();
  const sites = sitesOf(operatorView());
  const here = new Set(sites.filter((site) => site.present).map((site) => site.id));
  const first = [...preview.sources.map(screenSite), floor?.site, theHall()?.id, next?.site].filter((site) => site !== undefined);
  const present = [...first, ...here].filter((site) => here.has(site));
  return present.length ? present : sites.map((site) => site.id);
}
