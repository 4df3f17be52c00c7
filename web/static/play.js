// Playback: the archive with a chapter for each item and each turn, each with a link of its own.

import {html} from "htm/preact";
import {computed, signal} from "@preact/signals";
import {useEffect, useRef, useState} from "preact/hooks";
import {config, plain, span, t} from "./texts.js";
import {show} from "./parts/common/page.js";
import {ask, wordsOf} from "./parts/common/ask.js";
import {unplayable} from "./parts/common/formats.js";
import {Refusal} from "./server.js";
import {Head, isStaff} from "./parts/common/head.js";
import {CaptionsSwitch, captionsOn} from "./parts/public/captions.js";
import {Languages, language, languages} from "./parts/public/languages.js";
import {attach, captionsOf} from "./parts/public/player.js";

/** @typedef {{start_s: number, end_s: number, kind: "item" | "turn", title: string, subtitle: string}} Chapter */

const REFRESH_MS = 10_000;
const SPEEDS = [0.75, 1, 1.25, 1.5, 2];
const JUMP_S = 10;
const NEWER_S = 10; // a link that was made at the live end is ahead of what is kept, for a moment
const lack = unplayable();
/** There is a recording, and this browser plays at least its sound. */
const plays = () => !missing.value && !config.retired && lack !== "all";
const mayOpenSealed = ["operator", "chair"].includes(config.role ?? "");

/** @type {import("@preact/signals").Signal<Chapter[]>} */
const chapters = signal(/** @type {Chapter[]} */ ([]));
const failed = signal("");
/** Before a session begins there is nothing to play; a player would ask and ask. */
const missing = signal(!config.plays);
const at = signal(0);
const search = signal("");
const captioned = signal(false);
const copied = signal(-1);
const rate = signal(1);
/** What came of sharing. */
const said = signal("");
/** @type {HTMLVideoElement | null} */
let video = null;

const shown = computed(() => {
  const wanted = plain(search.value.trim());
  return wanted ? chapters.value.filter((one) => plain(`${one.title} ${one.subtitle}`).includes(wanted)) : chapters.value;
});

/** The one that is playing: a turn rather than the item around it. */
const current = computed(() => {
  if (config.retired) return undefined;
  const inside = chapters.value.filter((one) => one.start_s <= at.value && at.value < one.end_s);
  return inside.findLast((one) => one.kind === "turn") ?? inside.at(-1);
});

async function load() {
  let {over} = config;
  try {
    const told = await ask(`/api/v1/sessions/${config.session}/chapters`);
    chapters.value = told.chapters;
    captioned.value = told.captioned;
    over = told.over;
    failed.value = "";
    missing.value = false;
  } catch (error) {
    missing.value = error instanceof Refusal && error.code === "no_archive";
    failed.value = missing.value ? "" : wordsOf(error);
  }
  // A recording that goes on gets more of them, and what failed is asked for again.
  if (!over || failed.value) setTimeout(load, REFRESH_MS);
}

/** For staff: the whole, or a piece, as one file. @param {Chapter} [chapter] */
function film(chapter) {
  const piece = chapter ? `?from=${chapter.start_s}&to=${chapter.end_s}` : "";
  return `/api/v1/sessions/${config.session}/film.mp4${piece}`;
}

/** The link to a second, on the clipboard; where there is none (W3C Clipboard API: only over HTTPS),
 * in the address bar. @param {number} seconds */
async function share(seconds) {
  const hash = `#t=${Math.floor(seconds * 10) / 10}`;
  history.replaceState(null, "", hash);
  try {
    await navigator.clipboard.writeText(location.href);
    said.value = t("public.copied");
    return true;
  } catch {
    said.value = t("public.in_address_bar");
    return false;
  }
}

/** @param {number} seconds */
function seek(seconds) {
  if (!video) return;
  video.currentTime = seconds;
  void video.play();
}

/** `#t=90` in seconds, as other players have it. */
function wantedS() {
  const value = Number(new URLSearchParams(location.hash.slice(1)).get("t"));
  return Number.isFinite(value) && value > 0 ? value : 0;
}

function Page() {
  return html`<${Head} />
    <main class="watch play">
      <div class="stage-column">
        ${lack === "picture" && plays() && html`<p class="notice warn" data-testid="no-picture"><strong>${t("public.no_picture")}.</strong> ${t("public.no_picture_note")}</p>`}
        ${plays() ? html`<${Player} />` : html`<${NotHere} />`}
        <div class="about"><h1>${config.session_title}</h1>
          ${current.value && html`<p data-testid="current"><strong>${current.value.title}</strong> <span class="muted">${current.value.subtitle}</span></p>`}</div>
        ${!plays() && (config.retired || !missing.value) && isStaff() && html`<div class="choices">${!config.retired && html`<${Film} />`}<${Papers} /></div>`}
        ${plays() && html`<div class="choices"><${Speed} /><${Languages} />${captioned.value && html`<${CaptionsSwitch} />`}
          <button type="button" onClick=${() => share(at.value)} data-testid="share">${t("public.share_here", {at: span(at.value * 1000)})}</button>
          ${isStaff() && html`<${Film} /><${Papers} />`}</div>
        <p class="hint" role="status" aria-live="polite">${said.value}</p>
        <p class="hint keys-of-player">${t("public.keys")} <kbd>${t("public.space")}</kbd> ${t("public.key_play")} · <kbd>←</kbd> <kbd>→</kbd> ${t("public.key_jump")} · <kbd>${"<"}</kbd> <kbd>${">"}</kbd> ${t("public.key_speed")}</p>`}
      </div>
      <${Chapters} />
    </main>`;
}

function Film() {
  return html`<a class="button" href=${film()} download data-testid="download">${t("public.download")}</a>`;
}

/** What there is of a session besides its recording, be that here or not: for staff. */
function Papers() {
  return html`<a class="button plain" href=${`/minutes/${config.session}`} data-testid="to-minutes">${t("title.minutes")}</a>
    <a class="button plain" href=${`/lines/${config.session}`} data-testid="to-lines">${t("title.lines")}</a>
    ${mayOpenSealed && html`<a class="button plain" href=${`/sealed/${config.session}`}>${t("title.sealed")}</a>`}`;
}

function NotHere() {
  if (config.retired) return html`<div class="stage card" data-testid="retired"><div><p class="card-title">${t("error.retired")}</p></div></div>`;
  if (!missing.value) return html`<div class="stage card" data-testid="no-picture"><div><p class="card-title">${t("public.no_picture")}</p><p>${t("public.no_film_note")}</p></div></div>`;
  return html`<div class="stage card" data-testid="not-recorded"><div>
    <p class="card-title">${t("error.no_archive")}</p>
    ${!config.plays && html`<p>${t("public.no_recording_note")}</p>`}
    ${!config.over && html`<p><a class="button primary" href=${`/watch/${config.session}`}>${t("public.watch")}</a></p>`}</div></div>`;
}

function Player() {
  const element = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const goesOn = useRef(false);
  const [state, setState] = useState("");
  useEffect(() => {
    if (!element.current) return;
    video = element.current;
    const player = attach(video, `/archive/${config.session}/master.m3u8`, {
      startS: at.value || wantedS(),
      language: language.value,
      onLanguages: (told) => { languages.value = told; },
      onState: setState,
    });
    if (goesOn.current) video.play().catch(() => undefined); // in another language
    const captions = captionsOf(video, () => captioned.value && captionsOn.value);
    return () => {
      captions();
      goesOn.current = video?.paused === false;
      player.close();
    };
  }, [language.value]);
  const look = () => (at.value = video?.currentTime ?? 0);
  return html`<div class="stage"><video ref=${element} controls playsinline onTimeUpdate=${look} onSeeking=${look} onSeeked=${look}
      onDurationChange=${stayWithin} data-testid="player" aria-label=${t("public.player")}></video>
    ${state === "waiting" && html`<p class="over-picture" role="status" data-testid="no-recording">${t("public.no_recording")}</p>`}</div>`;
}

/** A link to a second that the recording does not have: it begins, and says why it does so. */
function stayWithin() {
  if (!video || !(wantedS() > video.duration + NEWER_S)) return;
  said.value = t("public.not_recorded", {at: span(wantedS() * 1000)});
  history.replaceState(null, "", location.pathname);
  video.currentTime = 0;
}

/** @param {number} wanted */
function setRate(wanted) {
  rate.value = wanted;
  // The other is what it goes back to where the recording is taken anew: after an error, in another language.
  if (video) video.playbackRate = video.defaultPlaybackRate = wanted;
}

function Speed() {
  const set = (/** @type {Event} */ event) => setRate(Number(/** @type {HTMLSelectElement} */ (event.target).value));
  return html`<label class="speed">${t("public.speed")}
    <select onChange=${set} value=${rate.value} data-testid="speed">${SPEEDS.map((speed) => html`<option value=${speed}>${speed.toLocaleString(config.language)}×</option>`)}</select></label>`;
}

function Chapters() {
  return html`<section class="panel chapters" aria-label=${t("public.chapters")}>
    <h2>${t("public.chapters")}</h2>
    ${!missing.value && html`<input type="search" placeholder=${t("public.search")} aria-label=${t("public.search")} data-testid="search"
      onInput=${(/** @type {Event} */ event) => (search.value = /** @type {HTMLInputElement} */ (event.target).value)} />`}
    ${failed.value && html`<p class="error">${failed.value}</p>`}
    ${!failed.value && !shown.value.length && html`<p class="muted">${t(search.value ? "public.nothing_found" : "public.no_chapters")}</p>`}
    <ol class="chapter-list">${shown.value.map((one) => html`<${Row} one=${one} />`)}</ol></section>`;
}

/** @param {{one: Chapter}} props */
function Row({one}) {
  const said = html`<span class="numbers time">${span(one.start_s * 1000)}</span>
    <span><span class="title">${one.title}</span>${one.subtitle && html`<span class="muted">${one.subtitle}</span>`}</span>`;
  if (!plays()) return html`<li data-kind=${one.kind} data-testid="chapter"><div class="chapter">${said}</div></li>`;
  const hash = `#t=${Math.floor(one.start_s * 10) / 10}`;
  const jump = (/** @type {Event} */ event) => {
    event.preventDefault();
    history.replaceState(null, "", hash);
    seek(one.start_s);
  };
  const copy = async () => {
    if (await share(one.start_s)) copied.value = one.start_s;
  };
  return html`<li data-kind=${one.kind} data-testid="chapter" aria-current=${one === current.value ? "true" : undefined}>
    <a class="chapter" href=${hash} onClick=${jump}>${said}</a>
    ${isStaff() && html`<a class="button plain down" href=${film(one)} download title=${t("public.download_chapter")} aria-label=${t("public.download_chapter")}><${DownIcon} /></a>`}
    <button class="plain" onClick=${copy} title=${t("public.copy_link")} aria-label=${t("public.copy_link")}>
      ${copied.value === one.start_s ? "✓" : html`<${LinkIcon} />`}</button></li>`;
}

function DownIcon() {
  return html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true">
    <path d="M12 4v11m0 0 5-5m-5 5-5-5M5 20h14" /></svg>`;
}

function LinkIcon() {
  return html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true">
    <path d="M10 14a4 4 0 0 0 6 0l4-4a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-4 4a4 4 0 0 0 6 6l1-1" /></svg>`;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (!video || event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
  if (event.target === video || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ArrowLeft") seek(Math.max(0, video.currentTime - JUMP_S));
  else if (event.key === "ArrowRight") seek(video.currentTime + JUMP_S);
  else if (event.key === "<" || event.key === ",") setRate(SPEEDS[Math.max(0, SPEEDS.indexOf(rate.value) - 1)] ?? 1);
  else if (event.key === ">" || event.key === ".") setRate(SPEEDS[SPEEDS.indexOf(rate.value) + 1] ?? rate.value);
  else if (event.key === " " && !(event.target instanceof HTMLButtonElement)) void (video.paused ? video.play() : video.pause());
  else return;
  event.preventDefault();
}

show(Page);
document.addEventListener("keydown", onKey);
globalThis.addEventListener("hashchange", () => seek(wantedS()));
void load();
