// What was recorded while closed, for operator and chair alone; and who opened it.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {useEffect, useRef} from "preact/hooks";
import {config, knows, number, shortDate, span, t, timeOfDay} from "./texts.js";
import {show} from "./parts/common/page.js";
import {ask, wordsOf} from "./parts/common/ask.js";
import {Head} from "./parts/common/head.js";
import {attach} from "./parts/public/player.js";

/** @typedef {{at_ms: number, name: string, role: string, address: string, what: string}} Access */
/** @typedef {{duration_s: number, bytes: number, retired: boolean, accesses: Access[]}} Sealed */

const REFRESH_MS = 10_000;
const DESK = config.role === "chair" ? "chair" : "operator";
const ADDRESS = `/api/v1/sessions/${config.session}/sealed`;

/** @type {import("@preact/signals").Signal<Sealed | undefined>} */
const sealed = signal(undefined);
const failed = signal("");

async function load() {
  try {
    sealed.value = await ask(ADDRESS);
    failed.value = "";
  } catch (error) {
    failed.value = wordsOf(error);
  }
}

function Page() {
  const told = sealed.value;
  return html`<${Head} />
    <main class="watch">
      <div class="stage-column">
        ${told && html`<${Stage} told=${told} />`}
        <div class="about"><h1>${t("title.sealed")}</h1><p class="muted">${config.session_title} · <a href=${`/${DESK}/${config.session}`}>${t(DESK === "chair" ? "public.chair" : "public.control")}</a></p></div>
        <p class="notice">${t("sealed.note")}</p>
        ${failed.value && html`<p class="error" role="alert">${failed.value}</p>`}
        ${told && told.duration_s > 0 && !told.retired && html`<div class="choices">
          <a class="button primary" href=${`${ADDRESS}/film.mp4`} download data-testid="sealed-download">${t("sealed.download", {size: sizeOf(told.bytes)})}</a>
          <span class="muted numbers">${span(told.duration_s * 1000)}</span></div>`}
      </div>
      <section class="panel accesses" aria-label=${t("sealed.accesses")}>
        <h2>${t("sealed.accesses")}</h2>
        ${told && !told.accesses.length && html`<p class="muted">${t("sealed.no_accesses")}</p>`}
        <ol class="items">${told?.accesses.map((one) => html`<${Row} key=${`${one.at_ms}${one.name}`} one=${one} />`)}</ol>
      </section>
    </main>`;
}

/** @param {{told: Sealed}} props */
function Stage({told}) {
  if (told.retired) return html`<div class="stage card" data-testid="retired"><div><p class="card-title">${t("error.retired")}</p></div></div>`;
  if (told.duration_s > 0) return html`<${Player} />`;
  return html`<div class="stage card" data-testid="nothing-sealed"><div>
    <p class="card-title">${t("sealed.nothing")}</p><p>${t("sealed.nothing_note")}</p></div></div>`;
}

function Player() {
  const element = useRef(/** @type {HTMLVideoElement | null} */ (null));
  useEffect(() => {
    if (!element.current) return;
    const player = attach(element.current, `${ADDRESS}/index.m3u8`, {startS: 0});
    return () => player.close();
  }, []);
  return html`<div class="stage"><video ref=${element} controls playsinline data-testid="player"
    aria-label=${t("title.sealed")}></video></div>`;
}

/** @param {{one: Access}} props */
function Row({one}) {
  const role = knows(`role.${one.role}`) ? t(`role.${one.role}`) : one.role;
  return html`<li data-testid="access"><span class="numbers muted">${timeOfDay(one.at_ms)}</span>
    <div><b>${t(one.what === "download" ? "sealed.download_done" : `sealed.${one.what}`)}</b><p class="muted">${one.name} · ${role}</p>
      <p class="muted numbers">${shortDate(one.at_ms)} · ${one.address}</p></div></li>`;
}

/** @param {number} bytes */
function sizeOf(bytes) {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${number(bytes / 1e9)} GB`;
}

show(Page);
void load();
setInterval(load, REFRESH_MS); // who opens it meanwhile is seen here
