// The newest typed caption over a picture that comes without delay; what comes by HLS has its own.

import {html} from "htm/preact";
import {useEffect, useState} from "preact/hooks";
import {now} from "../../state.js";

/** @import {Caption} from "../../types.js" */

/** As long as a cue of the recording stands at most. */
const SHOWN_MS = 7000;

/** @param {{caption: Caption | undefined}} props */
export function CaptionLine({caption}) {
  const [, again] = useState(0);
  const leftMs = caption ? caption.at_ms + SHOWN_MS - now() : 0;
  useEffect(() => {
    if (leftMs <= 0) return;
    const timer = setTimeout(() => again((times) => times + 1), leftMs + 50);
    return () => clearTimeout(timer);
  }, [caption?.id, caption?.text]);
  return caption && leftMs > 0 ? html`<p class="caption-over" data-testid="caption"><span>${caption.text}</span></p>` : null;
}
