// What is wrong, and what to do about it: the server's sentences, the worst first.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {now, operatorView} from "../../state.js";
import {t} from "../../texts.js";
import {Icon} from "../common/icons.js";

/** @import {Alarm} from "../../types.js" */

/** These are heard, seen or lost for good; all others can wait a minute. */
const GRAVE = new Set([
  "studio_lost", "studio_silent", "not_recording", "not_sealed", "disk_full", "disk_quota",
  "disk_error", "archive_stopped", "archive_unreadable", "archive_unserved", "archive_black",
  "archive_silent",
  "site_gone", "site_absent", "picture_lost", "sound_lost", "signer_lost", "microphone_silent",
  "language_silent", "language_missing",
]);
const GOOD_NEWS = new Set(["resumed"]);

/** All of them show, over what lies below; else only those for which a place is kept, so that no
 * button moves under a hand when an alarm comes. */
const unfolded = signal(false);

export function Alarms() {
  const {alarms} = operatorView();
  const sorted = [...alarms].sort((a, b) => weight(b) - weight(a));
  const open = unfolded.value && sorted.length > 1;
  return html`<section class="alarms" data-open=${open} data-count=${sorted.length} aria-label=${t("operator.alarms")}
    data-testid="alarms">
    <ul class="alarm-list" aria-live="assertive" aria-relevant="additions">
      ${sorted.map((alarm) => html`<${AlarmRow} key=${`${alarm.code} ${alarm.site ?? ""}`} alarm=${alarm} />`)}
    </ul>
    ${sorted.length === 0 && html`<p class="all-well"><${Icon} name="check" />${t("operator.alarms_none")}</p>`}
    ${sorted.length > 1 && html`<button type="button" class="small more-alarms" aria-expanded=${open}
      onClick=${() => { unfolded.value = !open; }}>
      ${open ? t("operator.alarms_fewer") : t("operator.alarms_more", {count: sorted.length})}</button>`}
  </section>`;
}

/** @param {Alarm} alarm */
function weight(alarm) {
  return GRAVE.has(alarm.code) ? 2 : GOOD_NEWS.has(alarm.code) ? 0 : 1;
}

/** @param {{alarm: Alarm}} props */
function AlarmRow({alarm}) {
  const level = ["news", "warn", "grave"][weight(alarm)];
  const minutes = Math.floor((now() - alarm.since_at_ms) / 60_000);
  return html`<li class="alarm" data-level=${level} data-code=${alarm.code}>
    <${Icon} name=${level === "news" ? "check" : "warning"} /><p>${alarm.message}</p>
    ${minutes >= 1 && html`<span class="muted numbers" aria-live="off">${t("operator.since", {minutes})}</span>`}</li>`;
}
