// The page looks at its own picture, listens to its own microphone, and hears whether the loudspeaker
// comes back through it. What it finds is shown here, and after joining to the control room.

import {effect, signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect, useState} from "preact/hooks";
import {now, siteView} from "../../state.js";
import {t} from "../../texts.js";
import {camera, level, microphone, playTestTone, stream} from "./devices.js";
import {start as testLine} from "./line_test.js";

/** @import {SelfTested} from "../../line_types.js" */

const LOOK_MS = 1000;
const DARK = 14; // of 255: a covered lens, an unlit room
const SPEECH_DBFS = -45;
const ECHO_RISE_DB = 12; // what echo cancellation leaves of a tone is far less
const TONE_MS = 1000;

/** @type {import("@preact/signals").Signal<SelfTested>} */
export const selfTested = signal(/** @type {SelfTested} */ (
  {picture: "none", sound: "none", speaker: "unknown", echo: "unknown"}));

/** @param {Partial<SelfTested>} found */
function note(found) {
  const merged = {...selfTested.peek(), ...found};
  if (JSON.stringify(merged) !== JSON.stringify(selfTested.peek())) selfTested.value = merged;
}

/** Looks and listens until the returned function is called. */
function watch() {
  const video = document.createElement("video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [32, 18];
  const pen = canvas.getContext("2d", {willReadFrequently: true});
  video.muted = true;
  const follow = effect(() => {
    video.srcObject = stream.value ?? null;
    video.play().catch(() => {}); // stopped by the next stream; nothing is lost
  });
  /** @type {Uint8ClampedArray | undefined} */
  let before;
  const look = () => {
    if (camera.value !== "ok" || !pen || video.videoWidth === 0) return note({picture: "none"});
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const now = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    const moves = !before || now.some((value, at) => value !== before?.[at]);
    before = now;
    return note({picture: brightness(now) < DARK ? "dark" : moves ? "ok" : "still"});
  };
  const looking = setInterval(look, LOOK_MS);
  const listening = setInterval(() => {
    if (microphone.value !== "ok") note({sound: "none"});
    else if (level() > SPEECH_DBFS) note({sound: "ok"});
    else if (selfTested.peek().sound === "none") note({sound: "silent"});
  }, 100);
  return () => {
    clearInterval(looking);
    clearInterval(listening);
    follow();
    video.srcObject = null;
  };
}

/** Mean of the pixels, 0 to 255. @param {Uint8ClampedArray} data RGBA */
function brightness(data) {
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) sum += (data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0);
  return sum / (data.length * 0.75);
}

/** The loudest of a while, dBFS. @param {number} ms */
async function loudest(ms) {
  let peak = -96;
  for (const end = performance.now() + ms; performance.now() < end;) {
    peak = Math.max(peak, level());
    await new Promise((done) => setTimeout(done, 30));
  }
  return peak;
}

/** Plays the tone, and hears whether the microphone sends it back. */
async function tone() {
  const quiet = await loudest(500);
  const [loud] = await Promise.all([loudest(TONE_MS), playTestTone()]);
  // A room that talks meanwhile says nothing of its loudspeaker.
  const told = microphone.value === "ok" && quiet < SPEECH_DBFS;
  note({echo: !told ? "unknown" : loud > SPEECH_DBFS && loud - quiet > ECHO_RISE_DB ? "heard" : "ok"});
}

export function SpeakerTest() {
  const [played, setPlayed] = useState(false);
  const {speaker, echo} = selfTested.value;
  const play = () => {
    void tone();
    setPlayed(true);
  };
  return html`<p><button onClick=${play} data-testid="test-tone">${t("site.play_tone")}</button></p>
    ${played && html`<p class="heard" role="group" aria-label=${t("site.heard_ask")}>${t("site.heard_ask")}
      <button aria-pressed=${speaker === "heard"} onClick=${() => note({speaker: "heard"})} data-testid="tone-heard">${t("site.heard_yes")}</button>
      <button aria-pressed=${speaker === "not_heard"} onClick=${() => note({speaker: "not_heard"})}>${t("site.heard_no")}</button></p>`}
    ${speaker === "not_heard" && html`<p class="hint">${t("site.no_tone_heard")}</p>`}
    ${echo === "heard" && html`<p class="notice warn" role="alert">${t("site.echo_heard")}</p>`}`;
}

const SAY_MS = 6000;
const TONES_MS = 4000; // a page that nobody has touched makes no sound, and does not say so
const FRESH_MS = 60_000;
const ANSWER_MS = 120_000; // somebody in the room must come and press

/** Where a test is that the control room asked for.
 * @type {import("@preact/signals").Signal<"" | "say" | "tones" | "line" | "question">} */
const step = signal("");

/** @param {number} asked @param {() => Promise<void>} line tests the line, if this is the moment */
async function answer(asked, line) {
  note({picture: "none", sound: "none", speaker: "unknown", echo: "unknown"});
  const stop = watch();
  step.value = "say";
  await pause(SAY_MS);
  step.value = "tones";
  await Promise.race([tone(), pause(TONES_MS)]);
  stop();
  step.value = "line";
  await line();
  note({asked_at_ms: asked});
  step.value = "question";
  await pause(ANSWER_MS);
  if (selfTested.peek().asked_at_ms === asked) step.value = "";
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** In the room: the test that the control room asked for. @param {{token: string}} props */
export function AskedTest({token}) {
  const {me, session} = siteView();
  const asked = me.test_asked_at_ms;
  useEffect(() => {
    if (asked === undefined || now() - asked > FRESH_MS || step.peek()) return;
    // A hearing that runs needs the line itself.
    void answer(asked, () => session.phase === "prepared" ? testLine(token) : Promise.resolve());
  }, [asked]);
  if (!step.value) return null;
  const say = (/** @type {"heard" | "not_heard"} */ speaker) => () => {
    note({speaker});
    step.value = "";
  };
  return html`<div class="notice asked-test" role="alert" data-testid="asked-test"><p><strong>${t("self_test.asked")}</strong>${" "}<span data-testid="asked-step">${t(`self_test.asked_${step.value}`)}</span></p>
    ${step.value === "question" && html`<p class="heard"><button onClick=${say("heard")} data-testid="asked-heard">${t("site.heard_yes")}</button>
      <button onClick=${say("not_heard")}>${t("site.heard_no")}</button></p>`}</div>`;
}

/** One line for each part, and what to do where it is not good. */
export function SelfTest() {
  useEffect(watch, []);
  const found = selfTested.value;
  return html`<section class="panel self-test" data-testid="self-test"><h2>${t("self_test.title")}</h2>
    <ul class="findings">${/** @type {const} */ (["picture", "sound", "speaker", "echo"]).map((part) => html`
      <li data-part=${part} data-found=${found[part]}>${t(`self_test.${part}_${found[part]}`)}</li>`)}</ul></section>`;
}
