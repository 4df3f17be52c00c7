// Before joining: can we be seen and heard, and do we hear?

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useEffect} from "preact/hooks";
import {Language} from "../common/head.js";
import {config, t} from "../../texts.js";
import {asking, busy, camera, choose, inUse, list, microphone, open, stream} from "./devices.js";
import {lackOf} from "../common/formats.js";
import {LineTest} from "./line_test.js";
import {Meter, Video} from "./pieces.js";
import {SelfTest, SpeakerTest} from "./self_test.js";

/** @import {Lack} from "../common/formats.js" */

/** @type {import("@preact/signals").Signal<Lack | undefined>} */
const lack = signal(undefined);

/** `away`: the server cannot be reached. @param {{token: string, away: boolean, onJoin: () => void}} props */
export function DeviceTest({token, away, onJoin}) {
  const usable = camera.value === "ok" || microphone.value === "ok";
  const note = asking.value ? "site.asking" : usable ? "site.join_note" : "site.join_needs_device";
  return html`<main class="test" data-testid="device-test">
    <header><p class="muted">${config.session_title}</p><h1>${config.site_name}</h1></header>
    <p><strong>${t("site.test_title")}.</strong> ${t("site.test_intro")}</p>
    <${Away} away=${away} />
    <${Formats} />
    <div class="test-grid">
      <section class="panel">
        <h2>${t("site.camera")}</h2>
        <div class="mirror"><${Video} stream=${stream.value} muted label=${t("site.own_picture")} testid="own-picture" />
          ${camera.value !== "ok" && html`<p class="no-picture">${t(asking.value ? "site.asking" : "site.no_camera_picture")}</p>`}</div>
        <${Choice} kind="video" label=${t("site.choose_camera")} />
        <${Trouble} device="camera" state=${camera.value} />
      </section>
      <section class="panel">
        <h2>${t("site.microphone")}</h2>
        <p>${t("site.say_something")}</p>
        <${Meter} label=${t("site.level")} />
        <${Choice} kind="audio" label=${t("site.choose_microphone")} />
        <${Trouble} device="microphone" state=${microphone.value} />
        <h2>${t("site.speaker")}</h2>
        <${SpeakerTest} />
      </section>
    </div>
    <${SelfTest} />
    <${LineTest} token=${token} />
    <div class="join-row">
      <button class="primary big" data-testid="join" disabled=${!usable || asking.value} onClick=${onJoin}>
        ${t("site.join")}</button>
      <p class="muted">${t(note)}</p>
      <${Language} kind="plain" />
    </div>
  </main>`;
}

/** Where a camera of the settings is the site's picture: this page watches, asks, writes and shares.
 * @param {{away: boolean, onJoin: () => void}} props */
export function Beside({away, onJoin}) {
  return html`<main class="test" data-testid="beside">
    <header><p class="muted">${config.session_title}</p><h1>${config.site_name}</h1></header>
    <p>${t("site.beside")}</p>
    <${Away} away=${away} />
    <${Formats} />
    <div class="join-row"><button class="primary big" data-testid="join" onClick=${onJoin}>${t("site.join")}</button>
      <${Language} kind="plain" /></div></main>`;
}

/** @param {{away: boolean}} props */
function Away({away}) {
  return away && html`<p class="notice bad" role="alert" data-testid="away">${t("site.away")}</p>`;
}

/** What this browser cannot show or send of the session, and what to do. */
export function Formats() {
  const ask = () => void lackOf(!config.has_camera).then((found) => { lack.value = found; });
  useEffect(() => { if (lack.peek() === undefined) ask(); }, []);
  return lack.value && html`<div class="notice bad" role="alert" data-testid="formats">
    <p>${t(`site.formats_${lack.value}`)}</p>
    <p><button onClick=${ask}>${t("common.retry")}</button></p></div>`;
}

/** @param {{kind: "video" | "audio", label: string}} props */
function Choice({kind, label}) {
  const devices = list.value.filter((device) => device.kind === `${kind}input`);
  if (devices.length < 2) return null;
  return html`<label class="field">${label}
    <select value=${inUse(kind)} onChange=${(/** @type {Event} */ event) =>
      void choose(kind, /** @type {HTMLSelectElement} */ (event.target).value)}>
      ${devices.map((device) => html`<option value=${device.deviceId}>${device.label}</option>`)}
    </select></label>`;
}

/** What is wrong with a device, and what to do. @param {{device: "camera" | "microphone", state: string}} props */
export function Trouble({device, state}) {
  if (state === "ok" || asking.value) return null;
  const key = busy.value && state === "lost" ? "busy" : state;
  return html`<div class="notice bad" role="alert" data-testid=${`${device}-trouble`}>
    <p>${t(`site.${device}_${key}`)}</p>
    <p><button onClick=${() => void open()}>${t("common.retry")}</button></p></div>`;
}
