// The test of the line before joining: what picture to expect, and what to do if it is not good.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {config, number, rate, t} from "../../texts.js";
import {NotTested, measure} from "./measure.js";
import {judge} from "./verdict.js";

/** @import {LineTest} from "../../line_types.js" */
/** @import {Step} from "./measure.js" */

/** @type {Step[]} */
const STEPS = ["echo", "down", "up"];

/** @type {import("@preact/signals").Signal<Step | undefined>} */
const under = signal(undefined);
/** What was found, and when (`performance.now()`).
 * @type {import("@preact/signals").Signal<(LineTest & {at: number}) | undefined>} */
const found = signal(undefined);
/** Why there was no test. */
const refused = signal("");
/** @type {AbortController | undefined} */
let running;

/** For the control room: the last test, if there was one. */
export function lineTested() {
  if (!found.value) return {};
  const {at, ...test} = found.value;
  const {verdict} = judge(test);
  return {line_test: {...test, verdict, age_s: Math.round((performance.now() - at) / 1000)}};
}

/** @param {string} token */
export async function start(token) {
  running?.abort();
  const mine = (running = new AbortController());
  refused.value = "";
  found.value = undefined;
  const place = {
    path: `/api/v1/sessions/${config.session}/sites/${config.site}/line-test`,
    echo: `/whip/${config.site}/echo`,
    token,
    turn: Boolean(config.turn),
    signal: mine.signal,
  };
  try {
    found.value = {...(await measure(place, (step) => { under.value = step; })), at: performance.now()};
  } catch (error) {
    if (mine.signal.aborted) return; // another began, or the page moved on
    refused.value = error instanceof NotTested ? error.message : t("line_test.unreachable");
  }
  under.value = undefined;
}

function stop() {
  running?.abort();
  under.value = undefined;
}

/** @param {{token: string}} props */
export function LineTest({token}) {
  const section = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => stop, []);
  const step = under.value;
  // It grows downwards, where the bar with the button to join lies over it.
  const news = step ?? found.value ?? refused.value;
  useEffect(() => { if (news) section.current?.scrollIntoView({block: "nearest"}); }, [news]);
  return html`<section class="panel line-test" data-testid="line-test" aria-live="polite" ref=${section}>
    <div class="line-test-head"><h2>${t("line_test.title")}</h2>
      <button onClick=${() => void start(token)} disabled=${step !== undefined} data-testid="line-test-start">
        ${t(found.value || refused.value ? "line_test.again" : "line_test.start")}</button></div>
    ${step && html`<${Progress} step=${step} />`}
    ${refused.value && html`<p class="notice warn" role="alert">${refused.value}</p>`}
    ${found.value ? html`<${Found} test=${found.value} />`
      : !step && !refused.value && html`<p class="muted">${t("line_test.intro")}</p>`}
  </section>`;
}

/** @param {{step: Step}} props */
function Progress({step}) {
  return html`<div class="line-test-progress"><progress max=${STEPS.length} value=${STEPS.indexOf(step) + 0.5} />
    <p class="muted">${t(`line_test.step_${step}`)}</p></div>`;
}

/** @param {{test: LineTest}} props */
function Found({test}) {
  const {verdict, faults} = judge(test);
  return html`<p class="verdict" data-verdict=${verdict} data-testid="line-verdict">${t(`line_test.${verdict}`)}</p>
    ${faults.length > 0 && html`<ul class="advice">${faults.map((fault) => html`<li>${t(`line_test.do_${fault}`)}</li>`)}</ul>`}
    <dl class="figures numbers">${figuresOf(test).map(([key, value]) => html`
      <div><dt>${t(`line_test.${key}`)}</dt><dd>${value ?? "–"}</dd></div>`)}</dl>`;
}

/** @param {LineTest} test @returns {[string, string | undefined][]} */
function figuresOf({down_bps, up_bps, rtt_ms, loss_up_percent: up, loss_down_percent: down}) {
  return [
    ["down", rate(down_bps)],
    ["up", rate(up_bps)],
    ["rtt", rtt_ms === undefined ? undefined : `${number(rtt_ms)} ms`],
    ["loss", up === undefined || down === undefined ? undefined : `${number(up)} % · ${number(down)} %`],
  ];
}
