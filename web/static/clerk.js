// The clerk's page: who spoke when, notes and decisions, and live captions, side by side.

import {html} from "htm/preact";
import {bye, clerkView, connect, ready, view} from "./state.js";
import {asset, config, t} from "./texts.js";
import {show} from "./parts/common/page.js";
import {Agenda} from "./parts/common/agenda.js";
import {Delegates} from "./parts/common/delegates.js";
import {ConnectionLost, NotYet, Phase, TimeOfDay} from "./parts/common/frame.js";
import {Floor} from "./parts/common/floor.js";
import {Language} from "./parts/common/head.js";
import {Icon} from "./parts/common/icons.js";
import {Queue} from "./parts/common/queue.js";
import {Renewal} from "./parts/common/renewal.js";
import {openRecord} from "./parts/common/record.js";
import {Toasts} from "./parts/common/toasts.js";
import {Captions} from "./parts/clerk/captions.js";
import {CorrectTurn} from "./parts/clerk/correct.js";
import {Notes} from "./parts/clerk/notes.js";
import {openRoll, RollCall} from "./parts/clerk/roll.js";
import {Spoken} from "./parts/clerk/spoken.js";

function Page() {
  if (!view.value || bye.value) return html`<${NotYet} />`;
  const {session} = clerkView();
  return html`
    <div class="clerk" data-ready=${ready.value}>
      <${ConnectionLost} note="chair.lost_note" />
      <header class="clerk-head">
        <a class="logo" href="/" aria-label=${t("common.home")}><img src=${asset("favicon.svg")} alt="" width="32" height="32" /></a>
        <h1 title=${session.title}>${session.title}</h1><${Phase} />
        ${session.closed && html`<p class="closed-now" data-testid="closed"><${Icon} name="lock" />${t("clerk.closed")}</p>`}
        <span class="gap"></span>
        <button type="button" class="small" data-testid="roll-open" onClick=${openRoll}>
          <${Icon} name="people" />${t("roll.open")}</button>
        <button type="button" class="small" data-testid="record-open" onClick=${() => openRecord()}>
          <${Icon} name="list" />${t("record.open")}</button>
        <a class="button small" href=${`/minutes/${config.session}`} target="_blank" rel="noopener" data-testid="minutes">
          <${Icon} name="pen" />${t("clerk.minutes")}</a>
        <${TimeOfDay} /><${Language} kind="small plain" />
      </header>
      <div><${Renewal} /></div>
      <main>
        <div class="now-column"><${CurrentItem} /><${Floor} /><${Captions} /></div>
        <${Notes} />
        <div class="record-column"><${Spoken} /><${Queue} /><${Agenda} /></div>
      </main>
    </div>
    <${Delegates} /><${CorrectTurn} /><${RollCall} /><${Toasts} />`;
}

function CurrentItem() {
  const {agenda, session} = clerkView();
  const index = agenda.findIndex((item) => item.id === session.current_item);
  const item = agenda[index];
  return html`<p class="current-item">${item ? `${index + 1}. ${item.title}` : t("operator.no_item")}</p>`;
}

show(Page);
connect("clerk");
