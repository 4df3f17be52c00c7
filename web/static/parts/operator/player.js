// The media player beside the sites: a tile while something is in it.

import {html} from "htm/preact";
import {PLAYER} from "../../protocol.js";
import {operatorView} from "../../state.js";
import {t} from "../../texts.js";
import {canGive, mayGive} from "../common/actions.js";
import {Icon} from "../common/icons.js";
import {Meter} from "./meter.js";
import {openPlayer} from "./player_dialog.js";
import {seat} from "./preview.js";
import {Still} from "./still.js";
import {Transport, problemOf} from "./transport.js";

/** Opens the dialog in which one chooses. */
export function PlayerButton() {
  if (!mayGive("load_player")) return null;
  return html`<button type="button" class="small player-open" data-testid="player-open" title=${t("player.open_long")}
    disabled=${!canGive("load_player")} onClick=${openPlayer}><${Icon} name="film" /><span class="label">${t("player.open")}</span></button>`;
}

/** Nothing while the player is empty. */
export function PlayerTile() {
  const clip = operatorView().player;
  if (!clip) return null;
  const problem = problemOf(clip);
  return html`<li class="tile player" data-tally=${clip.tally} data-present="true" data-video=${problem ? "lost" : "ok"}
    data-open=${clip.sound} data-testid="player-tile">
    <button type="button" class="picture" disabled=${!canGive("set_preview")} title=${clip.title}
      aria-label=${t("operator.to_preview", {site: t("player.name")})} onClick=${() => seat(PLAYER)} data-testid="seat-player">
      <${Still} name=${PLAYER} label=${clip.title} />
      ${problem && html`<span class="problem">${problem}</span>`}
      ${clip.tally !== "none" && html`<span class="tally">${t(`operator.tally_${clip.tally}`)}</span>`}
    </button>
    <${Meter} site=${PLAYER} />
    <div class="about">
      <button type="button" class="name plain" title=${t("player.open_long")} onClick=${openPlayer}>${clip.title}</button>
      ${mayGive("start_player") && html`<div class="transport"><${Transport} clip=${clip} /></div>`}
    </div>
  </li>`;
}
