// The chair's page, for a tablet: who speaks and for how long, who comes next, and the agenda.

import {html} from "htm/preact";
import {useEffect} from "preact/hooks";
import {bye, chairView, connect, ready, view} from "./state.js";
import {asset, t} from "./texts.js";
import {stayAwake} from "./parts/common/awake.js";
import {show} from "./parts/common/page.js";
import {Do, siteBrief} from "./parts/common/actions.js";
import {Agenda, NextItem} from "./parts/common/agenda.js";
import {Calling} from "./parts/common/calling.js";
import {Delegates} from "./parts/common/delegates.js";
import {Confirm} from "./parts/common/dialogs.js";
import {Floor} from "./parts/common/floor.js";
import {ConnectionLost, NotYet, Phase, TimeOfDay} from "./parts/common/frame.js";
import {Icon} from "./parts/common/icons.js";
import {Language} from "./parts/common/head.js";
import {PhaseButtons} from "./parts/common/phase.js";
import {SharedNow} from "./parts/common/screens.js";
import {Queue} from "./parts/common/queue.js";
import {Renewal} from "./parts/common/renewal.js";
import {Toasts} from "./parts/common/toasts.js";

/** @import {Absent} from "./types.js" */

function Page() {
  const current = view.value?.session.current_item;
  useEffect(() => {
    showCurrent();
  }, [current]);
  if (!view.value || bye.value) return html`<${NotYet} />`;
  const {session} = chairView();
  return html`
    <div class="chair" data-ready=${ready.value} data-closed=${session.closed}>
      <${ConnectionLost} note="chair.lost_note" />
      <header class="chair-head">
        <a class="logo" href="/" aria-label=${t("common.home")}><img src=${asset("favicon.svg")} alt="" width="36" height="36" /></a>
        <h1>${session.title}</h1>
        <${Phase} /><${Present} /><span class="gap"></span><${PhaseButtons} /><${TimeOfDay} /><${Language} kind="small plain" />
      </header>
      <div class="chair-news" aria-live="polite"><${Renewal} /><${Banner} /></div>
      <main>
        <div class="lead"><${CurrentItem} /><${Floor} /><${SharedNow} /><${Calling} /><${NextItem} /><${AbsentList} /></div>
        <div class="chair-lists"><${Queue} /><${Agenda} /></div>
      </main>
    </div>
    <${Delegates} /><${Confirm} /><${Toasts} />`;
}

/** By the clerk's roll call; nothing before it. */
function Present() {
  const {roll, delegates} = chairView();
  const called = Object.values(roll);
  if (!called.length) return null;
  const present = called.filter((one) => one.present).length;
  return html`<p class="present numbers" data-testid="present"><${Icon} name="people" />${t("roll.count", {present, listed: delegates.length})}</p>`;
}

/** In its own list: the page stays where it is, its head in sight. */
function showCurrent() {
  const row = document.querySelector(".agenda [aria-current]");
  const list = row?.parentElement;
  if (!row || !list) return;
  const [at, box] = [row.getBoundingClientRect(), list.getBoundingClientRect()];
  list.scrollTop += at.top - box.top - (box.height - at.height) / 2;
}

/** What the whole room must know: nothing goes out, or there is a break. */
function Banner() {
  const {session} = chairView();
  if (session.closed) return html`<p class="banner closed" data-testid="closed"><${Icon} name="lock" />${t("operator.outside_closed")}</p>`;
  if (session.phase === "paused") return html`<p class="banner"><${Icon} name="pause" />${t("operator.outside_paused")}</p>`;
  if (session.phase === "prepared") return html`<p class="banner">${t("operator.outside_prepared")}</p>`;
  return null;
}

function CurrentItem() {
  const {agenda, session} = chairView();
  const index = agenda.findIndex((item) => item.id === session.current_item);
  const item = agenda[index];
  if (!item) return html`<p class="current-item muted">${t("operator.no_item")}</p>`;
  return html`<p class="current-item" data-testid="current-item"><span class="numbers">${index + 1}.</span> ${item.title}</p>`;
}

/** Called and not there: they can be put back when they come. */
function AbsentList() {
  const {absent} = chairView();
  if (!absent.length) return null;
  return html`<section class="panel absent" aria-labelledby="absent-title" data-testid="absent">
    <h2 id="absent-title"><${Icon} name="absent" />${t("chair.absent")} <span class="count">${absent.length}</span></h2>
    <ul class="rows">${absent.map((one) => html`<${AbsentRow} key=${one.request} one=${one} />`)}</ul></section>`;
}

/** @param {{one: Absent}} props */
function AbsentRow({one}) {
  const about = one.answers_to ? {answers_to: one.answers_to} : {};
  return html`<li class="row"><div class="who"><span class="name">${one.name}</span>
      <span class="detail">${t(`kind.${one.kind}`)} · ${siteBrief(one.site)}</span></div>
    <${Do} command=${{type: "register", delegate: one.delegate, kind: one.kind, ...about}} class="small"
      label=${t("chair.came_long", {name: one.name})} testid=${`came-${one.delegate}`}>${t("chair.came")}<//></li>`;
}

show(Page);
connect("chair");
stayAwake();
