// A picture that moves about once a second: the newest still, drawn without rendering anything anew.

import {effect} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {still} from "../../state.js";

/** @param {{name: string, label: string}} props `name` of a site or `PREVIEW` */
export function Still({name, label}) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => effect(() => {
    const jpeg = still(name).value;
    if (jpeg && canvas.current) void draw(canvas.current, jpeg);
  }), [name]);
  return html`<canvas class="still" ref=${canvas} role="img" aria-label=${label} width="320" height="180" />`;
}

/** @param {HTMLCanvasElement} canvas @param {Blob} jpeg */
async function draw(canvas, jpeg) {
  let picture;
  try {
    picture = await createImageBitmap(jpeg);
  } catch {
    return; // a torn still: the next one comes in a second
  }
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width;
    canvas.height = picture.height;
  }
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  picture.close();
}
