// A document read in the page: one page at a time as a picture, turned and enlarged by button, key or
// thumb. The server draws the pages, so that any phone and any projector can show them.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {fetchDocument, fetchPage, fetchPages} from "../../state.js";
import {t} from "../../texts.js";
import {wordsOf} from "./ask.js";
import {Icon} from "./icons.js";

/** @import {PaperDocument} from "../../types.js" */

/** Times what it is when the whole page is seen, which is the first. */
const ZOOMS = [1, 1.5, 2, 3, 4];
const KEPT = 8;
const FORGET_MS = 60_000;

/** @typedef {{paper: PaperDocument, page: number, pages: number, zoom: number, url: string, trouble: string}} Reading */

/** @type {import("@preact/signals").Signal<Reading | undefined>} */
const reading = signal(undefined);

/** Pages that were fetched, the newest last: `document/page` and its picture's address.
 * @type {Map<string, string>} */
const kept = new Map();
/** Pages that are on their way: who turns to the next one while it comes waits for it. @type {Map<string, Promise<string>>} */
const coming = new Map();

/** @param {PaperDocument} paper */
export async function read(paper) {
  forget();
  reading.value = {paper, page: 1, pages: 0, zoom: 1, url: "", trouble: ""};
  await tried(paper, async () => {
    const {pages} = await fetchPages(paper.id);
    change(paper, {pages});
    await show(paper, 1);
  });
}

/** @param {PaperDocument} paper @param {() => Promise<void>} work */
async function tried(paper, work) {
  try {
    await work();
  } catch (error) {
    change(paper, {trouble: wordsOf(error)});
  }
}

/** If it is still open. @param {PaperDocument} paper @param {Partial<Reading>} what */
function change(paper, what) {
  const now = reading.peek();
  if (now?.paper.id === paper.id) reading.value = {...now, ...what};
}

/** @param {PaperDocument} paper @param {number} page */
async function show(paper, page) {
  change(paper, {page, url: kept.get(`${paper.id}/${page}`) ?? "", trouble: ""});
  const stays = () => reading.peek()?.page === page; // nobody turned on meanwhile
  try {
    const url = await fetched(paper, page);
    if (stays()) change(paper, {url});
  } catch (error) {
    if (stays()) change(paper, {trouble: wordsOf(error)});
    return;
  }
  // Ahead; what fails of it is asked for again by whoever turns to it.
  if (stays() && page < (reading.peek()?.pages ?? 0)) await fetched(paper, page + 1).catch(console.warn);
}

/** @param {PaperDocument} paper @param {number} page */
async function fetched(paper, page) {
  const key = `${paper.id}/${page}`;
  const known = kept.get(key) ?? coming.get(key);
  if (known) return known;
  const comes = bring(paper, page, key).finally(() => coming.delete(key));
  coming.set(key, comes);
  return comes;
}

/** @param {PaperDocument} paper @param {number} page @param {string} key */
async function bring(paper, page, key) {
  const url = URL.createObjectURL(await fetchPage(paper.id, page));
  if (reading.peek()?.paper.id !== paper.id) {
    URL.revokeObjectURL(url);
    return "";
  }
  kept.set(key, url);
  const [oldest] = kept.keys();
  if (kept.size > KEPT && oldest) {
    URL.revokeObjectURL(kept.get(oldest) ?? "");
    kept.delete(oldest);
  }
  return url;
}

function forget() {
  for (const url of kept.values()) URL.revokeObjectURL(url);
  kept.clear();
}

function close() {
  reading.value = undefined;
  forget();
}

/** @param {number} to */
function turn(to) {
  const now = reading.peek();
  if (!now || to < 1 || to > now.pages || to === now.page) return;
  void show(now.paper, to);
}

/** @param {1 | -1 | 0} step 0: the whole page */
function zoom(step) {
  const now = reading.peek();
  if (!now) return;
  const next = step && ZOOMS[ZOOMS.indexOf(now.zoom) + step];
  if (next || !step) change(now.paper, {zoom: next || 1});
}

/** @type {Record<string, (now: Reading) => void>} */
const KEYS = {
  "ArrowRight": (now) => turn(now.page + 1),
  "PageDown": (now) => turn(now.page + 1),
  "ArrowLeft": (now) => turn(now.page - 1),
  "PageUp": (now) => turn(now.page - 1),
  "Home": () => turn(1),
  "End": (now) => turn(now.pages),
  "+": () => zoom(1),
  "=": () => zoom(1),
  "-": () => zoom(-1),
  "0": () => zoom(0),
};

/** @param {KeyboardEvent} event */
function key(event) {
  const now = reading.peek();
  const does = KEYS[event.key];
  if (!now || !does || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  does(now);
}

/** The open document; nothing while there is none. */
export function Reader() {
  const now = reading.value;
  return now ? html`<${Opened} now=${now} />` : null;
}

/** @param {{now: Reading}} props */
function Opened({now}) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const desk = useRef(/** @type {HTMLElement | null} */ (null));
  const {paper, page, pages, url, trouble} = now;
  useEffect(() => dialog.current?.showModal(), []);
  const fit = () => {
    const room = desk.current;
    const img = room?.querySelector("img");
    if (!room || !img?.naturalHeight) return;
    const whole = Math.min(room.clientWidth, room.clientHeight * img.naturalWidth / img.naturalHeight);
    room.style.setProperty("--page-width", `${Math.round(whole * now.zoom)}px`);
  };
  useEffect(fit, [now.zoom]);
  useEffect(() => {
    desk.current?.scrollTo(0, 0);
  }, [page]);
  const label = t("reader.page", {page, pages: pages || "…"});
  return html`<dialog class="reader" ref=${dialog} aria-label=${paper.name} onClose=${close} onKeyDown=${key} data-testid="reader">
    <header><h2>${paper.name}</h2>
      <button type="button" class="reader-close" onClick=${close} data-testid="reader-close"><${Icon} name="close" />${t("common.close")}</button></header>
    <div class="reader-desk" ref=${desk} tabindex="0" data-whole=${now.zoom === 1} data-testid="reader-desk">
      ${trouble ? html`<p class="error" role="alert">${trouble}</p>`
        : url ? html`<img src=${url} alt=${`${paper.name}: ${label}`} onLoad=${fit} onDblClick=${() => zoom(now.zoom > 1 ? 0 : 1)} data-testid="reader-page" />`
        : html`<p class="muted" role="status">${t("reader.loading")}</p>`}</div>
    <footer><span class="reader-turn">
        <button type="button" onClick=${() => turn(page - 1)} disabled=${page <= 1} aria-label=${t("reader.before")} title=${t("reader.before")} data-testid="reader-before"><${Icon} name="before" /></button>
        <span class="numbers" role="status" data-testid="reader-at">${label}</span>
        <button type="button" onClick=${() => turn(page + 1)} disabled=${page >= pages} aria-label=${t("reader.after")} title=${t("reader.after")} data-testid="reader-after"><${Icon} name="after" /></button></span>
      <span class="reader-zoom">
        <button type="button" onClick=${() => zoom(-1)} disabled=${now.zoom === ZOOMS[0]} aria-label=${t("reader.smaller")} title=${t("reader.smaller")}>−</button>
        <button type="button" onClick=${() => zoom(0)} aria-pressed=${now.zoom === 1}>${t("reader.whole")}</button>
        <button type="button" onClick=${() => zoom(1)} disabled=${now.zoom === ZOOMS.at(-1)} aria-label=${t("reader.larger")} title=${t("reader.larger")} data-testid="reader-larger">+</button></span>
      <button type="button" class="plain" onClick=${() => void tried(paper, () => download(paper))} data-testid="reader-download"><${Icon} name="down" />${t("reader.download")}</button>
    </footer></dialog>`;
}

/** A link's secret goes in a header, so the page fetches it and the browser keeps what came.
 * @param {PaperDocument} paper */
async function download(paper) {
  const url = URL.createObjectURL(await fetchDocument(paper.id));
  Object.assign(document.createElement("a"), {href: url, download: `${paper.name}.pdf`}).click();
  setTimeout(() => URL.revokeObjectURL(url), FORGET_MS);
}

/** The documents of an item, to be opened. @param {{papers: PaperDocument[] | undefined}} props */
export function PaperList({papers}) {
  if (!papers?.length) return null;
  return html`<ul class="paper-list">${papers.map((one) => html`<li key=${one.id}><button type="button" class="plain" data-testid=${`paper-${one.id}`}
    onClick=${() => void read(one)}><${Icon} name="paper" />${one.name}</button></li>`)}</ul>`;
}
