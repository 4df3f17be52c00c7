// A site's line in full: both ways, and the last ten minutes. Asked for only while it is open.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect} from "preact/hooks";
import {fetchLine, now, operatorView} from "../../state.js";
import {number, rate, secondOfDay, t, timeOfDay} from "../../texts.js";
import {Do} from "../common/actions.js";
import {ceilingOf, pathOf, stretches} from "./charts.js";
import {Dialog} from "../common/dialogs.js";

/** @import {LineDown, LineHistory, LineReport, LineTested, LineUp} from "../../line_types.js" */
/** @import {Site} from "../../types.js" */
/** @import {Column} from "./charts.js" */

const ASK_MS = 2000;
const WIDTH = 600;
const HEIGHT = 56;
const DASH = "–";
/** One press; less is not seen. */
const SHIFT_MS = 20;
const MOST_SHIFT_MS = 200;

/** The site whose line is shown. @type {import("@preact/signals").Signal<string | undefined>} */
const shown = signal(undefined);
/** What the server told last. @type {import("@preact/signals").Signal<LineReport | undefined>} */
const told = signal(undefined);
/** The last try failed: what is shown is older. */
const stale = signal(false);
/** The step under the pointer. @type {import("@preact/signals").Signal<number | undefined>} */
const pointed = signal(undefined);

/** @param {string} site */
export function openLine(site) {
  told.value = undefined;
  stale.value = false;
  shown.value = site;
}

export function LineDialog() {
  const site = operatorView().sites[shown.value ?? ""];
  useEffect(() => (shown.value ? ask(shown.value) : undefined), [shown.value]);
  if (!site) return null;
  const close = () => { shown.value = undefined; };
  const line = told.value;
  return html`<${Dialog} label=${t("line.of", {site: site.name})} onClose=${close} testid="line-dialog" wide=${true}>
    <header class="line-head"><h2>${site.name}</h2>
      ${line && html`<span class="line" data-line=${line.line}>${t(`line.${line.line}`)}</span>`}
      ${line?.since_at_ms !== undefined && html`<span class="muted">${t("line.since", {
        time: timeOfDay(line.since_at_ms), minutes: Math.floor((now() - line.since_at_ms) / 60_000)})}</span>`}
    </header>
    ${stale.value && html`<p class="notice warn" role="status">${t("line.stale")}</p>`}
    ${line?.test && html`<${Tested} test=${line.test} />`}
    ${line ? html`<${BothWays} up=${line.up} down=${line.down} /><${Charts} history=${line.history} />`
      : html`<p class="muted" role="status">${t("line.asking")}</p>`}
    <section class="sound-of-site">
      <${Do} command=${{type: "set_noise_suppression", site: site.id, on: !site.noise_suppressed}} pressed=${site.noise_suppressed}
        class="small" label=${t("line.noise_long")} testid="noise-suppression">${t(site.noise_suppressed ? "line.noise_on" : "line.noise_off")}<//>
      <${Shift} site=${site} /></section>
    <footer><button type="button" class="primary" onClick=${close}>${t("common.close")}</button></footer>
  <//>`;
}

/** What the site's own devices put between sound and picture is taken back by ear and eye. @param {{site: Site}} props */
function Shift({site}) {
  const later = site.sound_later_ms;
  const by = (/** @type {number} */ step) => ({
    command: {type: "shift_sound", site: site.id, later_ms: later + step}, class: "small", disabled: Math.abs(later + step) > MOST_SHIFT_MS,
  });
  const words = later > 0 ? "line.sound_later" : later < 0 ? "line.picture_later" : "line.not_shifted";
  return html`<div class="shift" role="group" aria-label=${t("line.shift")} title=${t("line.shift_hint")} data-testid="sound-shift">
    <span>${t("line.shift")}: <output class="numbers">${t(words, {ms: number(Math.abs(later))})}</output></span>
    <${Do} ...${by(SHIFT_MS)} testid="delay-sound">${t("line.delay_sound")}<//>
    <${Do} ...${by(-SHIFT_MS)} testid="delay-picture">${t("line.delay_picture")}<//>
    <small class="muted">${t("line.shift_hint")}</small></div>`;
}

/** Asks again and again, one at a time, until the returned function is called. @param {string} site */
function ask(site) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let over = false;
  const once = async () => {
    const answer = await fetchLine(site).catch(() => undefined);
    if (over) return;
    stale.value = !answer;
    if (answer) told.value = answer;
    timer = setTimeout(once, ASK_MS);
  };
  void once();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

/** @param {{up: LineUp | undefined, down: LineDown | undefined}} props */
function BothWays({up, down}) {
  const rows = rowsOf(up, down);
  if (!rows.length) return null; // it is not here
  return html`<table class="both-ways numbers" data-testid="both-ways">
    <thead><tr><th></th><th scope="col">${t("line.up")}</th><th scope="col">${t("line.down")}</th></tr></thead>
    <tbody>${rows.map(([key, sent, got]) => html`<tr>
      <th scope="row">${t(`line.${key}`)}</th><td>${sent ?? DASH}</td><td>${got ?? DASH}</td></tr>`)}</tbody>
  </table>`;
}

/**
 * @param {LineUp | undefined} up @param {LineDown | undefined} down
 * @returns {[string, string | undefined, string | undefined][]}
 */
function rowsOf(up, down) {
  const wish = up?.wish;
  /** @type {[string, string | undefined, string | undefined][]} */
  const rows = [
    ["picture", up && pictureOf(up), down && pictureBack(down)],
    ["wish", wish && `${times(wish.size)} · ${fps(wish.fps)} (${t(`operator.quality_${wish.level}`)})`, undefined],
    ["rate", up && rate(up.bitrate_bps), down && rate(down.sent_bps)],
    ["carries", undefined, down?.estimate_bps ? rate(down.estimate_bps) : undefined],
    ["loss", up && `${number(up.loss_percent)} %`, down && `${number(down.loss_percent)} %`],
    ["rtt", ms(up?.rtt_ms), ms(down?.rtt_ms)],
    ["sound", undefined, down && t(`line.sound_${down.sound}`)],
  ];
  return rows.filter(([, sent, got]) => sent !== undefined || got !== undefined);
}

/** @param {LineUp} up */
function pictureOf({size, fps: pictures, codec}) {
  return [size && times(size), pictures ? fps(pictures) : "", codec].filter(Boolean).join(" · ") || undefined;
}

/** @param {LineDown} down */
function pictureBack({height, stills}) {
  if (stills) return t("line.stills");
  return height === undefined ? t("line.no_picture") : `${height}p`;
}

/** @param {string} size */
function times(size) {
  return size.replace("x", "×");
}

/** @param {number} pictures */
function fps(pictures) {
  return t("line.fps", {pictures: number(Math.round(pictures))});
}

/** @param {number | undefined} value */
function ms(value) {
  return value === undefined ? undefined : `${number(value)} ms`;
}

/** What the site's own test said before it joined. @param {{test: LineTested}} props */
function Tested({test}) {
  const {up_bps, down_bps, rtt_ms, loss_up_percent: up, loss_down_percent: down} = test;
  const loss = up === undefined || down === undefined ? undefined : Math.max(up, down);
  const figures = [
    `↑ ${rate(up_bps)}`, `↓ ${rate(down_bps)}`, ms(rtt_ms), loss !== undefined && t("line.loses", {percent: number(loss)}),
  ];
  return html`<p class="tested numbers" data-testid="line-tested">${t("line.tested", {minutes: Math.round(test.age_s / 60)})}
    <b>${t(`line.tested_${test.verdict}`)}</b>
    <span class="muted">${test.udp ? figures.filter(Boolean).join(" · ") : t("line.no_udp")}</span></p>`;
}

/** @param {{history: LineHistory}} props */
function Charts({history}) {
  const steps = history.line.length;
  const at = pointed.value ?? steps - 1;
  const atMs = history.ends_at_ms - (steps - at) * history.step_ms;
  const point = (/** @type {PointerEvent} */ event) => {
    const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    const part = (event.clientX - box.left) / box.width;
    pointed.value = Math.max(0, Math.min(steps - 1, Math.floor(part * steps)));
  };
  const away = () => { pointed.value = undefined; };
  const minutes = Math.round(steps * history.step_ms / 60_000);
  return html`<section class="charts" data-testid="line-history" aria-label=${t("line.history", {minutes})}
    onPointerMove=${point} onPointerLeave=${away}>
    <h3>${t("line.history", {minutes})}
      <span class="muted numbers">${secondOfDay(atMs)} · ${t(`line.${history.line[at] ?? "unknown"}`)}</span></h3>
    <${Band} words=${history.line} at=${pointed.value} />
    <${Chart} name="rtt" columns=${{rtt: history.rtt_ms}} least=${100} show=${(/** @type {number} */ v) => ms(v)} at=${at} words=${history.line} />
    <${Chart} name="loss" columns=${{up: history.up_loss, down: history.down_loss}} least=${5}
      show=${(/** @type {number} */ v) => `${number(v)} %`} at=${at} words=${history.line} />
    <${Chart} name="rate" columns=${{up: history.up_bps, down: history.down_bps}} least=${500_000} show=${rate} at=${at} words=${history.line} />
    <p class="ends muted"><span>${t("line.minutes_ago", {minutes})}</span><span>${t("line.now")}</span></p>
  </section>`;
}

/** Its quality in colours, and where one points. @param {{words: (string | null)[], at: number | undefined}} props */
function Band({words, at}) {
  return html`<svg class="band" viewBox=${`0 0 ${words.length} 1`} preserveAspectRatio="none" aria-hidden="true">
    ${stretches(words).map(({word, from, steps}) => html`<rect x=${from} width=${steps} height="1" data-line=${word} />`)}
    ${at !== undefined && html`<rect class="pointer" x=${at} width="1" height="1" />`}</svg>`;
}

/**
 * One figure over time, of one or both ways.
 * @param {{name: string, columns: Record<string, Column>, least: number, show: (value: number) => string,
 *   at: number, words: (string | null)[]}} props
 */
function Chart({name, columns, least, show, at, words}) {
  const ceiling = ceilingOf(Object.values(columns), least);
  const x = ((at + 0.5) * WIDTH) / words.length;
  return html`<figure class="chart" data-chart=${name}>
    <figcaption>${t(`line.${name}`)}
      ${Object.entries(columns).map(([way, column]) => html`<b class="numbers" data-way=${way}>
        ${way !== name && html`<span>${t(`line.way_${way}`)}</span> `}${valueAt(column, at, show)}</b>`)}
      <span class="muted numbers">${t("line.most", {value: show(ceiling)})}</span></figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      ${stretches(words).filter(({word}) => word === "lost").map(({from, steps}) => html`
        <rect class="outage" x=${from * WIDTH / words.length} width=${steps * WIDTH / words.length} height=${HEIGHT} />`)}
      <path class="middle" d=${`M0 ${HEIGHT / 2}H${WIDTH}`} />
      ${Object.entries(columns).map(([way, column]) => html`
        <path data-way=${way} d=${pathOf(column, ceiling, WIDTH, HEIGHT)} />`)}
      ${pointed.value !== undefined && html`<path class="pointer" d=${`M${x} 0V${HEIGHT}`} />`}
    </svg></figure>`;
}

/** @param {Column} column @param {number} at @param {(value: number) => string} show */
function valueAt(column, at, show) {
  const value = column[at];
  return value === null || value === undefined ? DASH : show(value);
}
