// The one big button: call whoever is next. And the round of questions, where there is one.

import {html} from "htm/preact";
import {deskView} from "../../state.js";
import {t} from "../../texts.js";
import {canGive, Do, mayGive, siteBrief} from "./actions.js";
import {Icon} from "./icons.js";
import {Undo} from "./undo.js";

/** @import {Round, Upcoming} from "../../types.js" */

export function Calling() {
  const {next, round, session} = deskView();
  return html`<section class="calling" aria-label=${t("operator.calling")}>
    ${mayGive("call_next") && html`<${CallNext} next=${next} />`}
    ${!mayGive("call_next") && next && session.phase !== "ended" && html`<p class="next-up">${t("operator.next_is", {name: next.name})}</p>`}
    <div class="below-call">${round && html`<${RoundLine} round=${round} />`}
      ${mayGive("undo") && html`<div class="undo-place"><${Undo} /></div>`}</div>
  </section>`;
}

/** @param {{next: Upcoming | undefined}} props */
function CallNext({next}) {
  const label = t("operator.call_next");
  return html`<${Do} command=${callNext(next)} class="primary call-next" disabled=${!next}>
    <${Icon} name="speech" />
    <span class="call-text"><b>${label}</b><span>${next ? whoIsNext(next) : whyNobody()}</span>
      ${next && whyNotNow() && html`<span class="why-not">${whyNotNow()}</span>`}</span>
    <kbd>N</kbd><//>`;
}

/** Names whom we see: of two people who press at once only one calls. @param {Upcoming | undefined} next */
export function callNext(next) {
  return {type: "call_next", ...(next && {delegate: next.delegate})};
}

/** @param {Upcoming} next */
function whoIsNext(next) {
  const kind = next.opens_round
    ? t("operator.opens_round", {count: next.opens_round})
    : [t(`kind.${next.kind}`), timeNumber(next)].filter(Boolean).join(" ");
  return [next.name, siteBrief(next.site), kind, t("common.minutes", {minutes: next.limit_ms / 60_000})].join(" · ");
}

/** Who speaks again in this item has less time: which time it is. @param {{kind: string, spoken: number}} one */
export function timeNumber({kind, spoken}) {
  return kind === "speech" && spoken > 0 ? t("operator.time_number", {number: spoken + 1}) : "";
}

function whyNobody() {
  const {current_item, phase} = deskView().session;
  if (phase === "ended") return t("operator.call_ended");
  return t(current_item ? "operator.queue_empty" : "operator.no_item");
}

/** Why nobody can be called although somebody waits. */
function whyNotNow() {
  const {phase} = deskView().session;
  return phase === "live" ? "" : t(`operator.call_${phase}`);
}

/** Who asks in this round, and what has become of each question. @param {{round: Round}} props */
function RoundLine({round}) {
  return html`<div class="round" data-testid="round">
    <b>${t("operator.round", {number: round.number})}</b>
    <ol class="questions">
      ${round.questions.map((question) => {
        const asks = deskView().floor?.request === question.request;
        const state = asks ? "asks" : question.answered ? "answered" : question.state;
        return html`<li key=${question.request} data-state=${state}>
          <span>${question.name}</span> <small>${t(`operator.question_${state}`)}</small></li>`;
      })}
    </ol>
  </div>`;
}

/** Calls the next questioners together; only where a round can begin. */
export function CallRound() {
  const {queue} = deskView();
  const waiting = queue.some((row) => row.kind === "question" && row.state === "waiting");
  const asking = queue.some((row) => row.state === "called");
  if (!waiting || asking || !canGive("call_round")) return null;
  return html`<${Do} command=${{type: "call_round"}} class="small" label=${t("operator.call_round_hint")}>
    ${t("operator.call_round")}<//>`;
}
