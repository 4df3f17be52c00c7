// The public page: the session live, its agenda, and who is speaking.

import {html, render} from "htm/preact";
import {signal} from "@preact/signals";
import {useEffect, useRef, useState} from "preact/hooks";
import {connect, connection, publicView, restarts, view} from "./state.js";
import {Head} from "./parts/common/head.js";
import {config, span, t} from "./texts.js";
import {WhepPlayer} from "./rtc.js";
import {CaptionLine} from "./parts/common/caption.js";
import {Agenda} from "./parts/public/agenda.js";
import {attach} from "./parts/public/player.js";

const BEHIND_S = 20; // further behind than this, the viewer has gone back on purpose

/** By HLS, which rewinds, or by WebRTC, which is half a second behind the hall. */
const quick = signal(false);

function Page() {
  if (!view.value) return html`<p class="waiting" role="status">${t(`connection.${connection.value}`)}</p>`;
  const {session, floor, agenda, viewers} = publicView();
  return html`<${Head} />
    <main class="watch">
      <div class="stage-column">
        ${session.phase === "prepared" || session.phase === "ended"
          ? html`<${Before} session=${session} />`
          : quick.value ? html`<${QuickPlayer} />` : html`<${RewindPlayer} />`}
        <div class="about"><h1>${session.title}</h1>
          <p class="muted"><span class=${`badge ${session.phase === "live" ? "on-air" : ""}`} data-testid="phase">${t(`phase.${session.phase}`)}</span> ${session.subtitle}</p></div>
        <${Speaker} floor=${floor} closed=${session.closed} />
        <div class="choices">
          ${session.phase === "live" && html`<label class="check"><input type="checkbox" checked=${quick.value}
            onChange=${() => (quick.value = !quick.value)} data-testid="quick" /> ${t("public.low_latency")}</label>`}
          <${Share} />
          ${viewers > 1 && html`<span class="muted">${t("public.viewers", {count: viewers})}</span>`}
        </div>
      </div>
      <${Agenda} items=${agenda} />
    </main>`;
}

/** @param {{session: import("./types.js").Session}} props */
function Before({session}) {
  const over = session.phase === "ended";
  return html`<div class="stage card" data-testid="not-live"><div>
    <p class="card-title">${t(over ? "public.is_over" : "public.not_started")}</p>
    <p>${t(over ? "public.is_over_note" : "public.not_started_note")}</p>
    ${over && html`<p><a class="button primary" href=${`/play/${session.id}`}>${t("public.play")}</a></p>`}</div></div>`;
}

function RewindPlayer() {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const player = useRef(/** @type {ReturnType<typeof attach> | null} */ (null));
  const [state, setState] = useState("waiting");
  const [behind, setBehind] = useState(0);
  useEffect(() => {
    if (!video.current) return;
    player.current = attach(video.current, `/live/${config.session}/live.m3u8`, {onState: setState});
    return () => player.current?.close();
  }, []);
  const look = () => setBehind((player.current?.liveS() ?? 0) - (video.current?.currentTime ?? 0));
  const toLive = () => {
    if (video.current && player.current) video.current.currentTime = player.current.liveS();
    void video.current?.play();
  };
  return html`<div class="stage"><video ref=${video} controls autoplay muted playsinline data-testid="player"
      onTimeUpdate=${look} aria-label=${t("public.player")}></video>
    ${state === "waiting" && html`<p class="over-picture" role="status">${t("public.loading")}</p>`}
    ${behind > BEHIND_S && html`<button class="go-live" onClick=${toLive} data-testid="to-live">
      ${t("public.to_live", {behind: span(behind * 1000)})}</button>`}</div>`;
}

function QuickPlayer() {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const [state, setState] = useState("connecting");
  const [why, setWhy] = useState("");
  useEffect(() => {
    const player = new WhepPlayer(`/whep/${config.session}`, {
      onState: (told, detail) => {
        setState(told);
        setWhy(detail);
      },
    });
    void player.start().then((stream) => {
      if (video.current) video.current.srcObject = stream;
    });
    const forget = restarts.subscribe((times) => { if (times) player.renew(); });
    return () => {
      forget();
      player.stop();
    };
  }, []);
  return html`<div class="stage"><video ref=${video} controls autoplay muted playsinline data-testid="quick-player"
      aria-label=${t("public.player")}></video>
    <${CaptionLine} caption=${publicView().caption} />
    ${state !== "connected" && html`<p class="over-picture" role="status">${why || t("public.loading")}</p>`}</div>`;
}

/** @param {{floor: import("./types.js").Floor | undefined, closed: boolean}} props */
function Speaker({floor, closed}) {
  if (closed) return html`<p class="notice" data-testid="closed">${t("public.closed_now")}</p>`;
  if (!floor) return null;
  return html`<section class="speaking" aria-live="polite" data-testid="speaking">
    <span class="badge on-air">${t(`kind.${floor.kind}`)}</span>
    <div><strong>${floor.name}</strong><p class="muted">${floor.title}</p></div></section>`;
}

function Share() {
  const [done, setDone] = useState(false);
  const share = async () => {
    await navigator.clipboard.writeText(location.href);
    setDone(true);
  };
  return html`<button class="plain" onClick=${share}>${t(done ? "public.copied" : "public.share")}</button>`;
}

const root = document.getElementById("page");
if (root) render(html`<${Page} />`, root);
connect("watch");
