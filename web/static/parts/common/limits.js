// The chair's time for all turns of a kind: in this item, or in the whole session.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {deskView} from "../../state.js";
import {span, t} from "../../texts.js";
import {Do} from "./actions.js";
import {Dialog} from "./dialogs.js";

/** @import {Limit} from "../../record_types.js" */

const open = signal(false);
/** @type {import("@preact/signals").Signal<"item" | "session">} */
const scope = signal("item");
const MINUTE_MS = 60_000;

export function openLimits() {
  open.value = true;
}

export function LimitsDialog() {
  if (!open.value) return null;
  const close = () => { open.value = false; };
  const {limits} = deskView();
  return html`<${Dialog} label=${t("limits.title")} onClose=${close} testid="limits">
    <h2>${t("limits.title")}</h2>
    <p class="muted">${t("limits.text")}</p>
    <div class="kinds" role="group" aria-label=${t("limits.scope")}>
      ${/** @type {const} */ (["item", "session"]).map((one) => html`<button type="button" key=${one} class="small"
        aria-pressed=${scope.value === one} data-testid=${`scope-${one}`} onClick=${() => { scope.value = one; }}>
        ${t(`limits.scope_${one}`)}</button>`)}
    </div>
    ${limits.length ? html`<ul class="limit-rows">${limits.map((limit) => html`<${Row} key=${limit.kind} limit=${limit} />`)}</ul>`
      : html`<p class="empty">${t("operator.no_item")}</p>`}
    <footer><button type="button" class="primary" onClick=${close}>${t("common.close")}</button></footer>
  <//>`;
}

/** @param {{limit: Limit}} props */
function Row({limit}) {
  const {kind, limit_ms: now, rule_ms: rule} = limit;
  const step = now <= 2 * MINUTE_MS ? MINUTE_MS / 2 : MINUTE_MS;
  const set = (/** @type {number | undefined} */ ms) => (
    {type: "set_limit", kind, scope: scope.value, ...(ms !== undefined && {limit_ms: ms})}
  );
  const name = t(`kind.${kind}`);
  const sign = step === MINUTE_MS ? "1′" : "30″";
  return html`<li data-testid=${`limit-${kind}`}>
    <span>${name}</span>
    <${Do} command=${set(now - step)} class="small" testid=${`less-${kind}`} disabled=${now - step < MINUTE_MS / 2}
      label=${t("limits.less", {kind: name})}>−${sign}<//>
    <b class="numbers" data-set=${now !== rule}>${span(now)}</b>
    <${Do} command=${set(now + step)} class="small" testid=${`more-${kind}`} label=${t("limits.more", {kind: name})}>+${sign}<//>
    ${now === rule ? html`<span class="muted">${t("limits.by_rules", {article: limit.article})}</span>`
      : html`<${Do} command=${set(undefined)} class="small plain" testid=${`rule-${kind}`}>${t("limits.back", {time: span(rule)})}<//>`}
  </li>`;
}
