// Small things that several parts of a site's page show.

import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {level} from "./devices.js";

const FLOOR_DBFS = -60;

/** A stream on screen. @param {{stream: MediaStream | undefined, muted?: boolean, class?: string,
 *   testid?: string, label: string, onBlocked?: (video: HTMLVideoElement) => void}} props */
export function Video({stream, muted = false, class: name = "", testid, label, onBlocked}) {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  useEffect(() => {
    const element = video.current;
    if (!element || !stream) return;
    element.srcObject = stream;
    element.play().catch((/** @type {DOMException} */ error) => {
      if (error.name === "NotAllowedError") onBlocked?.(element);
    });
  }, [stream]);
  return html`<video ref=${video} class=${name} muted=${muted} playsinline autoplay aria-label=${label}
    data-testid=${testid}></video>`;
}

/** How loud the room is; drawn past the component tree. @param {{label: string}} props */
export function Meter({label}) {
  const bar = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    let shown = 0;
    const timer = setInterval(() => {
      const now = Math.max(0, Math.min(1, 1 - level() / FLOOR_DBFS));
      shown = Math.max(now, shown * 0.85);
      // A cover hides the right of the bar: so green, amber and red keep their places.
      bar.current?.style.setProperty("transform", `scaleX(${(1 - shown).toFixed(3)})`);
      bar.current?.parentElement?.setAttribute("aria-valuenow", String(Math.round(shown * 100)));
    }, 60);
    return () => clearInterval(timer);
  }, []);
  return html`<div class="meter" role="meter" aria-label=${label} aria-valuemin="0" aria-valuemax="100"
    aria-valuenow="0" data-testid="meter"><div ref=${bar}></div></div>`;
}
