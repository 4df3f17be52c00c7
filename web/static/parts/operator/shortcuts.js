// One key for what is done a hundred times a day. By the key's place (`code`), so that Vietnamese
// input methods do not swallow it; never while somebody types or a dialog is open.

import {operatorView, sitesOf, view} from "../../state.js";
import {t} from "../../texts.js";
import {act, canGive, mayGive} from "../common/actions.js";
import {callNext} from "../common/calling.js";
import {undoCommand} from "../common/undo.js";
import {openDelegates} from "../common/delegates.js";
import {openFind, showAll} from "./find.js";
import {openHelp} from "./help.js";
import {seat, turnLayout} from "./preview.js";
import {openSigner} from "./signer.js";
import {toast} from "../common/toasts.js";
import {cutCommand} from "./transition.js";

const MINUTE_MS = 60_000;

/** @type {Record<string, (event: KeyboardEvent) => unknown>} */
const KEYS = {
  Space: () => act(cutCommand()),
  Enter: () => act(cutCommand()),
  NumpadEnter: () => act(cutCommand()),
  KeyN: () => act(callNext(operatorView().next)),
  KeyE: () => act({type: "end_turn", ...shown()}),
  KeyF: openFind,
  Escape: showAll,
  KeyK: openSigner,
  KeyM: muteAll,
  KeyZ: () => panelUndo(),
  KeyP: () => act({type: operatorView().floor?.paused_at_ms === undefined ? "pause_clock" : "resume_clock", ...shown()}),
  KeyL: (event) => mayGive("set_preview") && turnLayout(event.shiftKey ? -1 : 1),
  KeyR: () => canGive("register") && openDelegates(),
  Equal: () => act({type: "extend_turn", ...shown(), by_ms: MINUTE_MS}),
  NumpadAdd: () => act({type: "extend_turn", ...shown(), by_ms: MINUTE_MS}),
  Minus: () => act({type: "extend_turn", ...shown(), by_ms: -MINUTE_MS}),
  NumpadSubtract: () => act({type: "extend_turn", ...shown(), by_ms: -MINUTE_MS}),
};

/** The turn that the panel shows: by now another may run. */
function shown() {
  const {floor} = operatorView();
  return floor ? {turn: floor.turn} : {};
}

function panelUndo() {
  const command = undoCommand();
  return command.act && act(command);
}

async function muteAll() {
  if (await act({type: "mute_all"})) toast(t("operator.all_muted"));
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || !view.value || busy(event)) return;
  const does = event.key === "?" ? openHelp : digit(event) ?? KEYS[event.code];
  if (!does) return;
  event.preventDefault();
  if (!event.repeat) void does(event);
}

/** @param {KeyboardEvent} event */
function digit(event) {
  const number = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  const site = number && !event.shiftKey ? sitesOf(operatorView())[Number(number) - 1] : undefined;
  return site && (() => mayGive("set_preview") && seat(site.id));
}

/** The key belongs to somebody else: a field, a dialog, a menu, what was reached by Tab.
 * @param {KeyboardEvent} event */
function busy(event) {
  const {target} = event;
  if (!(target instanceof Element)) return false;
  if (document.querySelector("dialog[open], .menu:popover-open")) return true;
  if (target.closest("input, select, textarea, [contenteditable]")) return true;
  return (event.code === "Space" || event.key === "Enter") && target !== document.body;
}

/** After a press with the pointer the focus goes back to the page: or the space bar would press the
 * same button again instead of cutting. Whoever comes by Tab keeps the focus.
 * @param {MouseEvent} event */
function clicked(event) {
  const button = event.target instanceof Element && event.target.closest("button");
  const byPointer = event.detail > 0;
  if (byPointer && button && !button.closest("dialog, .menu") && button === document.activeElement) button.blur();
}

/** Listens for as long as the page lives. */
export function listenToKeys() {
  document.addEventListener("keydown", pressed);
  document.addEventListener("click", clicked);
}
