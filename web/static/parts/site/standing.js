// What a room is told of itself, worked out of its view. Pure.

/** @import {SiteView} from "../../types.js" */

/** What the room is now, in the order of what matters most. @param {SiteView} view */
export function standingOf({me, session, floor}) {
  if (session.phase === "ended") return "ended";
  if (me.put_out) return "out";
  if (session.phase === "paused") return "paused"; // the slate is on air, whoever has the floor
  if (me.tally === "program" || floor?.site === me.site) return "on-air";
  if (me.tally === "next" || me.tally === "preview") return "next";
  return session.phase === "prepared" ? "prepared" : "waiting";
}

/** What has become of its microphone. `held`: the room itself is silent for a while.
 * @param {SiteView} view @param {boolean} held */
export function microphoneOf({me, session, floor}, held) {
  if (me.microphone_open) return held ? "held" : me.booth ? "booth" : "open";
  return floor?.site === me.site && session.phase === "live" ? "shut" : "closed";
}
