// The room as the hall hears it, and which microphones are open in it.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useRef} from "preact/hooks";
import {operatorView, ready, sitesOf} from "../../state.js";
import {config, t} from "../../texts.js";
import {act} from "../common/actions.js";
import {useFeed} from "../common/feed.js";
import {Icon} from "../common/icons.js";

const listening = signal(false);

export function Listen() {
  const open = sitesOf(operatorView()).filter((site) => site.microphone_open).length;
  return html`<div class="listening"><button type="button" class="small" aria-pressed=${listening.value} data-testid="listen"
      onClick=${() => { listening.value = !listening.value; }}><${Icon} name=${listening.value ? "sound" : "silent"} />${t(listening.value ? "rehearse.listening" : "rehearse.listen")}</button>
    ${listening.value && html`<${Room} />`}
    ${open > 0 && html`<button type="button" class="small" disabled=${!ready.value} onClick=${() => void act({type: "mute_all"})} data-testid="mute-all">
      <${Icon} name="muted" />${t("rehearse.mute_all", {count: open})}</button>`}</div>`;
}

function Room() {
  const audio = useRef(/** @type {HTMLAudioElement | null} */ (null));
  useFeed(audio, `/whep/${config.session}/room`);
  return html`<audio ref=${audio} autoplay></audio>`;
}
