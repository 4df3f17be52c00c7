// What a room is told of itself, worked out of its view. Pure.

/** @import {SiteView} from "../../types.js" */

/** What the room is now, in the order of what matters most. @param {SiteView} view */
export function standingOf({me, session, floor}) {
  if (session.phase === "ended") return "ended";
  if (me.put_out) return "out";
  if (me.signs) return "on-air"; // over the slate of a break too
  if (session.phase === "paused") return "paused"; // the slate is on air, whoever has the floor
  if (me.tally === "program" || floor?.site === me.site) return "on-air";
  if (me.tally === "next" || me.tally === "preview") return "next";
  if (session.phase === "prepared") return "prepared";
  return me.booth && me.microphone_open ? "interpreting" : "waiting";
}

/** The words for that. `lost`: nothing of the room leaves; `untold`: the server may know better by now.
 * @param {SiteView} view @param {boolean} lost @param {boolean} untold */
export function saidOf(view, lost, untold) {
  const state = standingOf(view);
  const {me, floor} = view;
  if (lost && ["on-air", "next", "interpreting"].includes(state)) return "lost";
  if (untold && state !== "out" && state !== "ended") return "unknown";
  return state === "on-air" && me.signs && floor?.site !== me.site ? "signing" : state;
}

/** What has become of its microphone. `held`: the room itself is silent for a while.
 * @param {SiteView} view @param {boolean} held */
export function microphoneOf({me, session, floor}, held) {
  if (me.microphone_open) return held ? "held" : me.booth ? "booth" : "open";
  if (floor?.site === me.site && session.phase === "live") return "shut";
  return me.booth ? "booth_closed" : "closed";
}
