// The room's delegates ask to speak, each by name.

import {html} from "htm/preact";
import {useState} from "preact/hooks";
import {give, ready, siteView} from "../../state.js";
import {t} from "../../texts.js";
import {wordsOf} from "../common/ask.js";
import {Said} from "../common/said.js";

/** @import {Command, RequestKind, SiteView} from "../../types.js" */

/** The kinds that are about a question somebody asked. */
const ABOUT_A_QUESTION = ["answer", "rebuttal"];

/** More, and a list is quicker than a column of names. */
const MOST_NAMES = 6;

export function Asking() {
  const {me, questions = []} = siteView();
  const [delegate, setDelegate] = useState("");
  const [about, setAbout] = useState("");
  const [said, setSaid] = useState("");
  const who = me.delegates.length === 1 ? me.delegates[0]?.id ?? "" : delegate;
  /** @param {Command} command */
  const send = async (command) => {
    try {
      await give(command);
      setSaid("");
    } catch (error) {
      setSaid(wordsOf(error));
    }
  };
  /** @param {RequestKind} kind */
  const ask = (kind) => {
    const answers = ABOUT_A_QUESTION.includes(kind) && about ? {answers_to: about} : {};
    return send({type: "register", delegate: who, kind, ...answers});
  };
  if (!me.delegates.length && (me.booth || me.signs)) return null; // nobody of an interpreter's room asks
  const aboutQuestion = me.may_ask.some((kind) => ABOUT_A_QUESTION.includes(kind)) && questions.length > 0;
  return html`<section class="panel asking" data-testid="asking">
    <h2>${t("site.ask_title")}</h2>
    <${Said} text=${me.requests.map((request) => inWords(request, me.delegates)).join(" ")} />
    <${Places} onWithdraw=${(/** @type {string} */ request) => send({type: "withdraw", request})} />
    ${me.delegates.length > 1 && html`<${Who} delegates=${me.delegates} value=${delegate} onChoose=${setDelegate} />`}
    ${me.delegates.length === 0 && html`<p class="hint">${t("site.no_delegates")}</p>`}
    ${aboutQuestion && html`<label class="field">${t("site.about_question")}
      <select value=${about} data-testid="ask-about"
        onChange=${(/** @type {Event} */ event) => setAbout(/** @type {HTMLSelectElement} */ (event.target).value)}>
        <option value="">${t("site.choose_question")}</option>
        ${questions.map((one) => html`<option value=${one.request}>${one.name}</option>`)}
      </select></label>`}
    <div class="kinds">${me.may_ask.map((kind) => html`
      <button class="primary" disabled=${!who || !ready.value} onClick=${() => ask(kind)} data-testid=${`ask-${kind}`}>
        ${t(`site.ask_${kind}`)}</button>`)}</div>
    ${me.delegates.length > 0 && me.may_ask.length === 0 && html`<p class="hint">${t("site.cannot_ask_now")}</p>`}
    ${said && html`<p class="error" role="alert" data-testid="ask-refused">${said}</p>`}
  </section>`;
}

/** Who of the room asks: by one press where the names have room, else from a list.
 * @param {{delegates: {id: string, name: string}[], value: string, onChoose: (id: string) => void}} props */
function Who({delegates, value, onChoose}) {
  if (delegates.length > MOST_NAMES) {
    return html`<label class="field">${t("site.who")}
      <select value=${value} data-testid="ask-delegate"
        onChange=${(/** @type {Event} */ event) => onChoose(/** @type {HTMLSelectElement} */ (event.target).value)}>
        <option value="">${t("site.choose_delegate")}</option>
        ${delegates.map((one) => html`<option value=${one.id}>${one.name}</option>`)}
      </select></label>`;
  }
  return html`<fieldset class="names" data-testid="ask-delegate"><legend>${t("site.who_asks")}</legend>
    ${delegates.map((one) => html`<label key=${one.id}><input type="radio" name="who" value=${one.id} checked=${value === one.id}
      onChange=${() => onChoose(one.id)} data-testid=${`who-${one.id}`} />${one.name}</label>`)}</fieldset>`;
}

/** Not at which place: with forty in the queue that would be said all day.
 * @param {SiteView["me"]["requests"][number]} request @param {SiteView["me"]["delegates"]} delegates */
function inWords({delegate, kind, state}, delegates) {
  const name = nameOf(delegate, delegates);
  return t(state === "called" ? "site.said_called" : "site.said_asked", {name, kind: t(`kind.${kind}`)});
}

/** @param {string} id @param {SiteView["me"]["delegates"]} delegates */
function nameOf(id, delegates) {
  return delegates.find((one) => one.id === id)?.name ?? "";
}

/** Where each of the room's requests stands. @param {{onWithdraw: (request: string) => void}} props */
function Places({onWithdraw}) {
  const {me} = siteView();
  if (!me.requests.length) return null;
  return html`<ul class="places">${me.requests.map((request) => html`
    <li key=${request.id} data-testid="place">
      <span class="place numbers">${request.state === "called" ? "●" : request.place}</span>
      <span class="of"><strong>${nameOf(request.delegate, me.delegates)}</strong><br />
        <span class="muted">${t(`kind.${request.kind}`)} · ${request.state === "called"
          ? t("site.place_called") : t("site.place", {place: request.place})}</span></span>
      ${request.state === "waiting" && html`<button class="plain" disabled=${!ready.value}
        onClick=${() => onWithdraw(request.id)} data-testid="withdraw">${t("site.withdraw")}</button>`}
    </li>`)}</ul>`;
}
