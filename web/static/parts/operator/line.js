// How good a site's line is: a word on its tile, the figures of now under the pointer; a click opens
// all of it.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {operatorView} from "../../state.js";
import {number, rate, t} from "../../texts.js";
import {openLine} from "./line_dialog.js";

/** @import {Site} from "../../types.js" */

/** The site whose figures are shown, and the button they belong to.
 * @type {import("@preact/signals").Signal<{site: string, anchor: HTMLElement} | undefined>} */
const shown = signal(undefined);

/** A browser scales by whole steps, so a picture that is nearly as large as asked for has arrived. */
const NEARLY = 0.9;

/** The word for a site's line. @param {Site} site @param {boolean} wasHere */
function wordOf(site, wasHere) {
  if (site.put_out) return "absent"; // as was meant: no fault
  if (site.present) return site.line ?? "lost";
  return wasHere ? "lost" : "absent";
}

/** @param {{site: Site, wasHere: boolean}} props `wasHere`: at any time since the page was opened */
export function LineButton({site, wasHere}) {
  const show = (/** @type {Event} */ event) => {
    const anchor = /** @type {HTMLElement} */ (event.currentTarget);
    // After a dialog the focus comes back by itself; nobody asked for the card then.
    if (event.type !== "focus" || anchor.matches(":focus-visible")) shown.value = {site: site.id, anchor};
  };
  const hide = () => {
    if (shown.value?.site === site.id) shown.value = undefined;
  };
  const open = () => {
    hide();
    openLine(site.id);
  };
  const word = wordOf(site, wasHere);
  const text = t(site.put_out ? "operator.line_out" : word === "absent" ? "operator.line_absent" : `line.${word}`);
  return html`<button type="button" class="line" data-line=${word} aria-describedby="line-details"
    aria-label=${t("operator.line_of", {quality: text})} data-testid=${`line-${site.id}`}
    onMouseEnter=${show} onMouseLeave=${hide} onFocus=${show} onBlur=${hide} onClick=${open}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && hide()}>${text}</button>`;
}

/** The picture that comes, and the one that is asked for while that has not come: "180p → 720p".
 * @param {{site: Site}} props */
export function Arriving({site}) {
  const [comes, wished] = [heightOf(site.size), heightOf(site.wished)];
  if (!site.present || !comes || !wished) return null;
  const rising = comes < wished * NEARLY;
  if (!rising && site.quality === "standby") return null;
  return html`<span class="arriving numbers" data-rising=${rising} data-testid=${`arriving-${site.id}`}
    title=${rising ? t("operator.rising", {comes, wished}) : ""}>${comes}p${rising && html` → ${wished}p`}</span>`;
}

/** @param {string | undefined} size "1280x720" */
function heightOf(size) {
  return Number(size?.split("x")[1] ?? 0);
}

/** The one card of figures, in the top layer so that no scrolling grid cuts it off. */
export function LineDetails() {
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  const at = shown.value;
  const site = at && operatorView().sites[at.site];
  useEffect(() => {
    if (!card.current) return;
    card.current.togglePopover(Boolean(site));
    if (site && at) place(card.current, at.anchor.getBoundingClientRect());
  });
  return html`<div id="line-details" class="line-details" popover="manual" role="tooltip" ref=${card}>
    ${site && html`<h3>${site.name}</h3><dl class="numbers">
      ${figuresOf(site).map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>`}
  </div>`;
}

/** Above its button if there is room, else below; never beyond the edge.
 * @param {HTMLElement} card @param {DOMRect} anchor */
function place(card, anchor) {
  const {width, height} = card.getBoundingClientRect();
  const above = anchor.top - height - 8;
  card.style.top = `${above > 8 ? above : anchor.bottom + 8}px`;
  card.style.left = `${Math.max(8, Math.min(anchor.left, innerWidth - width - 8))}px`;
}

/** @param {Site} site @returns {[string, string][]} */
function figuresOf(site) {
  const dash = "–";
  const known = (/** @type {number | undefined} */ value, /** @type {string} */ unit) => (
    value === undefined ? dash : `${number(value)} ${unit}`
  );
  return [
    [t("operator.rtt"), known(site.rtt_ms, "ms")],
    [t("operator.loss"), known(site.loss_percent, "%")],
    [t("operator.bitrate"), site.bitrate_bps === undefined ? dash : rate(site.bitrate_bps)],
    [t("operator.picture"), [site.size?.replace("x", "×"), site.codec].filter(Boolean).join(" · ") || dash],
    [t("operator.asked_for"), site.quality ? t(`operator.quality_${site.quality}`) : dash],
    [t("operator.camera"), t(`operator.device_${site.camera ?? "none"}`)],
    [t("operator.microphone"), t(`operator.device_${site.microphone ?? "none"}`)],
  ];
}
