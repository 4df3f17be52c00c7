// Talking to one site while a button is held: nobody else hears it, and nothing of it is recorded.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect} from "preact/hooks";
import {TalkPublisher} from "../../rtc.js";
import {ready} from "../../state.js";
import {t} from "../../texts.js";
import {mayGive, shortName} from "../common/actions.js";
import {Icon} from "../common/icons.js";
import {toast} from "../common/toasts.js";

/** @import {Site} from "../../types.js" */

const VOICE = {audio: {echoCancellation: true, noiseSuppression: true, autoGainControl: true}};

/** To whom we talk. @type {import("@preact/signals").Signal<{site: string, on: boolean} | undefined>} */
const talking = signal(undefined);

/** Another press, and all that an earlier one began is of the past. */
let presses = 0;
/** @type {TalkPublisher | undefined} */
let line;
/** @type {MediaStream | undefined} */
let voice;

/** @param {Site} site */
async function press(site) {
  release();
  const mine = (presses += 1);
  talking.value = {site: site.id, on: false};
  const opened = await microphone();
  if (mine !== presses || !opened) {
    opened?.getTracks().forEach((track) => track.stop());
    if (mine === presses) release();
    return;
  }
  voice = opened;
  line = new TalkPublisher(`/whip/${site.id}/talk`, {voice, onState: (state, detail) => {
    if (mine !== presses) return;
    if (state === "connected") talking.value = {site: site.id, on: true};
    else if (state === "refused") toast(detail, "refused");
    else if (state === "lost") toast(t("talk.ended", {site: shortName(site.name)}), "refused");
    if (state === "refused" || state === "lost") release();
  }});
  line.open();
}

async function microphone() {
  try {
    return await navigator.mediaDevices.getUserMedia(VOICE);
  } catch {
    toast(t("talk.no_microphone"), "refused"); // denied, unplugged, or a page without HTTPS
    return undefined;
  }
}

function release() {
  presses += 1;
  line?.stop();
  voice?.getTracks().forEach((track) => track.stop());
  line = voice = talking.value = undefined;
}

/** Held by pointer, Space or Enter. @param {{site: Site}} props */
export function TalkButton({site}) {
  const mine = talking.value?.site === site.id;
  useEffect(() => {
    if (!mine) return undefined;
    const hidden = () => { if (document.hidden) release(); };
    addEventListener("blur", release);
    document.addEventListener("visibilitychange", hidden);
    return () => {
      removeEventListener("blur", release);
      document.removeEventListener("visibilitychange", hidden);
    };
  }, [mine]);
  const over = site.microphone_open || !site.present || Boolean(site.put_out); // the button may be gone, and nobody lets go of it
  useEffect(() => {
    if (mine && over) release();
  }, [mine, over]);
  if (!mayGive("open_microphone") || !site.present || site.put_out) return null;
  const name = shortName(site.name);
  const label = t(site.microphone_open ? "talk.closed" : "talk.hold", {site: name});
  const down = (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0) return;
    /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
    void press(site);
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) void press(site);
  };
  return html`<button type="button" class="talk" title=${label} aria-label=${label} aria-pressed=${mine} data-testid=${`talk-${site.id}`}
    disabled=${!ready.value || site.microphone_open || (site.talked_to && !mine)} onPointerDown=${down} onPointerUp=${release} onPointerCancel=${release}
    onKeyDown=${key} onKeyUp=${release} onBlur=${() => mine && release()}><${Icon} name="headset" /></button>`;
}

/** Over the tile's picture. @param {{site: Site}} props */
export function TalkMark({site}) {
  const ours = talking.value?.site === site.id ? talking.value : undefined;
  if (!ours && !site.talked_to) return null;
  const text = ours ? t(ours.on ? "talk.on" : "talk.connecting") : t("talk.other");
  return html`<span class="talk-mark" role="status" data-on=${!ours || ours.on} data-testid=${`talk-mark-${site.id}`}>${text}</span>`;
}
