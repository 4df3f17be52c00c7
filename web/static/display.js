// The screen in the hall, read from three metres: what is on, who speaks, who comes next. Nobody
// touches it, so it comes back by itself whatever happens.

import {html} from "htm/preact";
import {read} from "./clock.js";
import {showFigures} from "./figures.js";
import {connect, connection, displayView, now, view} from "./state.js";
import {asset, t, timeOfDay} from "./texts.js";
import {stayAwake} from "./parts/common/awake.js";
import {show} from "./parts/common/page.js";
import {renewWhen} from "./parts/common/renewal.js";
import {useTicking} from "./parts/common/ticking.js";

/** @import {Floor, Round, WallItem} from "./types.js" */

const TICK_MS = 200;
/** In letters: a longer name or title has smaller ones, rather than fewer. */
const LONG_NAME = 36;
const LONG_TITLE = 80;

function Page() {
  if (!view.value) return html`<main class="wall" data-testid="display"><p class="standing" role="status">${t(`connection.${connection.value}`)}</p></main>`;
  const {session} = displayView();
  return html`<main class="wall" data-phase=${session.phase} data-closed=${session.closed} data-testid="display">
    <header><img src=${asset("favicon.svg")} alt="" width="64" height="64" />
      <div class="titles"><h1>${session.title}</h1><p>${session.subtitle}</p></div><${MinuteOfDay} /></header>
    <${Body} />
    ${connection.value === "lost" && html`<p class="lost" role="status">${t("connection.lost")}</p>`}
  </main>`;
}

function Body() {
  const {session, coming, item} = displayView();
  if (session.phase === "ended") return html`<${Standing} title=${t("display.ended")} note=${t("display.ended_note")} />`;
  if (session.phase === "prepared") return html`<${Standing} title=${t("display.prepared")} note=${item ? t("display.first", {item: item.title}) : ""} />`;
  if (session.phase === "paused") return html`<${Standing} title=${t("display.paused")} note=${whatFollows(item, coming)} />`;
  if (session.closed) return html`<${Standing} title=${t("display.closed")} note=${t("display.closed_note")} />`;
  const alone = !displayView().floor && !displayView().round;
  return html`<div class="wall-grid"><div class="on" data-alone=${alone}><${Item} />${!alone && html`<${Speaker} />`}</div><${Upcoming} /></div>`;
}

/** @param {WallItem | undefined} item @param {WallItem | undefined} coming */
function whatFollows(item, coming) {
  const next = item ?? coming;
  return next ? t("display.after_break", {item: next.title}) : "";
}

/** One message for the whole hall. @param {{title: string, note: string}} props */
function Standing({title, note}) {
  return html`<section class="standing" role="status" data-testid="standing"><strong>${title}</strong><p>${note}</p></section>`;
}

function Item() {
  const {item} = displayView();
  if (!item) return html`<section class="item"><h2>${t("display.no_item")}</h2></section>`;
  const questioned = item.questioned ?? [];
  const word = item.kind === "questioning" ? "display.questioned" : "display.answering";
  return html`<section class="item" data-testid="item">
    <p class="label">${item.kind ? t(`display.item_${item.kind}`, {number: item.number}) : ""}</p>
    <h2 data-long=${item.title.length > LONG_TITLE}>${item.title}</h2>
    ${questioned.length > 0 && html`<p class="questioned">${t(word)}: ${questioned.map((one, index) => html`
      ${index > 0 && "; "}<b>${one.name}</b>${one.title && `, ${one.title}`}`)}</p>`}
  </section>`;
}

function Speaker() {
  const {floor} = displayView();
  if (!floor) return html`<section class="speaker empty" data-testid="speaker"><${Asked} /></section>`;
  return html`<section class="speaker" data-testid="speaker">
    <div><p class="label">${t(`kind.${floor.kind}`)}</p><h3 data-long=${floor.name.length > LONG_NAME}>${floor.name}</h3>
      <p class="about">${[floor.title, floor.site_name].filter(Boolean).join(" · ")}</p></div>
    <${Clock} turn=${floor} /></section>`;
}

/** Between two speakers a round shows who asked and who was answered. */
function Asked() {
  const {round} = displayView();
  return round ? html`<${RoundOf} round=${round} />` : null;
}

/** @param {{round: Round}} props */
function RoundOf({round}) {
  const asking = displayView().floor?.request;
  const state = (/** @type {Round["questions"][number]} */ {request, answered, state}) => (
    request === asking ? "asks" : answered ? "answered" : state);
  return html`<div class="round"><p class="label">${t("operator.round", {number: round.number})}</p>
    <ol>${round.questions.map((question) => html`<li key=${question.request}><b>${question.name}</b>
      <span>${t(`operator.question_${state(question)}`)}</span></li>`)}</ol></div>`;
}

/** Ticks past the component tree. @param {{turn: Floor}} props */
function Clock({turn}) {
  const face = useTicking(TICK_MS, (clock) => {
    const {text, tone, left, paused} = read(turn, now());
    const [digits, bar] = clock.children;
    clock.dataset["tone"] = tone;
    clock.dataset["paused"] = String(paused);
    showFigures(digits, text);
    const fill = /** @type {HTMLElement | null} */ (bar?.firstElementChild ?? null);
    fill?.style.setProperty("transform", `scaleX(${left})`);
  }, [turn]);
  return html`<div class="clock" role="timer" aria-label=${t("operator.clock")} ref=${face} data-testid="clock">
    <span class="digits numbers"></span><div class="left"><div></div></div></div>`;
}

function Upcoming() {
  const {upcoming = [], floor, round} = displayView();
  return html`<aside class="upcoming" data-testid="upcoming">
    <h2>${t("display.upcoming")}</h2>
    ${upcoming.length === 0 && html`<p class="none">${t("display.nobody")}</p>`}
    <ol>${upcoming.map((one, index) => html`<li key=${`${one.name} ${one.kind}`}><span class="place numbers">${index + 1}</span>
      <div><b data-long=${one.name.length > LONG_NAME}>${one.name}</b><span>${t(`kind.${one.kind}`)} · ${one.site_name}</span></div></li>`)}</ol>
    ${floor && round && html`<${RoundOf} round=${round} />`}
  </aside>`;
}

/** To the minute: a wall's seconds would draw the eye all day. */
function MinuteOfDay() {
  const face = useTicking(1000, (time) => {
    const text = timeOfDay(now());
    if (time.textContent !== text) time.textContent = text;
  });
  return html`<time class="numbers" ref=${face} aria-label=${t("operator.time_of_day")}></time>`;
}

show(Page);
connect("display");
renewWhen(() => true);
stayAwake();
