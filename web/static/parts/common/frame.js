// What stands around every page of the desks: before there is a session to show, when the server is
// away, and the head's phase and time of day.

import {html} from "htm/preact";
import {showFigures} from "../../figures.js";
import {bye, connection, deskView, now, ready} from "../../state.js";
import {secondOfDay, t} from "../../texts.js";
import {Icon} from "./icons.js";
import {useTicking} from "./ticking.js";

/** Before the first snapshot, or when the server will not have us. */
export function NotYet() {
  const told = bye.value;
  if (!told) return html`<p class="waiting" role="status">${t(`connection.${connection.value}`)}</p>`;
  return html`<main class="bye panel" data-testid="bye"><h1>${told.message}</h1>
    <p>${told.code === "not_understood" ? html`<button type="button" class="primary" onClick=${() => location.reload()}>${t("common.reload")}</button>` : html`<a class="button primary" href=${`/sign-in?next=${location.pathname}`}>${t("common.sign_in")}</a>`}</p></main>`;
}

/** The page keeps what it knew; nothing can be pressed until the server is back. `note`: what to do, for who reads it.
 * @param {{note: string}} props */
export function ConnectionLost({note}) {
  return html`<div class="connection-lost" role="alert" data-testid="connection-lost">
    ${!ready.value && html`<p><${Icon} name="warning" />${t("connection.lost")} ${t(note)}</p>`}</div>`;
}

export function Phase() {
  const {session} = deskView();
  return html`<p class="phase" data-phase=${session.phase} data-testid="phase">
    ${session.phase === "live" && html`<span class="lamp"></span>`}${t(`phase.${session.phase}`)}</p>`;
}

/** The server's time of day: what the minutes will say. */
export function TimeOfDay() {
  const face = useTicking(500, (time) => showFigures(time, secondOfDay(now())));
  return html`<time class="time-of-day numbers" ref=${face} aria-label=${t("operator.time_of_day")}></time>`;
}
