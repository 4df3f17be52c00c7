// A level meter: ten values a second go straight to the element, past the component tree.

import {effect} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {levels} from "../../state.js";

const FLOOR_DBFS = -60;
const FALL_PER_TICK = 0.07; // how fast the bar falls back: about 40 dB a second

/** @param {{site: string}} props */
export function Meter({site}) {
  const bar = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    let shown = 0;
    return effect(() => {
      const dbfs = levels.value[site] ?? -96;
      const share = Math.min(1, Math.max(0, 1 - dbfs / FLOOR_DBFS));
      shown = Math.max(share, shown - FALL_PER_TICK);
      // The bar is whole and a cover hides its right: so green, amber and red keep their places.
      bar.current?.style.setProperty("transform", `scaleX(${(1 - shown).toFixed(3)})`);
    });
  }, [site]);
  return html`<div class="meter" aria-hidden="true"><div ref=${bar}></div></div>`;
}
