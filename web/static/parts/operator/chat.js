// Chat with the sites: who wrote, and the answer. What comes in is seen without looking for it.

import {effect, signal} from "@preact/signals";
import {html} from "htm/preact";
import {operatorView, sitesOf, view} from "../../state.js";
import {t} from "../../texts.js";
import {act, canGive, siteName} from "../common/actions.js";
import {Dialog} from "../common/dialogs.js";
import {Icon} from "../common/icons.js";
import {Thread} from "../common/thread.js";
import {toast} from "../common/toasts.js";

/** @import {Message} from "../../types.js" */

const ALL = "";

/** Whose thread is open; undefined: the dialog is closed. @type {import("@preact/signals").Signal<string | undefined>} */
const open = signal(undefined);

/** The newest message of each site that somebody here has seen. @type {import("@preact/signals").Signal<Record<string, number>>} */
const seen = signal({});

/** @param {Message[]} messages @param {string} site */
function unread(messages, site) {
  return messages.filter((one) => one.from_site && one.site === site && one.at_ms > (seen.value[site] ?? 0)).length;
}

/** @param {string} site */
function choose(site) {
  open.value = site;
  look(site);
}

/** @param {string} site */
function look(site) {
  const newest = operatorView().messages.findLast((one) => one.site === site && one.from_site);
  if (newest && newest.at_ms > (seen.value[site] ?? 0)) seen.value = {...seen.value, [site]: newest.at_ms};
}

/** In the head: how many wait to be read. */
export function ChatButton() {
  const {messages} = operatorView();
  const waiting = sitesOf(operatorView()).filter((site) => unread(messages, site.id));
  const text = waiting.length ? t("chat.unread", {count: waiting.length}) : t("chat.title");
  return html`<button type="button" class="small chat-button" data-unread=${waiting.length > 0} title=${text} aria-label=${text}
    data-testid="chat-open" onClick=${() => choose(waiting[0]?.id ?? ALL)}><${Icon} name="chat" />
    ${waiting.length > 0 && html`<b class="numbers">${waiting.length}</b>`}</button>`;
}

export function Chat() {
  const site = open.value;
  if (site === undefined) return null;
  const {messages} = operatorView();
  const shown = messages.filter((one) => (site ? one.site === site || !one.site : !one.site));
  const send = (/** @type {string} */ text) => act({type: "send_message", text, ...(site && {site})});
  const who = (/** @type {Message} */ one) => (one.from_site ? siteName(one.site ?? "") : one.site ? t("chat.control") : t("chat.to_all"));
  return html`<${Dialog} label=${t("chat.title")} onClose=${() => { open.value = undefined; }} testid="chat" wide=${true}>
    <header class="chat-head"><h2>${t("chat.title")}</h2>
      <button type="button" class="icon-only plain" aria-label=${t("common.close")} onClick=${() => { open.value = undefined; }}><${Icon} name="close" /></button></header>
    <div class="chat-grid">
      <ul class="chat-sites"><${Place} site=${ALL} name=${t("chat.all")} count=${0} />
        ${sitesOf(operatorView()).map(({id}) => html`<${Place} key=${id} site=${id} name=${siteName(id)} count=${unread(messages, id)} />`)}</ul>
      <${Thread} key=${site} messages=${shown} own=${(/** @type {Message} */ one) => !one.from_site} who=${who}
        disabled=${!canGive("send_message")} onSend=${send} />
    </div><//>`;
}

/** @param {{site: string, name: string, count: number}} props */
function Place({site, name, count}) {
  return html`<li><button type="button" class="small plain" aria-pressed=${open.value === site} data-testid=${`chat-${site || "all"}`}
    onClick=${() => choose(site)}>${name}${count > 0 && html` <b class="numbers" aria-label=${t("chat.new")}>${count}</b>`}</button></li>`;
}

/** What comes while the page is open is said at once; what came before waits under its number. @type {string | undefined} */
let told;
effect(() => {
  if (!view.value) return;
  const newest = operatorView().messages.findLast((one) => one.from_site);
  const before = told;
  told = newest?.id ?? "";
  if (!newest || before === undefined || before === told) return;
  if (open.peek() === newest.site) look(newest.site ?? "");
  else toast(`${siteName(newest.site ?? "")}: ${newest.text}`);
});
