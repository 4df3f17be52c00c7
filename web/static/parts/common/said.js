// What changes by itself on a page, for whoever hears the page and does not see it.

import {html} from "htm/preact";

/** Is there before its words are: most screen readers say only what changes in a place that they know.
 * @param {{text: string}} props a sentence, short; empty: nothing to say */
export function Said({text}) {
  return html`<p class="hidden-visually" role="status" data-testid="said">${text}</p>`;
}
