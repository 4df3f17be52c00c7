// A thread of chat, as the control room and a site both see it: lines, and a field to write the next.

import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {t, timeOfDay} from "../../texts.js";

/** @import {Message} from "../../types.js" */

const MOST_CHARS = 300;

/**
 * @param {{messages: Message[], own: (message: Message) => boolean, who: (message: Message) => string,
 *   disabled: boolean, onSend: (text: string) => Promise<boolean>}} props
 */
export function Thread({messages, own, who, disabled, onSend}) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => list.current?.scrollTo(0, list.current.scrollHeight), [messages.at(-1)?.id]);
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const input = field.current;
    const text = input?.value.trim();
    if (!input || !text) return;
    input.value = "";
    // What could not be sent comes back, unless the next line is being typed already.
    if (!await onSend(text) && !input.value) input.value = text;
  };
  return html`<div class="thread">
    <div class="log" role="log" aria-label=${t("chat.messages")}><ol class="messages" ref=${list} data-testid="messages">
      ${messages.map((one) => html`<li key=${one.id} data-own=${own(one)}><p>${one.text}</p>
        <small class="muted">${who(one)} · ${timeOfDay(one.at_ms)}</small></li>`)}
      ${!messages.length && html`<li class="muted none">${t("chat.none")}</li>`}
    </ol></div>
    <form class="thread-line" onSubmit=${send}>
      <input ref=${field} maxlength=${MOST_CHARS} autocomplete="off" placeholder=${t("chat.write")} aria-label=${t("chat.write")} data-testid="chat-text" />
      <button class="primary" disabled=${disabled} data-testid="chat-send">${t("chat.send")}</button></form></div>`;
}
