// The public page: the session live, its agenda, and who is speaking.

import {html} from "htm/preact";
import {effect, signal} from "@preact/signals";
import {useEffect, useRef, useState} from "preact/hooks";
import {connect, connection, publicView, view} from "./state.js";
import {show} from "./parts/common/page.js";
import {Head} from "./parts/common/head.js";
import {Renewal, renewWhen} from "./parts/common/renewal.js";
import {config, span, t, weekdayAndTime} from "./texts.js";
import {CaptionLine} from "./parts/common/caption.js";
import {useFeed} from "./parts/common/feed.js";
import {lackOf, unplayable} from "./parts/common/formats.js";
import {CaptionsSwitch, captionsOn} from "./parts/public/captions.js";
import {Share} from "./parts/public/share.js";
import {Languages, language, languages} from "./parts/public/languages.js";
import {Agenda} from "./parts/public/agenda.js";
import {attach, captionsOf} from "./parts/public/player.js";

const BEHIND_S = 20; // further behind than this, the viewer has gone back on purpose

/** By HLS, which rewinds, by WebRTC, which is half a second behind the hall, or the sound alone:
 * `#sound` is its link. @type {import("@preact/signals").Signal<"rewind" | "quick" | "sound">} */
const way = signal(location.hash === "#sound" ? "sound" : "rewind");
/** What HLS cannot bring into this browser; WebRTC may: it has other formats. */
const lack = unplayable();
/** Whether the picture comes by WebRTC. */
const quick = signal(!lack);
if (lack) {
  void lackOf(false).then((lacking) => {
    if (lacking) return;
    quick.value = true;
    if (way.value === "rewind") way.value = "quick";
  });
}
/** Lines of the pictures that there are, and of the one that was chosen; 0: by the line. */
const heights = signal(/** @type {number[]} */ ([]));
const chosen = signal(0);
/** Browsers play by themselves only what is mute. Once somebody turned the sound on it stays. */
const muted = signal(true);
/** Once somebody types captions they are fetched; until then nobody asks for them. */
const captioned = signal(false);
effect(() => {
  if (view.value && publicView().caption) captioned.value = true;
});
effect(() => {
  // A playlist tells of those in it.
  if (view.value && (way.value !== "rewind" || lack)) languages.value = publicView().languages;
});
/** @type {{rewind: () => any, quick: () => any, sound: () => any}} */
const PLAYERS = {rewind: lack ? NoPicture : RewindPlayer, quick: QuickPlayer, sound: SoundPlayer};

function isOn() {
  const phase = view.value && publicView().session.phase;
  return phase === "live" || phase === "paused";
}

function Page() {
  if (!view.value) return html`<p class="waiting" role="status">${t(`connection.${connection.value}`)}</p>`;
  const {session, floor, agenda, viewers} = publicView();
  const on = isOn();
  const current = on && agenda.find((one) => one.id === session.current_item);
  return html`<${Head} />
    ${on && html`<${Renewal} />`}
    <main class="watch">
      <div class="stage-column">
        ${on ? html`<${PLAYERS[way.value]} />` : html`<${Before} session=${session} />`}
        <div class="about"><h1>${session.title}</h1>
          <p class="muted"><span class=${`badge ${session.phase === "live" ? "on-air" : ""}`} data-testid="phase">${t(`phase.${session.phase}`)}</span> ${session.subtitle}</p>
          ${current && html`<p class="now-item" data-testid="current-item">${current.title}</p>`}</div>
        <${Speaker} floor=${floor} closed=${session.closed} />
        <div class="choices">
          ${session.phase === "live" && quick.value && html`<${Way} name="quick" label=${t("public.low_latency")} />`}
          ${on && html`${(!lack || way.value !== "rewind") && html`<${Way} name="sound" label=${t("public.sound_only")} />`}<${Quality} /><${Languages} />`}
          ${on && captioned.value && way.value !== "sound" && html`<${CaptionsSwitch} />`}
          <${Share} atS=${on && !lack && way.value === "rewind" ? () => document.querySelector("video")?.currentTime : undefined} />
          ${viewers > 1 && html`<span class="muted">${t("public.viewers", {count: viewers})}</span>`}
        </div>
        ${session.phase !== "ended" && html`<${Addresses} />`}
      </div>
      <${Agenda} items=${agenda} on=${on} />
    </main>`;
}

/** @param {{name: "quick" | "sound", label: string}} props */
function Way({name, label}) {
  return html`<label class="check"><input type="checkbox" checked=${way.value === name}
    onChange=${() => (way.value = way.value === name ? "rewind" : name)} data-testid=${name} /> ${label}</label>`;
}

/** For who knows better than the measuring of his line. */
function Quality() {
  if (way.value !== "rewind" || heights.value.length < 2) return null;
  const choose = (/** @type {Event} */ event) => (chosen.value = Number(/** @type {HTMLSelectElement} */ (event.target).value));
  return html`<label class="speed">${t("public.quality")} <select onChange=${choose} data-testid="quality">
    <option value="0" selected=${!chosen.value}>${t("public.quality_auto")}</option>
    ${[...heights.value].sort((a, b) => b - a).map((lines) => html`<option value=${lines} selected=${chosen.value === lines}>${lines}p</option>`)}</select></label>`;
}

/** What radios, televisions and other programs open. */
function Addresses() {
  const at = (/** @type {string} */ name) => `${location.origin}/live/${config.session}/${name}`;
  return html`<details class="addresses" data-testid="addresses"><summary>${t("public.other_players")}</summary>
    <dl>${[["whole", "master.m3u8"], ["recent", "recent.m3u8"], ["sound", "sound/live.m3u8"]].map(([key, name]) => html`
      <dt>${t(`public.address_${key}`)}</dt><dd><code>${at(name ?? "")}</code></dd>`)}</dl></details>`;
}

/** @param {{session: import("./types.js").Session}} props */
function Before({session}) {
  const over = session.phase === "ended";
  return html`<div class="stage card" data-testid="not-live"><div>
    <p class="card-title">${t(over ? "public.is_over" : "public.not_started")}</p>
    ${!over && session.planned_start_at_ms && html`<p class="card-time" data-testid="planned">${t("public.planned", {time: weekdayAndTime(session.planned_start_at_ms)})}</p>`}
    <p>${t(!over ? "public.not_started_note" : config.retired ? "error.retired" : "public.is_over_note")}</p>
    ${over && html`<p><a class="button primary" href=${`/play/${session.id}`}>${t(config.retired ? "archive.contents" : "public.play")}</a></p>`}</div></div>`;
}

/** Why nothing plays. @param {string} key of what is said while the server is there */
function waiting(key) {
  return t(connection.value === "lost" ? "connection.lost" : key);
}

function RewindPlayer() {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const player = useRef(/** @type {ReturnType<typeof attach> | null} */ (null));
  const [state, setState] = useState("waiting");
  const [behind, setBehind] = useState(0);
  /** Where another language is to go on, for who has gone back. @type {{current: {startS?: number}}} */
  const from = useRef({});
  useEffect(() => {
    if (!video.current) return;
    player.current = attach(video.current, `/live/${config.session}/master.m3u8`, {
      ...from.current,
      language: language.value,
      onLanguages: (told) => { languages.value = told; },
      onState: setState,
      onHeights: (told) => {
        heights.value = told;
        player.current?.choose(chosen.value); // of before, say, the sound alone
      },
    });
    const captions = captionsOf(video.current, () => captioned.value && captionsOn.value);
    const forget = chosen.subscribe((lines) => player.current?.choose(lines));
    return () => {
      forget();
      captions();
      const atS = video.current?.currentTime ?? 0;
      from.current = (player.current?.liveS() ?? 0) - atS > BEHIND_S ? {startS: atS} : {};
      player.current?.close();
    };
  }, [language.value]);
  useSound(video);
  const look = () => setBehind((player.current?.liveS() ?? 0) - (video.current?.currentTime ?? 0));
  const toLive = () => {
    if (video.current && player.current) video.current.currentTime = player.current.liveS();
    void video.current?.play();
  };
  return html`<div class="stage"><video ref=${video} controls autoplay muted=${muted.value} onVolumeChange=${heed} playsinline data-testid="player"
      onTimeUpdate=${look} aria-label=${t("public.player")}></video>
    ${state === "waiting" && html`<p class="over-picture" role="status">${waiting("public.loading")}</p>`}
    <div class="on-picture">${state !== "waiting" && html`<${Unmute} video=${video} />`}
      ${behind > BEHIND_S && html`<button class="go-live" onClick=${toLive} data-testid="to-live">
        ${t("public.to_live", {behind: span(behind * 1000)})}</button>`}</div></div>`;
}

/** @param {Event} event */
function heed({currentTarget}) {
  muted.value = /** @type {HTMLMediaElement} */ (currentTarget).muted;
}

/** Safari may let a player that is new be seen only. @param {{current: HTMLVideoElement | null}} video */
function useSound(video) {
  useEffect(() => {
    const element = video.current;
    if (muted.peek() || !element) return;
    element.play().catch((/** @type {DOMException} */ {name}) => {
      if (name !== "NotAllowedError") return;
      element.muted = true;
      void element.play();
    });
  }, []);
}

/** Who does not know why nothing is heard looks for the fault in his loudspeaker. @param {{video: {current: HTMLVideoElement | null}}} props */
function Unmute({video}) {
  if (!muted.value) return null;
  const unmute = () => {
    muted.value = false;
    void video.current?.play();
  };
  return html`<button class="unmute" onClick=${unmute} data-testid="unmute">${t("public.unmute")}</button>`;
}

/** Like a radio: some 130 kbit/s. */
function SoundPlayer() {
  return html`<${Sound} title=${t("public.radio")} note=${t("public.radio_note")} />`;
}

/** What to do for the picture, and the sound until then. */
function NoPicture() {
  return html`<${Sound} title=${t("public.no_picture")} note=${t("public.no_picture_note")} />`;
}

/** @param {{title: string, note: string}} props */
function Sound({title, note}) {
  const audio = useRef(/** @type {HTMLAudioElement | null} */ (null));
  const [state, setState] = useState("waiting");
  const use = lack === "all" ? useFedSound : useListedSound;
  use(audio, setState);
  const plays = state === "playing" || state === "connected";
  return html`<div class="stage card listening"><div>
    <p class="card-title">${title}</p><p>${note}</p>
    <audio ref=${audio} controls autoplay data-testid="sound-player" aria-label=${t("public.radio")}></audio>
    <p class="sound-state" role="status">${!plays && waiting("public.loading_sound")}</p></div></div>`;
}

/** By HLS. @param {{current: HTMLAudioElement | null}} audio @param {(state: string) => void} onState */
function useListedSound(audio, onState) {
  const folder = language.value ? `language-${language.value}` : "sound";
  useEffect(() => {
    if (!audio.current) return;
    const player = attach(audio.current, `/live/${config.session}/${folder}/live.m3u8`, {onState});
    return () => player.close();
  }, [folder]);
}

/** By WebRTC, which every browser knows Opus for. @param {{current: HTMLAudioElement | null}} audio
 * @param {(state: string) => void} onState */
function useFedSound(audio, onState) {
  useFeed(audio, `/whep/${config.session}`, {language, onState});
}

function QuickPlayer() {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const [state, setState] = useState("connecting");
  const [why, setWhy] = useState("");
  useSound(video);
  useFeed(video, `/whep/${config.session}`, {language, onState: (told, detail) => {
    setState(told);
    setWhy(detail);
  }});
  return html`<div class="stage"><video ref=${video} controls autoplay muted=${muted.value} onVolumeChange=${heed} playsinline data-testid="quick-player"
      aria-label=${t("public.player")}></video>
    <div class="on-picture">${state === "connected" && html`<${Unmute} video=${video} />`}</div>
    ${captionsOn.value && html`<${CaptionLine} caption=${publicView().caption} />`}
    ${state !== "connected" && html`<p class="over-picture" role="status">${why || waiting("public.loading")}</p>`}</div>`;
}

/** @param {{floor: import("./types.js").Floor | undefined, closed: boolean}} props */
function Speaker({floor, closed}) {
  const told = closed ? html`<p class="notice" data-testid="closed">${t("public.closed_now")}</p>` : floor && html`<${Speaks} floor=${floor} />`;
  return html`<div class="told" aria-live="polite" aria-atomic="true">${told}</div>`;
}

/** @param {{floor: import("./types.js").Floor}} props */
function Speaks({floor}) {
  return html`<section class="speaking" data-testid="speaking">
    <span class="badge on-air">${t(`kind.${floor.kind}`)}</span>
    <div><strong>${floor.name}</strong><p class="muted">${floor.title}</p></div></section>`;
}

show(Page);
connect("watch");
// Whoever watches decides for himself: the sound would be off afterwards.
renewWhen(() => !isOn());
