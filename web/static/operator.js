// The control panel: one technician, one screen. This file only puts the rooms together; each is in
// parts/operator/.

import {html} from "htm/preact";
import {bye, connect, ready, view} from "./state.js";
import {show} from "./parts/common/page.js";
import {Agenda} from "./parts/common/agenda.js";
import {Alarms} from "./parts/operator/alarms.js";
import {Calling} from "./parts/common/calling.js";
import {Delegates} from "./parts/common/delegates.js";
import {Chat} from "./parts/operator/chat.js";
import {Control} from "./parts/operator/control.js";
import {Confirm} from "./parts/common/dialogs.js";
import {DestinationsDialog} from "./parts/operator/destinations.js";
import {Floor} from "./parts/common/floor.js";
import {ConnectionLost, NotYet} from "./parts/common/frame.js";
import {Help} from "./parts/operator/help.js";
import {Layouts} from "./parts/operator/layouts.js";
import {LineDetails} from "./parts/operator/line.js";
import {LineDialog} from "./parts/operator/line_dialog.js";
import {LinksDialog} from "./parts/operator/links.js";
import {Monitors} from "./parts/operator/monitors.js";
import {Overlays} from "./parts/operator/overlays.js";
import {PlayerDialog} from "./parts/operator/player_dialog.js";
import {Queue} from "./parts/common/queue.js";
import {Renewal} from "./parts/common/renewal.js";
import {ScreensDialog} from "./parts/operator/screens.js";
import {listenToKeys} from "./parts/operator/shortcuts.js";
import {SignerDialog} from "./parts/operator/signer.js";
import {Sites} from "./parts/operator/sites.js";
import {Toasts} from "./parts/common/toasts.js";
import {TopBar} from "./parts/operator/topbar.js";

function Page() {
  if (!view.value || bye.value) return html`<${NotYet} />`;
  return html`
    <div class="console" data-ready=${ready.value}>
      <${ConnectionLost} note="operator.lost_note" />
      <${TopBar} />
      <div><${Renewal} /><${Control} /><${Alarms} /></div>
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
    <${LineDetails} /><${LineDialog} /><${Delegates} /><${Chat} /><${Confirm} /><${LinksDialog} /><${DestinationsDialog} /><${PlayerDialog} /><${ScreensDialog} /><${SignerDialog} /><${Help} /><${Toasts} />`;
}

show(Page);
listenToKeys();
connect("operator");
