// How long pictures wait for their sound. Chromium does nothing about 30 ms, and what it does about more takes it six
// to twenty seconds after joining: so long lips were ahead of their voice by 0.1 to 0.2 s. Pure, knows no document.

/** What sound takes from its packet to the loudspeaker, at least: what pictures wait before anything is known. */
export const FIRST_MS = 80;
export const FIRST_LOOK_MS = 1000;
export const LOOK_MS = 2000; // until what a change did is in the figures, which are made each second
const MOST_MS = 300; // beyond it something else is wrong
const NEAR_MS = 10;
const PART = 0.85; // so that it does not overshoot what the browser does at the same time

/**
 * By how much pictures are ahead of their sound, by what the browser knows of when it plays either, which is all but
 * the screen; undefined where it does not tell, as Firefox.
 * @param {RTCStatsReport} stats
 */
export function aheadMs(stats) {
  /** @type {Record<string, number | undefined>} */
  const plays = {};
  for (const one of stats.values()) {
    if (one.type === "inbound-rtp") plays[one.kind] = one.estimatedPlayoutTimestamp;
  }
  return plays["video"] && plays["audio"] ? plays["video"] - plays["audio"] : undefined;
}

/** How long they are to wait from now on. @param {number} waitMs until now @param {number | undefined} ahead */
export function waitOf(waitMs, ahead) {
  if (ahead === undefined || Math.abs(ahead) < NEAR_MS) return waitMs;
  return Math.round(Math.max(0, Math.min(MOST_MS, waitMs + PART * ahead)));
}
