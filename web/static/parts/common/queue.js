// The queue (hàng chờ phát biểu) of the current item, in calling order.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect} from "preact/hooks";
import {now, deskView} from "../../state.js";
import {t} from "../../texts.js";
import {canGive, Do, mayGive, siteBrief} from "./actions.js";
import {CallRound, timeNumber} from "./calling.js";
import {openDelegates} from "./delegates.js";
import {Icon} from "./icons.js";
import {Menu} from "./menu.js";

/** @import {QueueRow} from "../../types.js" */

const MINUTE_MS = 60_000;
/** Moves on now and then, so that waiting times do. */
const tick = signal(0);
const TICK_MS = 10_000;

export function Queue() {
  const {queue} = deskView();
  useEffect(() => {
    const timer = setInterval(() => { tick.value += 1; }, TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return html`<section class="queue panel" aria-labelledby="queue-title" data-testid="queue">
    <header>
      <h2 id="queue-title">${t("operator.queue")} ${queue.length > 0 && html`<span class="count">${queue.length}</span>`}</h2>
      <span class="gap"></span>
      <${CallRound} />
      ${mayGive("register") && html`<button type="button" class="small" data-testid="register-open"
        disabled=${!canGive("register")} title=${t("operator.register_hint")} onClick=${openDelegates}>
        <${Icon} name="plus" />${t("operator.register")}<kbd>R</kbd></button>`}
    </header>
    ${queue.length ? html`<ol class="rows">
      ${queue.map((row, index) => html`<${Row} key=${row.id} row=${row} index=${index} />`)}
    </ol>` : html`<p class="empty">${t("operator.queue_empty_long")}</p>`}
  </section>`;
}

/** @param {{row: QueueRow, index: number}} props */
function Row({row, index}) {
  return html`<li class="row" data-next=${row.next} data-state=${row.state} data-kind=${row.kind}
    data-testid=${`request-${row.id}`}>
    <span class="place numbers">${index + 1}</span>
    <div class="who">
      <span class="name" title=${[row.name, row.title].filter(Boolean).join(", ")}>${row.name}</span>
      <span class="detail" title=${about(row)}><b class="kind">${t(`kind.${row.kind}`)}</b> · ${about(row)}</span>
    </div>
    <${Wait} row=${row} />
    <${Do} command=${{type: "call", request: row.id}} class="small" label=${t("operator.call_this", {name: row.name})}
      testid=${`call-${row.id}`}>${t("operator.call")}<//>
    <${RowMenu} row=${row} />
  </li>`;
}

/** @param {QueueRow} row */
function about(row) {
  return [
    timeNumber(row), siteBrief(row.site), row.state === "called" ? t("operator.called") : "",
    row.moved && row.state === "waiting" ? t("operator.moved") : "",
  ].filter(Boolean).join(" · ");
}

/** How long they have waited. @param {{row: QueueRow}} props */
function Wait({row}) {
  if (deskView().session.phase === "ended") return null;
  const minutes = tick.value >= 0 ? Math.floor((now() - row.registered_at_ms) / MINUTE_MS) : 0;
  const long = minutes < 1 ? t("operator.waits_new") : t("operator.waits", {minutes});
  return html`<span class="wait numbers" title=${long} aria-label=${long}>
    ${minutes < 1 ? t("operator.new") : `${minutes}′`}</span>`;
}

/** What is seldom needed, and takes someone out of the queue. @param {{row: QueueRow}} props */
function RowMenu({row}) {
  if (!mayGive("withdraw") && !mayGive("reorder")) return null;
  const {queue} = deskView();
  const waiting = queue.filter((one) => one.state === "waiting");
  const at = waiting.findIndex((one) => one.id === row.id);
  const first = waiting[0]?.id;
  const above = waiting[at - 1]?.id;
  const below = waiting[at + 2]?.id ?? null;
  const move = (/** @type {string | null | undefined} */ before) => ({type: "reorder", request: row.id, before});
  const item = (/** @type {object} */ command, /** @type {string} */ icon, /** @type {string} */ text, disabled = false) => html`
    <${Do} command=${command} class="plain" disabled=${disabled} testid=${`${text}-${row.id}`}>
      <${Icon} name=${icon} />${t(`operator.${text}`)}<//>`;
  return html`<${Menu} label=${t("operator.more_for", {name: row.name})} id=${`menu-${row.id}`}>
    ${at >= 0 && html`
      ${item(move(first), "up", "move_first", at === 0)}
      ${item(move(above), "up", "move_up", at === 0)}
      ${item(move(below), "down", "move_down", at === waiting.length - 1)}
      <hr />`}
    ${item({type: "mark_absent", request: row.id}, "absent", "mark_absent")}
    ${item({type: "withdraw", request: row.id}, "close", "withdraw")}
  <//>`;
}
