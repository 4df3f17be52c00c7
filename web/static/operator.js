// The control panel: one technician, one screen. This file only puts the rooms together; each is in
// parts/operator/.

import {html, render} from "htm/preact";
import {bye, connect, connection, ready, view} from "./state.js";
import {t} from "./texts.js";
import {Agenda} from "./parts/common/agenda.js";
import {Alarms} from "./parts/operator/alarms.js";
import {Calling} from "./parts/common/calling.js";
import {Delegates} from "./parts/common/delegates.js";
import {Confirm} from "./parts/common/dialogs.js";
import {Floor} from "./parts/common/floor.js";
import {Help} from "./parts/operator/help.js";
import {Icon} from "./parts/common/icons.js";
import {Layouts} from "./parts/operator/layouts.js";
import {LineDetails} from "./parts/operator/line.js";
import {LineDialog} from "./parts/operator/line_dialog.js";
import {LinksDialog} from "./parts/operator/links.js";
import {Monitors} from "./parts/operator/monitors.js";
import {Overlays} from "./parts/operator/overlays.js";
import {Queue} from "./parts/common/queue.js";
import {listenToKeys} from "./parts/operator/shortcuts.js";
import {Sites} from "./parts/operator/sites.js";
import {Toasts} from "./parts/common/toasts.js";
import {TopBar} from "./parts/operator/topbar.js";

function Page() {
  if (bye.value) return html`<${Bye} />`;
  if (!view.value) return html`<p class="waiting" role="status">${t(`connection.${connection.value}`)}</p>`;
  return html`
    <div class="console" data-ready=${ready.value}>
      <${ConnectionLost} />
      <${TopBar} />
      <${Alarms} />
      <main>
        <div class="pictures">
          <${Monitors} />
          <div class="switches"><${Layouts} /><${Overlays} /></div>
          <${Sites} />
        </div>
        <div class="session">
          <${Floor} /><${Calling} />
          <div class="lists"><${Queue} /><${Agenda} /></div>
        </div>
      </main>
    </div>
    <${LineDetails} /><${LineDialog} /><${Delegates} /><${Confirm} /><${LinksDialog} /><${Help} /><${Toasts} />`;
}

/** The page keeps what it knew; nothing can be pressed until the server is back. */
function ConnectionLost() {
  return html`<div class="connection-lost" role="alert" data-testid="connection-lost">
    ${!ready.value && html`<p><${Icon} name="warning" />${t("connection.lost")} ${t("operator.lost_note")}</p>`}</div>`;
}

function Bye() {
  const told = bye.value;
  return html`<main class="bye panel" data-testid="bye"><h1>${told?.message}</h1>
    <p><a class="button primary" href=${`/sign-in?next=${location.pathname}`}>${t("common.sign_in")}</a></p></main>`;
}

const root = document.getElementById("page");
if (root) render(/** @type {any} */ (html`<${Page} />`), root);
listenToKeys();
connect("operator");
