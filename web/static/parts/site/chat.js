// Writing with the control room. Its newest message stands across the page until somebody has seen it.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {useState} from "preact/hooks";
import {keep, kept} from "../../kept.js";
import {give, ready, siteView} from "../../state.js";
import {config, t} from "../../texts.js";
import {wordsOf} from "../common/ask.js";
import {Thread} from "../common/thread.js";

/** @import {Message} from "../../types.js" */

const KEY = `diemcau.read.${config.session}.${config.site}`;
const read = signal(kept("sessionStorage", KEY) ?? "");

/** @param {string} id */
function markRead(id) {
  keep("sessionStorage", KEY, id);
  read.value = id;
}

export function NewMessage() {
  const newest = siteView().messages.findLast((one) => !one.from_site);
  if (!newest || newest.id === read.value) return null;
  return html`<div class="notice message-banner" role="alert" data-testid="new-message">
    <p><b>${t("chat.control")}:</b> ${newest.text}</p>
    <button type="button" onClick=${() => markRead(newest.id)} data-testid="message-read">${t("chat.seen")}</button></div>`;
}

export function Chat() {
  const [refused, setRefused] = useState("");
  const {messages, session} = siteView();
  const send = async (/** @type {string} */ text) => {
    try {
      const sent = await give({type: "send_message", text});
      setRefused("");
      return sent;
    } catch (error) {
      setRefused(wordsOf(error));
      return false;
    }
  };
  const who = (/** @type {Message} */ one) => t(one.from_site ? "chat.own" : one.site ? "chat.control" : "chat.control_all");
  return html`<details class="panel chat"><summary>${t("chat.title_site")}</summary>
    <${Thread} messages=${messages} own=${(/** @type {Message} */ one) => one.from_site} who=${who}
      disabled=${!ready.value || session.phase === "ended"} onSend=${send} />
    ${refused && html`<p class="error" role="alert">${refused}</p>`}</details>`;
}
