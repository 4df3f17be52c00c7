// The few pictograms of the page, drawn on a grid of 24.

import {html} from "htm/preact";

/** @type {Record<string, string>} */
const PATHS = {
  microphone: "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5 11v1a7 7 0 0 0 14 0v-1M12 19v3",
  muted: "M9 9v3a3 3 0 0 0 4.6 2.5M15 11V6a3 3 0 0 0-5.7-1.3M5 11v1a7 7 0 0 0 11 5.7M19 11v1a7 7 0 0 1-.6 2.8M12 19v3M3 3l18 18",
  sound: "M4 9v6h4l5 4V5L8 9H4ZM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
  silent: "M4 9v6h4l5 4V5L8 9H4ZM16 9.5l5 5M21 9.5l-5 5",
  warning: "M12 4 2.5 20h19L12 4ZM12 10v4M12 17v.5",
  check: "M4 12.5 9.5 18 20 6.5",
  close: "M6 6l12 12M18 6 6 18",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  keyboard: "M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M17 14H7",
  pause: "M8 5v14M16 5v14",
  play: "M7 4.5v15l12-7.5z",
  stop: "M6 6h12v12H6z",
  speech: "M4 5h16v11H11l-5 4v-4H4z",
  tower: "M12 13v8M12 12a1 1 0 1 0 0-2 1 1 0 0 0 0 2M8.5 14.5a5 5 0 0 1 0-7M15.5 7.5a5 5 0 0 1 0 7M5.7 17.3a9 9 0 0 1 0-12.6M18.3 4.7a9 9 0 0 1 0 12.6",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  paper: "M6 3h8l5 5v13H6zM14 3v5h5M9 12h7M9 16h7",
  pen: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  chat: "M4 5h16v11H11l-5 4v-4H4zM8 9h8M8 12h5",
  screen: "M3 4h18v12H3zM8 20h8M12 16v4",
  disk: "M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3v12c0 1.7-3.6 3-8 3s-8-1.3-8-3zM4 6c0 1.7 3.6 3 8 3s8-1.3 8-3M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  copy: "M9 9h11v12H9zM5 15H4V3h11v2",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17",
  arrow: "M4 12h15M13 6l6 6-6 6",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  absent: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 20c0-3.5 3.5-6 8-6M16 16l5 5M21 16l-5 5",
  headset: "M4 14v-2a8 8 0 0 1 16 0v2M4 14h3v6H5a1 1 0 0 1-1-1zM20 14h-3v6h1M17 20c0 1.5-2 2-4 2",
  film: "M3 5h18v14H3zM8 5v14M16 5v14M3 10h5M3 14h5M16 10h5M16 14h5",
  rewind: "M6 5v14M19 5.5v13L8.5 12z",
  before: "M15 5l-7 7 7 7",
  after: "M9 5l7 7-7 7",
  upload: "M12 16V4M7 9l5-5 5 5M4 17v3h16v-3",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c0-3.3 2.9-6 6.5-6s6.5 2.7 6.5 6M16 4.5a3.5 3.5 0 0 1 0 6M18.5 14.5c1.9 1 3 3 3 5.5",
  flag: "M6 21V4h12l-3 4.5 3 4.5H6",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.5 2",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  undo: "M9 5 4 10l5 5M4 10h10a6 6 0 0 1 0 12h-3",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20 20",
};

/** @param {{name: string}} props */
export function Icon({name}) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor"
    stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d=${PATHS[name]} /></svg>`;
}
