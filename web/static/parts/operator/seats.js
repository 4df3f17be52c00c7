// Who sits where in the picture (bố cục hình). Pure: a scene in, a scene out.

/** @import {Inset, Layout, Scene} from "../../types.js" */

/** @typedef {{x: number, y: number, width: number, height: number}} Rect fractions of the picture */

/** @typedef {{hall?: string | undefined, speaking?: string | undefined}} Who has which part, where anybody has it */

/** In the order of the buttons. @type {Layout[]} */
export const LAYOUTS = ["full", "picture-in-picture", "side-by-side", "hall-and-speaker", "filmstrip", "grid-4", "grid-9", "slate"];

/** Of a small picture's place. @type {Inset["corner"][]} */
export const CORNERS = ["top-left", "top-right", "bottom-left", "bottom-right"];

/** The small picture where nobody chose. @type {Inset} */
export const INSET = {corner: "top-right", share: 0.27};

const INSET_X = 0.03;
const INSET_TOP = 0.06;
const INSET_TOP_LEFT = 0.2;
const INSET_BOTTOM = 0.71;

/** @param {number} n @returns {Rect[]} */
function grid(n) {
  return Array.from({length: n * n}, (_, seat) => (
    {x: (seat % n) / n, y: Math.floor(seat / n) / n, width: 1 / n, height: 1 / n}
  ));
}

/** @param {Inset} inset @returns {Rect} */
function insetRect({corner, share}) {
  const left = corner.endsWith("left");
  const top = left ? INSET_TOP_LEFT : INSET_TOP;
  return {
    x: left ? INSET_X : 1 - INSET_X - share,
    y: corner.startsWith("top") ? top : INSET_BOTTOM - share,
    width: share,
    height: share,
  };
}

/** @type {Record<Layout, Rect[]>} */
const SEATS = {
  "full": [{x: 0, y: 0, width: 1, height: 1}],
  "picture-in-picture": [{x: 0, y: 0, width: 1, height: 1}, insetRect(INSET)],
  "side-by-side": [
    {x: 0.01, y: 0.255, width: 0.485, height: 0.485},
    {x: 0.505, y: 0.255, width: 0.485, height: 0.485},
  ],
  "grid-4": grid(2),
  "grid-9": grid(3),
  "filmstrip": [
    {x: 0.01, y: 0.13, width: 0.74, height: 0.74},
    ...[0, 1, 2, 3].map((row) => ({x: 0.76, y: 0.02 + row * 0.245, width: 0.23, height: 0.23})),
  ],
  "hall-and-speaker": [
    {x: 0.385, y: 0.2, width: 0.605, height: 0.605}, {x: 0.01, y: 0.32, width: 0.365, height: 0.365},
  ],
  "slate": [],
};

/** Where the seats lie, from back to front. @param {Layout} layout @param {Inset} [inset] */
export function seatsOf(layout, inset = INSET) {
  return layout === "picture-in-picture" ? [...SEATS.full, insetRect(inset)] : SEATS[layout];
}

/**
 * Another layout for the same sites. Seats left over are filled from `others`, in their order, so
 * that one press gives a picture that could go on air.
 * @param {Scene} scene
 * @param {Layout} layout
 * @param {string[]} others sites that are there
 * @param {Who} [who]
 * @returns {Scene}
 */
export function withLayout(scene, layout, others, who = {}) {
  const sources = led([...new Set([...scene.sources, ...others])], layout, who);
  return {layout, sources: sources.slice(0, seatsOf(layout).length)};
}

/**
 * Where the first seat is for who speaks the hall does not take it, unless it has the floor.
 * @param {string[]} sources
 * @param {Layout} layout
 * @param {Who} who
 */
function led(sources, layout, {hall, speaking}) {
  const others = sources.filter((site) => site !== hall);
  const first = sources[0] === hall;
  const his = layout === "hall-and-speaker" || (layout === "filmstrip" && first && others.includes(speaking ?? ""));
  if (!his || hall === undefined || hall === speaking || others.length === sources.length) return sources;
  const [speaker] = others.splice(first ? Math.max(0, others.indexOf(speaking ?? "")) : 0, 1);
  return speaker === undefined ? sources : [speaker, hall, ...others];
}

/**
 * A site takes a seat. If it sat elsewhere the two change places; a seat further on than the first
 * free one means the first free one, one that the layout does not have its last.
 * @param {Scene} scene
 * @param {number} seat
 * @param {string} site
 * @returns {Scene}
 */
export function seated(scene, seat, site) {
  if (scene.layout === "slate") return {layout: "full", sources: [site]};
  const sources = [...scene.sources];
  const from = sources.indexOf(site);
  const to = Math.min(seat, sources.length, seatsOf(scene.layout).length - 1);
  if (from >= 0 && to >= sources.length) return scene;
  if (from >= 0) sources[from] = /** @type {string} */ (sources[to]);
  sources[to] = site;
  return {...scene, sources};
}

/** A seat is left; those behind move up. @param {Scene} scene @param {number} seat @returns {Scene} */
export function vacated(scene, seat) {
  return {...scene, sources: scene.sources.filter((_, index) => index !== seat)};
}

/**
 * The seat that the next click fills: the first free one, else the one after the last that was filled.
 * @param {Scene} scene
 * @param {number} after the seat that was filled last, -1 for none
 */
export function nextSeat(scene, after) {
  const seats = seatsOf(scene.layout).length;
  if (scene.sources.length < seats) return scene.sources.length;
  return seats ? (after + 1) % seats : 0;
}
