// The server was upgraded, and its pages are made of something else than this one. It is loaded anew: by
// itself where nothing is lost by that, else when its reader says so. What the new page needs is fetched
// before, so that a thin line keeps nobody waiting. A page that breaks on the server's new words goes at once.

import {effect} from "@preact/signals";
import {html} from "htm/preact";
import {keep, kept} from "../../kept.js";
import {newBuild} from "../../state.js";
import {t} from "../../texts.js";
import {Icon} from "./icons.js";

const TRIED = "diemcau.build";
const LOOK_MS = 500;

/** Told where a person decides, or where the page may not go by itself. */
export function Renewal() {
  if (!newBuild.value) return null;
  return html`<div class="control renewal" role="status" data-testid="renewal"><${Icon} name="warning" /><p>${t("common.renewed")}</p>
    <button type="button" class="primary small" onClick=${renew} data-testid="renew">${t("common.renew")} <kbd>F5</kbd></button></div>`;
}

/** The page goes by itself, once `free` says that nothing is lost by it.
 * @param {() => boolean | Promise<boolean>} free */
export function renewWhen(free) {
  effect(() => {
    if (newBuild.value && kept("sessionStorage", TRIED) !== newBuild.value) void renewSoon(free);
  });
}

/** @param {() => boolean | Promise<boolean>} free */
async function renewSoon(free) {
  const build = newBuild.value;
  await calm(free); // what is fetched would take its room on the line from the sound
  await fetchAhead();
  await calm(free);
  if (newBuild.value === build) renewOnce();
}

/** @param {() => boolean | Promise<boolean>} free */
async function calm(free) {
  while (inUse() || !(await free())) await new Promise((later) => setTimeout(later, LOOK_MS));
}

function renew() {
  keep("sessionStorage", TRIED, newBuild.value);
  location.reload();
}

/** For each build: where that brought the old page again, something between keeps it. Where the browser
 * cannot remember that, its reader decides. */
function renewOnce() {
  if (kept("sessionStorage", TRIED) !== newBuild.value && keep("sessionStorage", TRIED, newBuild.value)) location.reload();
}

/** Somebody types, or reads what lies above the page. */
function inUse() {
  /** @type {NodeListOf<HTMLInputElement | HTMLTextAreaElement>} */
  const fields = document.querySelectorAll("textarea, input:not([type=checkbox], [type=radio], [type=range])");
  return [...fields].some((field) => field.value !== field.defaultValue) || document.querySelector("dialog[open]") !== null;
}

/** Into the browser's cache, where the new page finds it. */
async function fetchAhead() {
  try {
    const shell = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), "text/html");
    const needed = [...shell.querySelectorAll("link[rel=modulepreload], link[rel=stylesheet]")];
    await Promise.all(needed.map(async (link) => (await fetch(link.getAttribute("href") ?? "")).blob()));
  } catch (error) {
    console.warn(error); // then the new page fetches it
  }
}

/** @param {ErrorEvent} event */
function broken({error}) {
  if (error instanceof Error && newBuild.value) renewOnce();
}

addEventListener("error", broken);
