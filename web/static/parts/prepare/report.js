// What the rehearsal found, as a table to print and sign.

import {html} from "htm/preact";
import {operatorView, sitesOf} from "../../state.js";
import {shortDate, t, timeOfDay} from "../../texts.js";

/** @import {Check} from "../../types.js" */

/** In the order they are tried in. @type {Check[]} */
export const CHECKS = ["picture", "sound_in", "sound_out", "echo", "line", "name_plate"];

const SIGNS = {ok: "✓", failed: "✗"};

/** How many were good and how many not. @param {string} site */
export function tally(site) {
  const found = operatorView().checks[site] ?? {};
  const outcomes = CHECKS.map((check) => found[check]?.outcome);
  return {ok: outcomes.filter((one) => one === "ok").length, failed: outcomes.filter((one) => one === "failed").length};
}

/** @param {{hidden: boolean}} props on screen only: it is what gets printed */
export function Report({hidden}) {
  const {session, checks, rehearsed_at_ms: begun} = operatorView();
  const sites = sitesOf(operatorView());
  const counts = sites.map((site) => tally(site.id));
  const good = counts.filter((one) => one.ok === CHECKS.length).length;
  const bad = counts.filter((one) => one.failed > 0).length;
  return html`<section class=${`report panel ${hidden ? "print-only" : ""}`} data-testid="report">
    <header><h2>${t("rehearse.report_title")}</h2><p>${session.title}</p>
      <p class="muted">${[session.subtitle, begun && `${timeOfDay(begun)} ${shortDate(begun)}`].filter(Boolean).join(" · ")}</p>
      <p><b>${t("rehearse.summary", {good, bad, open: sites.length - good - bad, all: sites.length})}</b></p></header>
    <div class="scrolled"><table><thead><tr><th scope="col">${t("prepare.site")}</th>${CHECKS.map((check) => html`<th scope="col">${t(`rehearse.${check}`)}</th>`)}
      <th scope="col">${t("rehearse.note")}</th></tr></thead>
      <tbody>${sites.map((site) => {
        const found = checks[site.id] ?? {};
        const notes = CHECKS.filter((check) => found[check]?.note).map((check) => `${t(`rehearse.${check}`)}: ${found[check]?.note}`);
        return html`<tr key=${site.id}><th scope="row">${site.name}</th>${CHECKS.map((check) => {
          const one = found[check];
          return html`<td data-outcome=${one?.outcome ?? "open"}>${one ? html`<b>${SIGNS[one.outcome]}</b> <small class="numbers">${timeOfDay(one.at_ms)}</small>` : "–"}
            <span class="hidden-visually">${t(`rehearse.outcome_${one?.outcome ?? "open"}`)}</span></td>`;
        })}<td>${notes.join("; ")}</td></tr>`;
      })}</tbody></table></div>
    <p class="signatures"><span>${t("rehearse.signed_technician")}</span><span>${t("rehearse.signed_clerk")}</span></p></section>`;
}
