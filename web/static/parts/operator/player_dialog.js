// Choosing what the media player plays, and all that can be done with it.

import {signal, useSignal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {PLAYER} from "../../protocol.js";
import {bringPlayerFile, fetchPlayerFiles, now, operatorView, removePlayerFile} from "../../state.js";
import {number, span, t} from "../../texts.js";
import {Do, act, mayGive} from "../common/actions.js";
import {tell} from "../common/ask.js";
import {Dialog} from "../common/dialogs.js";
import {valueOf} from "../common/fields.js";
import {Icon} from "../common/icons.js";
import {useTicking} from "../common/ticking.js";
import {placeOf} from "./playing.js";
import {seat} from "./preview.js";
import {Still} from "./still.js";
import {Transport, problemOf} from "./transport.js";

/** @import {Clip, PlayerFile} from "../../types.js" */

const ACCEPTED = ".mp4,.m4v,.mov,.mkv,.webm,.mp3,.m4a,.wav,.ogg,.opus,.flac,.png,.jpg,.jpeg,.pdf";
const MINUTES = [5, 10, 15, 30];
const MINUTE_MS = 60_000;
const LOOK_MS = 3000;

/** While the dialog is open. @type {import("@preact/signals").Signal<PlayerFile[] | undefined>} */
const files = signal(undefined);

export async function openPlayer() {
  if (await look()) return;
  files.value = undefined;
}

async function look() {
  return tried(async () => { files.value = (await fetchPlayerFiles()).files; });
}

/** @param {() => Promise<void>} act @returns {Promise<boolean>} what went wrong is told */
async function tried(act) {
  try {
    await act();
    return true;
  } catch (error) {
    tell(error);
    return false;
  }
}

export function PlayerDialog() {
  if (!files.value || !mayGive("load_player")) return null;
  const close = () => { files.value = undefined; };
  const clip = operatorView().player;
  return html`<${Dialog} label=${t("player.open_long")} onClose=${close} testid="player-dialog" wide=${true}>
    <h2>${t("player.title")}</h2>
    <div class="player-room">
      <section class="player-files" aria-label=${t("player.files")}><${Upload} /><${Files} files=${files.value} chosen=${clip?.file} /><${CountdownForm} /></section>
      ${clip ? html`<${Loaded} clip=${clip} onClose=${close} />` : html`<p class="muted player-empty">${t("player.empty")}</p>`}
    </div>
    <footer><button type="button" onClick=${close}>${t("common.close")}</button></footer>
  <//>`;
}

function Upload() {
  const share = useSignal(/** @type {number | undefined} */ (undefined));
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const bring = async () => {
    const chosen = [...(field.current?.files ?? [])];
    for (const file of chosen) {
      share.value = 0;
      await tried(() => bringPlayerFile(file, (done) => { share.value = done; }));
    }
    share.value = undefined;
    if (field.current) field.current.value = "";
    if (files.value) await look();
  };
  const running = share.value !== undefined;
  return html`<div class="player-upload">
    <button type="button" disabled=${running} onClick=${() => field.current?.click()} data-testid="player-upload"><${Icon} name="upload" />
      ${running ? t("player.uploading", {percent: Math.round((share.value ?? 0) * 100)}) : t("player.upload")}</button>
    <input type="file" multiple hidden accept=${ACCEPTED} ref=${field} onChange=${bring} data-testid="player-file" />
    <p class="muted hint">${t("player.upload_note")}</p></div>`;
}

/** @param {{files: PlayerFile[], chosen: string | undefined}} props */
function Files({files: found, chosen}) {
  useEffect(() => {
    // What was brought is looked at meanwhile.
    const timer = setInterval(async () => {
      const fresh = await fetchPlayerFiles().catch(() => undefined);
      if (fresh && files.value) files.value = fresh.files;
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  if (!found.length) return html`<p class="muted empty">${t("player.no_files")}</p>`;
  return html`<ul class="rows player-rows">${found.map((file) => html`<${FileRow} key=${file.name} file=${file} chosen=${file.name === chosen} />`)}</ul>`;
}

/** @param {{file: PlayerFile, chosen: boolean}} props */
function FileRow({file, chosen}) {
  const asked = useSignal(false);
  const remove = async () => {
    asked.value = !asked.value;
    if (!asked.value && await tried(() => removePlayerFile(file.name))) await look();
  };
  return html`<li class="row" data-chosen=${chosen}>
    <span class="who"><span class="name" title=${file.name}>${file.name}</span>
      <span class="detail">${[t(`player.kind_${file.kind}`), sizeOf(file.bytes), ...loudnessOf(file)].join(" · ")}</span>
      ${file.fault && html`<span class="detail warn-text" title=${t(`player.fault_${file.fault}_long`)}>${t(`player.fault_${file.fault}`)}</span>`}</span>
    <${Do} command=${{type: "load_player", file: file.name}} class="small" disabled=${chosen} testid=${`load-${file.name}`}>
      ${t(chosen ? "player.chosen" : "player.choose")}<//>
    ${!chosen && html`<button type="button" class=${asked.value ? "small danger" : "icon-only plain"} title=${t("player.remove", {file: file.name})}
      aria-label=${t("player.remove", {file: file.name})} onClick=${remove} onBlur=${() => { asked.value = false; }}>
      ${asked.value ? t("player.remove_now") : html`<${Icon} name="close" />`}</button>`}</li>`;
}

/** What the player does to its sound, where that is worth a word. @param {PlayerFile} file */
function loudnessOf({gain_db: gain, silent}) {
  if (silent) return [t("player.no_sound")];
  if (!gain || Math.abs(gain) < 1) return [];
  return [t(gain < 0 ? "player.turned_down" : "player.turned_up", {db: number(Math.abs(gain))})];
}

/** @param {number} bytes */
function sizeOf(bytes) {
  return bytes < 1e9 ? `${number(Math.max(0.1, bytes / 1e6))} MB` : `${number(bytes / 1e9)} GB`;
}

function CountdownForm() {
  const title = useSignal(t("player.countdown_title"));
  const minutes = useSignal(10);
  const load = () => act({type: "load_countdown", duration_ms: minutes.value * MINUTE_MS, title: title.value.trim() || t("player.countdown_title")});
  return html`<fieldset class="countdown"><legend>${t("player.countdown")}</legend>
    <input value=${title.value} maxlength="120" aria-label=${t("player.countdown_words")}
      onInput=${(/** @type {Event} */ event) => { title.value = valueOf(event); }} />
    <select value=${String(minutes.value)} aria-label=${t("player.countdown_minutes")}
      onChange=${(/** @type {Event} */ event) => { minutes.value = Number(valueOf(event)); }}>
      ${MINUTES.map((count) => html`<option key=${count} value=${String(count)}>${t("player.minutes", {count})}</option>`)}</select>
    <button type="button" class="small" onClick=${load} data-testid="load-countdown">${t("player.choose")}</button></fieldset>`;
}

/** @param {{clip: Clip, onClose: () => void}} props */
function Loaded({clip, onClose}) {
  const toPreview = async () => {
    await seat(PLAYER);
    onClose();
  };
  const problem = problemOf(clip);
  return html`<section class="player-loaded" aria-label=${clip.title}>
    <div class="screen"><${Still} name=${PLAYER} label=${clip.title} />${problem && html`<p class="screen-note">${problem}</p>`}</div>
    <h3>${clip.title}</h3>
    ${clip.fault && html`<p class="warn-text" role="alert">${t(`player.fault_${clip.fault}_long`)}</p>`}
    ${clip.withheld && html`<p class="warn-text" role="alert">${t("player.withheld_long")}</p>`}
    ${clip.kind === "film" || clip.kind === "sound" ? html`<${Seek} clip=${clip} />` : null}
    ${clip.pages > 2 && html`<${GoTo} clip=${clip} />`}
    <div class="transport"><${Transport} clip=${clip} />
      ${clip.kind !== "slides" && html`<${Do} command=${{type: "stop_player"}} class="small" label=${t("player.stop_long")} testid="player-stop"><${Icon} name="rewind" />${t("player.stop")}<//>`}
      ${(clip.kind === "film" || clip.kind === "sound") && html`<${Do} command=${{type: "loop_player", loop: !clip.loop}} class="small" pressed=${clip.loop} testid="player-loop">${t("player.loop")}<//>`}
    </div>
    <div class="player-acts">
      <button type="button" class="primary" onClick=${toPreview} data-testid="player-to-preview">${t("player.to_preview")}</button>
      <${Do} command=${{type: "clear_player"}} testid="player-clear">${t("player.clear")}<//></div>
    <p class="muted hint">${t(clip.kind === "film" || clip.kind === "sound" ? "player.sound_note" : "player.picture_note")}</p>
  </section>`;
}

/** A report has hundreds of pages, and each that is turned over is seen. @param {{clip: Clip}} props */
function GoTo({clip}) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  // Not as its `value`: whatever else is drawn anew would take from under the hand what is being typed.
  useEffect(() => {
    if (field.current) field.current.value = String(clip.page);
  }, [clip.page]);
  const go = (/** @type {Event} */ event) => {
    const page = Math.round(Number(valueOf(event)));
    if (page >= 1) void act({type: "turn_page", page: Math.min(page, clip.pages)});
  };
  return html`<label class="go-to">${t("player.go_to")}<input type="number" min="1" max=${clip.pages} ref=${field} onChange=${go} data-testid="page-go-to" /></label>`;
}

/** @param {{clip: Clip}} props */
function Seek({clip}) {
  const held = useRef(false);
  const slider = useTicking(500, (/** @type {HTMLInputElement} */ range) => {
    if (!held.current) range.value = String(Math.round(placeOf(clip, now()) / 1000));
  }, [clip]);
  if (!clip.duration_ms) return null;
  const go = (/** @type {Event} */ event) => {
    held.current = false;
    void act({type: "seek_player", position_ms: Number(valueOf(event)) * 1000});
  };
  return html`<label class="seek"><input type="range" min="0" max=${Math.floor(clip.duration_ms / 1000)} step="1" ref=${slider}
    aria-label=${t("player.seek")} onInput=${() => { held.current = true; }} onChange=${go} data-testid="player-seek" />
    <span class="numbers muted">${span(clip.duration_ms)}</span></label>`;
}
