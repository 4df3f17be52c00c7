// The multiview: every site as a tile. A click puts it into the preview.

import {html} from "htm/preact";
import {useLayoutEffect, useRef} from "preact/hooks";
import {screenOf} from "../../protocol.js";
import {operatorView, sitesOf} from "../../state.js";
import {t} from "../../texts.js";
import {Do, canGive, mayGive, shortName, tileName} from "../common/actions.js";
import {Icon} from "../common/icons.js";
import {Find, KEYS, areMany, foundAmong} from "./find.js";
import {Arriving, LineButton} from "./line.js";
import {Meter} from "./meter.js";
import {PlayerButton, PlayerTile} from "./player.js";
import {seat} from "./preview.js";
import {ScreenTile, ScreensButton} from "./screens.js";
import {inUse, useSight} from "./sight.js";
import {Still} from "./still.js";
import {TalkButton, TalkMark} from "./talk.js";
import {tilingFor} from "./tiling.js";
import {walk} from "./walk.js";

/** @import {Site} from "../../types.js" */
/** @import {Found} from "./find.js" */

/** Two side by side, whose buttons are as large as a finger; also in the style sheet. */
const PHONE = matchMedia("(max-width: 600px)");

/** Sites that were here since the page was opened: if they are not, they were lost. @type {Set<string>} */
const seen = new Set();

export function Sites() {
  const sites = sitesOf(operatorView());
  const present = sites.filter((site) => site.present).length;
  const open = sites.filter((site) => site.microphone_open && !site.booth).length;
  const many = areMany();
  const worries = many ? sites.filter(worrying) : [];
  const found = foundAmong(sites, worries);
  return html`<section class="sites panel" aria-labelledby="sites-title" data-testid="sites">
    <header>
      <h2 id="sites-title">${t("operator.sites")}</h2>
      <p class="muted">${t("operator.sites_present", {present, all: sites.length})}</p>
      <p class=${open ? "open-count" : "muted"}>${t("operator.microphones_open", {open})}</p>
      ${many && html`<${Find} first=${found?.first} worries=${worries.length} />`}
      <span class="tools"><${ScreensButton} /><${PlayerButton} />
      <${Do} command=${{type: "mute_all"}} disabled=${!open && !operatorView().player?.sound} class="small">
        <${Icon} name="muted" />${t("operator.mute_all")}<kbd>M</kbd><//></span>
    </header>
    <${Tiles} sites=${sites} found=${found} />
  </section>`;
}

/** As large as the room allows without scrolling. @param {{sites: Site[], found: Found | undefined}} props `found`: all if undefined */
function Tiles({sites, found}) {
  const {player, screens} = operatorView();
  const count = found?.shown.size ?? sites.length + screens.length + (player ? 1 : 0);
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    const room = list.current;
    if (!room) return undefined;
    const fit = () => {
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
      const {columns, compact} = PHONE.matches ? {columns: 2, compact: false} : tilingFor(count, room.clientWidth, room.clientHeight, rem);
      room.style.setProperty("--columns", String(columns));
      room.dataset["compact"] = String(compact);
    };
    fit();
    const watcher = new ResizeObserver(fit);
    watcher.observe(room);
    return () => watcher.disconnect();
  }, [count]);
  useSight(list, sites);
  return html`<ul class="tiles" ref=${list} onKeyDown=${walk} onKeyDownCapture=${inUse} onPointerMove=${inUse} onPointerDown=${inUse} onWheel=${inUse}>
    ${!found && screens.map((screen) => html`<${ScreenTile} key=${screenOf(screen.site)} screen=${screen} />`)}
    ${sites.map((site, index) => html`<${Tile} key=${site.id} site=${site} index=${index}
      hidden=${found?.shown.has(site.id) === false} first=${site.id === found?.first} />`)}
    ${!found && html`<${PlayerTile} />`}
    ${found?.shown.size === 0 && html`<li class="empty">${t("operator.no_site_found")}</li>`}
  </ul>`;
}

/** @param {{site: Site, index: number, hidden: boolean, first: boolean}} props `first`: of those that were sought */
function Tile({site, index, hidden, first}) {
  const name = tileName(site.name);
  if (site.present) seen.add(site.id);
  return html`<li class="tile" hidden=${hidden} data-first=${first} data-site=${site.id} data-tally=${site.tally} data-present=${site.present}
    data-video=${site.present || !seen.has(site.id) ? site.video : "lost"} data-open=${site.microphone_open} data-testid=${`site-${site.id}`}>
    <button type="button" class="picture" disabled=${!canGive("set_preview")} title=${site.name}
      aria-label=${labelOf(site)} onClick=${() => seat(site.id)} data-testid=${`seat-${site.id}`}>
      <${Still} name=${site.id} label=${name} />
      ${problemOf(site) && html`<span class="problem" title=${site.fetched?.detail}>${problemOf(site)}</span>`}
      <${Voice} site=${site} /><${Signs} site=${site} /><${TalkMark} site=${site} />
      ${site.tally !== "none" && html`<span class="tally">${t(`operator.tally_${site.tally}`)}</span>`}
      ${(first || index < KEYS) && mayGive("set_preview") && html`<kbd>${first ? "⏎" : index + 1}</kbd>`}
    </button>
    <${Meter} site=${site.id} />
    <div class="about">
      <${Name} whole=${site.name} />
      <${LineButton} site=${site} wasHere=${seen.has(site.id)} /><${Arriving} site=${site} />
      <${TalkButton} site=${site} /><${Microphone} site=${site} />
    </div>
  </li>`;
}

/** It was lost, its picture or sound is amiss, its line is poor, or somebody there asks to speak. @param {Site} site */
function worrying(site) {
  if (site.put_out) return false;
  if (operatorView().queue.some((row) => row.site === site.id)) return true;
  if (!site.present) return seen.has(site.id) || site.tally !== "none";
  return site.video !== "ok" || site.signs.length > 0 || site.line === "poor" || site.line === "lost";
}

/** Shorter still where many tiles stand. @param {{whole: string}} props */
function Name({whole}) {
  const name = tileName(whole);
  const short = tileName(name, "operator.abbreviations_small");
  return html`<span class="name" title=${whole}><span class="long">${name}</span>
    ${short !== name && html`<span class="short">${short}</span>`}</span>`;
}

/** @param {Site} site */
function labelOf(site) {
  const tally = site.tally === "none" ? "" : `, ${t(`operator.tally_${site.tally}_long`)}`;
  return t("operator.to_preview", {site: shortName(site.name)}) + tally;
}

/** Why the picture is not to be trusted; empty if it is. @param {Site} site */
function problemOf(site) {
  if (site.put_out) return t("operator.site_put_out");
  if (site.fetched && !site.fetched.connected) return t("operator.camera_waiting");
  if (!site.present) return t(seen.has(site.id) ? "operator.site_gone" : "operator.site_absent");
  if (site.video === "ok") return "";
  return site.video === "lost" ? t("operator.picture_lost") : t("operator.no_picture");
}

/** An interpreter sits there; somebody speaks there; and whether the room's noise is taken out. @param {{site: Site}} props */
function Voice({site}) {
  if (!site.booth && (!site.present || !(site.speaking || site.noise_suppressed))) return null;
  return html`<span class="voice">
    ${site.booth && html`<span class="booth" data-testid=${`booth-${site.id}`} title=${t("operator.booth_long", {language: site.booth.name})}>${site.booth.name}</span>`}
    ${site.noise_suppressed && html`<span class="cleaned">${t("operator.noise_suppressed")}</span>`}
    ${site.speaking && html`<span class="speaking" data-testid=${`speaking-${site.id}`} title=${t("operator.speaking_long")}><${Icon} name="speech" /></span>`}</span>`;
}

/** What is wrong with a picture or a sound that comes. @param {{site: Site}} props */
function Signs({site}) {
  if (!site.present || !site.signs.length) return null;
  return html`<span class="signs">${site.signs.map((sign) => html`
    <span key=${sign} data-testid=${`sign-${sign}-${site.id}`}>${t(`operator.sign_${sign}`)}</span>`)}</span>`;
}

/** None where nobody is: opened now, it would be heard whenever somebody comes. @param {{site: Site}} props */
function Microphone({site}) {
  const open = site.microphone_open;
  if (!open && (!site.present || site.put_out)) return null;
  const type = open ? "close_microphone" : "open_microphone";
  const label = t(`operator.${type}`, {site: shortName(site.name)});
  if (!mayGive(type)) {
    return open ? html`<span class="microphone on" title=${t("operator.microphone_is_open")}>
      <${Icon} name="microphone" /></span>` : null;
  }
  return html`<${Do} command=${{type, site: site.id}} class=${`microphone ${open ? "on" : ""}`}
    label=${label} pressed=${open} testid=${`microphone-${site.id}`}>
    <${Icon} name=${open ? "microphone" : "muted"} /><//>`;
}
