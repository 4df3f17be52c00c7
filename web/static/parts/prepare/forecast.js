// When each item will be, and when the session ends: as planned before, as it goes meanwhile. Pure.

/** @import {AgendaItem, Session} from "../../types.js" */

const MINUTE_MS = 60_000;

/** @typedef {{starts: Map<string, number>, ends_at_ms: number | undefined}} Forecast */

/**
 * Items that are done have no start here. Without a planned start nothing is said of a session that
 * is only prepared.
 * @param {Session} session @param {AgendaItem[]} agenda @param {number} nowMs
 * @returns {Forecast}
 */
export function forecast(session, agenda, nowMs) {
  const starts = new Map();
  const begins = beginning(session, nowMs);
  if (begins === undefined) return {starts, ends_at_ms: undefined};
  let at = begins;
  const running = session.phase !== "prepared";
  for (const item of agenda) {
    if (running && item.state === "done") continue;
    const since = running && item.state === "current" ? session.current_since_ms ?? nowMs : undefined;
    starts.set(item.id, since ?? at);
    const planned = (since ?? at) + (item.planned_minutes ?? 0) * MINUTE_MS;
    // What runs longer than planned is thought to end now.
    at = since === undefined ? planned : Math.max(planned, nowMs);
  }
  return {starts, ends_at_ms: at};
}

/** @param {Session} session @param {number} nowMs */
function beginning(session, nowMs) {
  if (session.phase === "prepared") return session.planned_start_at_ms;
  return session.phase === "ended" ? undefined : nowMs;
}
