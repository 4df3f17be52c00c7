// Who spoke when: the list that minutes and chapters are made of, newest first.

import {html} from "htm/preact";
import {clerkView} from "../../state.js";
import {span, t, timeOfDay} from "../../texts.js";
import {siteBrief} from "../common/actions.js";
import {Icon} from "../common/icons.js";
import {openCorrection} from "./correct.js";

/** @import {Spoken as Turn} from "../../types.js" */

export function Spoken() {
  const {turns} = clerkView();
  return html`<section class="spoken panel" aria-labelledby="spoken-title">
    <header><h2 id="spoken-title">${t("clerk.spoken")} ${turns.length > 0 && html`<span class="count">${turns.length}</span>`}</h2></header>
    ${turns.length ? html`<ol class="rows" reversed data-testid="spoken">
      ${turns.toReversed().map((turn) => html`<${Row} key=${turn.turn} turn=${turn} />`)}</ol>`
      : html`<p class="empty">${t("clerk.spoken_empty")}</p>`}
  </section>`;
}

/** @param {{turn: Turn}} props */
function Row({turn}) {
  const running = turn.ended_at_ms === undefined;
  const lasted = turn.used_ms === undefined ? t("clerk.speaking") : span(turn.used_ms);
  return html`<li class="row" data-running=${running} data-testid="spoken-row">
    <time class="numbers when">${timeOfDay(turn.started_at_ms)}</time>
    <div class="who"><span class="name" title=${turn.name}>${turn.name}</span>
      <span class="detail"><b class="kind">${t(`kind.${turn.kind}`)}</b> · ${siteBrief(turn.site)}${turn.corrected
        ? html` · <em title=${turn.reason}>${t("clerk.corrected")}</em>` : ""}</span></div>
    <span class="wait numbers">${lasted}</span>
    ${running ? html`<span class="icon-space"></span>` : html`<button type="button" class="icon-only plain" onClick=${() => openCorrection(turn)}
      data-testid="correct" title=${t("clerk.correct")} aria-label=${t("clerk.correct_turn", {name: turn.name})}><${Icon} name="pen" /></button>`}
  </li>`;
}
