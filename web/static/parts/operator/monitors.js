// Preview (PVW) and program (PGM) side by side, and the cut between them.

import {signal, useSignal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {PREVIEW} from "../../protocol.js";
import {operatorView} from "../../state.js";
import {config, t} from "../../texts.js";
import {Do, canGive, mayGive, siteBrief} from "../common/actions.js";
import {useFeed} from "../common/feed.js";
import {lackOf} from "../common/formats.js";
import {Icon} from "../common/icons.js";
import {InsetChoice} from "./inset.js";
import {pickSeat, target, vacate} from "./preview.js";
import {seatsOf} from "./seats.js";
import {Still} from "./still.js";
import {TransitionChoice, cutCommand, transition} from "./transition.js";

/** @import {Rect} from "./seats.js" */

/** Whether the technician hears the program here; off, because the room's loudspeakers are near. */
const muted = signal(true);

export function Monitors() {
  return html`<section class="monitors" aria-label=${t("operator.monitors")}>
    <${Preview} />
    ${mayGive("cut") && html`<div class="cut-column">
      <${Do} command=${cutCommand()} class="cut" label=${t("operator.cut_hint")}>
        <span>${t(`operator.${transition.value.kind}`)}</span><${Icon} name="arrow" /><kbd>${t("operator.key_space")}</kbd><//>
      <${TransitionChoice} />
    </div>`}
    <${Program} />
  </section>`;
}

function Preview() {
  const {preview} = operatorView();
  return html`<figure class="monitor preview" data-testid="preview" data-layout=${preview.layout}>
    <figcaption><b>PVW</b> ${t("operator.preview")}
      <${InsetChoice} />
      ${mayGive("set_preview") && html`<span class="keys-hint">${t("operator.preview_keys")}</span>`}</figcaption>
    <div class="screen">
      <${Still} name=${PREVIEW} label=${t("operator.preview")} />
      ${mayGive("set_preview") && seatsOf(preview.layout, preview.inset).map((rect, seat) => html`
        <${Seat} key=${seat} seat=${seat} rect=${rect} site=${preview.sources[seat]} />`)}
    </div>
  </figure>`;
}

/** One seat of the preview: press it to choose where the next site goes.
 * @param {{seat: number, rect: Rect, site: string | undefined}} props */
function Seat({seat, rect, site}) {
  const many = seatsOf(operatorView().preview.layout).length > 1;
  const name = site ? siteBrief(site) : t("operator.seat_free");
  return html`<div class="seat" style=${styleOf(rect)} data-target=${many && target.value === seat}>
    <button type="button" class="seat-pick" onClick=${() => pickSeat(seat)} disabled=${!canGive("set_preview")}
      aria-pressed=${target.value === seat} aria-label=${t("operator.seat", {number: seat + 1, site: name})}
      title=${t("operator.seat_hint")}>
      ${many && html`<span class="seat-label">${seat + 1} · ${name}</span>`}
    </button>
    ${many && site && html`<button type="button" class="seat-leave" onClick=${() => vacate(seat)}
      disabled=${!canGive("set_preview")} aria-label=${t("operator.seat_leave", {site: name})}
      title=${t("operator.seat_leave", {site: name})}><${Icon} name="close" /></button>`}
  </div>`;
}

/** @param {Rect} rect */
function styleOf({x, y, width, height}) {
  const percent = (/** @type {number} */ part) => `${part * 100}%`;
  return {left: percent(x), top: percent(y), width: percent(width), height: percent(height)};
}

function Program() {
  const {program} = operatorView();
  return html`<figure class="monitor program" data-testid="program" data-layout=${program.layout}>
    <figcaption>
      <b>PGM</b> <span class="label">${t("operator.program")}</span>
      <span class="on-air-names">${program.sources.map(siteBrief).join(" · ")}</span>
      <button type="button" class="small plain" aria-pressed=${!muted.value} data-testid="program-sound"
        title=${t(muted.value ? "operator.program_unmute" : "operator.program_mute")}
        onClick=${() => { muted.value = !muted.value; }}>
        <${Icon} name=${muted.value ? "silent" : "sound"} />
        <span class="label">${muted.value ? t("operator.sound_off") : t("operator.sound_on")}</span>
      </button>
    </figcaption>
    <div class="screen"><${ProgramVideo} /><${Outside} /></div>
  </figure>`;
}

/** The room's picture over WHEP, as the sites get it; the player comes back by itself. */
function ProgramVideo() {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const line = useSignal({state: "connecting", detail: ""});
  const playing = useSignal(false);
  const lacks = useSignal(false);
  useFeed(video, `/whep/${config.session}/room`, {onState: (state, detail) => {
    line.value = {state, detail};
    if (state !== "connected") playing.value = false;
  }});
  useEffect(() => void lackOf(false).then((lack) => { lacks.value = lack !== ""; }), []);
  const {detail} = line.value;
  return html`<video ref=${video} autoplay playsinline muted=${muted.value} data-testid="program-video"
    aria-label=${t("operator.program")} onPlaying=${() => { playing.value = true; }}
    onTimeUpdate=${() => { playing.value = true; }} />
    ${!playing.value && html`<p class="screen-note">${detail || t(lacks.value ? "operator.program_lacks" : "operator.program_joining")}</p>`}`;
}

/** What the public sees instead, whenever that is not this picture. */
function Outside() {
  const {session} = operatorView();
  const why = session.phase === "live" ? (session.closed ? "closed" : "") : session.phase;
  return why ? html`<p class="outside" data-why=${why} data-testid="outside">
    <${Icon} name=${why === "closed" ? "lock" : "eye"} />${t(`operator.outside_${why}`)}</p>` : null;
}
