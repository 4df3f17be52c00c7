// What is drawn again and again, past the component tree: a clock, a slider that follows a film.

import {useEffect, useRef} from "preact/hooks";

/**
 * At once, so often again, and at once whenever one of `inputs` is another.
 * @template {HTMLElement} [Face=HTMLElement]
 * @param {number} everyMs
 * @param {(face: Face) => void} draw
 * @param {unknown[]} [inputs] what it draws, if that changes
 * @returns {{current: Face | null}} the element's `ref`
 */
export function useTicking(everyMs, draw, inputs = []) {
  const face = useRef(/** @type {Face | null} */ (null));
  useEffect(() => {
    const tick = () => {
      if (face.current) draw(face.current);
    };
    tick();
    const timer = setInterval(tick, everyMs);
    return () => clearInterval(timer);
  }, inputs);
  return face;
}
