// The keys, in a dialog: "?".

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {t} from "../../texts.js";
import {mayGive} from "../common/actions.js";
import {Dialog} from "../common/dialogs.js";
import {areMany} from "./find.js";

const open = signal(false);

export function openHelp() {
  open.value = true;
}

/** Each with the command it needs; "" for everyone. @type {[string[], string, string][]} */
const KEYS = [
  [["key_space", "Enter"], "cut", "cut"],
  [["1", "…", "9"], "set_preview", "site_to_preview"],
  [["F"], "", "find_site"],
  [["←", "→", "↑", "↓"], "set_preview", "among_sites"],
  [["L", "⇧ L"], "set_preview", "next_layout"],
  [["N"], "call_next", "call_next"],
  [["E"], "end_turn", "end_turn"],
  [["P"], "pause_clock", "pause_clock"],
  [["+", "−"], "extend_turn", "extend_turn"],
  [["R"], "register", "register"],
  [["K"], "set_signer", "signer"],
  [["M"], "mute_all", "mute_all"],
  [["Z"], "undo", "undo"],
  [["?"], "", "help"],
];

export function Help() {
  if (!open.value) return null;
  const close = () => { open.value = false; };
  const keys = KEYS.filter(([, command, does]) => (!command || mayGive(command)) && (does !== "find_site" || areMany()));
  return html`<${Dialog} label=${t("operator.help")} onClose=${close} testid="help">
    <h2>${t("operator.help")}</h2>
    <dl class="keys">${keys.map(([names, , does]) => html`
      <dt>${names.map((name) => html`<kbd>${name.startsWith("key_") ? t(`operator.${name}`) : name}</kbd> `)}</dt>
      <dd>${t(`help.${does}`)}</dd>`)}</dl>
    <h3>${t("help.seats_title")}</h3><p class="muted">${t("help.seats")}</p>
    <footer><button type="button" class="primary" onClick=${close}>${t("common.close")}</button></footer>
  <//>`;
}
