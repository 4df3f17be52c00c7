// What stands in the media player, and the buttons that move it: on its tile and in its dialog.

import {useSignal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect} from "preact/hooks";
import {now} from "../../state.js";
import {span, t} from "../../texts.js";
import {Do} from "../common/actions.js";
import {Icon} from "../common/icons.js";
import {useTicking} from "../common/ticking.js";
import {isOver, isRunning, placeOf} from "./playing.js";

/** @import {Clip} from "../../types.js" */

/** Why there is nothing to see of it; empty if there is. @param {Clip} clip */
export function problemOf(clip) {
  if (clip.fault) return t(`player.fault_${clip.fault}`);
  if (clip.withheld) return t("player.withheld");
  return clip.ready ? "" : t("player.loading");
}

/** The few buttons that are needed while it is on air. @param {{clip: Clip}} props */
export function Transport({clip}) {
  return clip.kind === "slides" ? html`<${Pages} clip=${clip} />` : html`<${Running} clip=${clip} />`;
}

/** @param {{clip: Clip}} props */
function Pages({clip}) {
  const {page, pages} = clip;
  const turn = (/** @type {number} */ to) => ({type: "turn_page", page: to});
  return html`<${Do} command=${turn(page - 1)} class="small" disabled=${page <= 1} label=${t("player.page_before")}
      testid="page-before"><${Icon} name="before" /><//>
    <span class="numbers" data-testid="page">${t("player.page", {page: Math.min(page, pages || page), pages: pages || "…"})}</span>
    <${Do} command=${turn(page + 1)} class="small" disabled=${pages > 0 && page >= pages} label=${t("player.page_after")}
      testid="page-after"><${Icon} name="after" /><//>`;
}

/** @param {{clip: Clip}} props */
function Running({clip}) {
  const runs = useRuns(clip);
  const audible = clip.kind === "film" || clip.kind === "sound";
  const from = isOver(clip, now()) ? {position_ms: 0} : {};
  if (!runs) {
    return html`<${Place} clip=${clip} />
      ${clip.kind !== "sound" && html`<${Do} command=${{type: "start_player", sound: false, ...from}} class="small"
        label=${t(audible ? "player.start_silent" : "player.start")} testid="start-silent"><${Icon} name="play" />${audible && html`<${Icon} name="silent" />`}
        <span class="label">${t(audible ? "player.start_silent" : "player.start")}</span><//>`}
      ${audible && html`<${Do} command=${{type: "start_player", sound: true, ...from}} class="small"
        label=${t("player.start_heard")} testid="start-heard"><${Icon} name="play" /><${Icon} name="sound" /><span class="label">${t("player.start_heard")}</span><//>`}`;
  }
  return html`<${Place} clip=${clip} />
    ${audible && html`<${Do} command=${{type: "set_player_sound", sound: !clip.sound}} class=${`small ${clip.sound ? "heard" : ""}`}
      pressed=${clip.sound} label=${t(clip.sound ? "player.silence" : "player.open_sound")} testid="player-sound">
      <${Icon} name=${clip.sound ? "sound" : "silent"} /><span class="label">${t(clip.sound ? "player.heard" : "player.unheard")}</span><//>`}
    <${Do} command=${{type: "pause_player"}} class="small" label=${t("player.pause")} testid="player-pause">
      <${Icon} name="pause" /><span class="label">${t("player.pause")}</span><//>`;
}

/** Whether it runs; renders anew when it comes to its end. @param {Clip} clip */
function useRuns(clip) {
  const over = useSignal(0);
  useEffect(() => {
    if (!isRunning(clip, now()) || clip.loop || !clip.duration_ms) return undefined;
    const timer = setTimeout(() => { over.value += 1; }, clip.duration_ms - placeOf(clip, now()) + 50);
    return () => clearTimeout(timer);
  }, [clip]);
  return over.value >= 0 && isRunning(clip, now());
}

/** Where it is, ticking past the component tree; a countdown shows what is left. @param {{clip: Clip}} props */
function Place({clip}) {
  const face = useTicking(250, (time) => {
    const place = placeOf(clip, now());
    time.textContent = span(clip.kind === "countdown" ? clip.duration_ms - place + 999 : place);
  }, [clip]);
  return html`<span class="numbers place-of" ref=${face}></span>`;
}
