// Who has the floor, and their clock.

import {html} from "htm/preact";
import {read} from "../../clock.js";
import {showFigures} from "../../figures.js";
import {now, deskView} from "../../state.js";
import {t} from "../../texts.js";
import {Do, siteName} from "./actions.js";
import {Icon} from "./icons.js";
import {PromiseButton} from "./promises.js";
import {Said} from "./said.js";
import {AllowScreen} from "./screens.js";
import {useTicking} from "./ticking.js";

/** @import {Floor as Turn} from "../../types.js" */

const TICK_MS = 200;
const MINUTE_MS = 60_000;
/** More letters than this are set smaller: a name is whole, whoever bears it. */
const LONG_NAME = 36;

export function Floor() {
  const {floor, session} = deskView();
  const nobody = t(session.phase === "ended" ? "public.is_over" : "operator.nobody_speaking");
  return html`<section class="floor panel" aria-label=${t("operator.floor")} data-testid="floor"
    data-taken=${Boolean(floor)}>
    <${Said} text=${floor ? [t(`kind.${floor.kind}`), floor.name, siteName(floor.site)].filter(Boolean).join(", ") : nobody} />
    ${floor ? html`<${Speaker} turn=${floor} />` : html`<p class="nobody">${nobody}</p>`}
  </section>`;
}

/** @param {{turn: Turn}} props */
function Speaker({turn}) {
  const paused = turn.paused_at_ms !== undefined;
  const about = [turn.title, siteName(turn.site)].filter(Boolean).join(" · ");
  return html`
    <div class="speaker">
      <p class="kind">${t(`kind.${turn.kind}`)}<${PromiseButton} /><${MayShare} site=${turn.site} /></p>
      <h2 data-testid="floor-name" title=${turn.name} data-long=${turn.name.length > LONG_NAME}>${turn.name}</h2>
      <p class="muted" title=${about}>${about}</p>
    </div>
    <${Clock} turn=${turn} />
    <div class="turn-buttons">
      <${Do} command=${{type: "extend_turn", turn: turn.turn, by_ms: -MINUTE_MS}} class="small" testid="shorten"
        label=${t("operator.shorten")} disabled=${turn.limit_ms <= MINUTE_MS}>−1′<//>
      <${Do} command=${{type: "extend_turn", turn: turn.turn, by_ms: MINUTE_MS}} class="small" testid="extend"
        label=${t("operator.extend")}>+1′<kbd>+</kbd><//>
      <${Do} command=${{type: paused ? "resume_clock" : "pause_clock", turn: turn.turn}} class="small" pressed=${paused}
        label=${t(paused ? "operator.clock_resume" : "operator.clock_pause")}>
        <${Icon} name=${paused ? "play" : "pause"} />
        <span class="label">${t(paused ? "operator.clock_resume" : "operator.clock_pause")}</span><kbd>P</kbd><//>
      ${turn.request && html`<${Do} command=${{type: "mark_absent", request: turn.request}} class="small plain"
        testid="floor-absent" label=${t("operator.absent_hint", {name: turn.name})}>
        <${Icon} name="absent" />${t("operator.mark_absent")}<//>`}
      <${Do} command=${{type: "end_turn", turn: turn.turn}} class="end-turn">
        <${Icon} name="stop" />${t("operator.end_turn")}<kbd>E</kbd><//>
    </div>`;
}

/** Until the site shares: then it has a place of its own. @param {{site: string}} props id */
function MayShare({site}) {
  const shares = deskView().sites[site]?.screen === "shared";
  return shares ? null : html`<${AllowScreen} site=${site} />`;
}

/** Ticks by itself: the digits are written past the component tree. @param {{turn: Turn}} props */
function Clock({turn}) {
  const face = useTicking(TICK_MS, (clock) => show(clock, turn), [turn]);
  return html`<div class="clock numbers" ref=${face} role="timer" aria-label=${t("operator.clock")}
    data-testid="clock"><span class="digits"></span><span class="clock-note" role="status"></span>
    <div class="left"><div></div></div></div>`;
}

/** @param {HTMLElement} face @param {Turn} turn */
function show(face, turn) {
  const {text, tone, left, paused} = read(turn, now());
  const [digits, note, bar] = face.children;
  face.dataset["tone"] = tone;
  face.dataset["paused"] = String(paused);
  showFigures(digits, text);
  const noted = paused ? t("operator.clock_stands") : tone === "over" ? t("operator.over_time") : "";
  if (note && note.textContent !== noted) note.textContent = noted; // it is said each time it is written
  const fill = /** @type {HTMLElement | null} */ (bar?.firstElementChild ?? null);
  fill?.style.setProperty("transform", `scaleX(${left})`);
}
