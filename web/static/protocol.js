// What a page and the server say to each other: web/PROTOCOL.md in code. Knows no document, so that
// it runs in a page, a worker or a test alike.

import {merge} from "./merge.js";
import {Server} from "./server.js";
import {ServerClock} from "./server_clock.js";

/** @import {Role, View} from "./types.js" */
/** @import {QualityWish, SiteReport} from "./line_types.js" */

export const SAID_BY_PAGE = ["hello", "ping", "site_report"];
export const SAID_BY_SERVER = ["snapshot", "patch", "levels", "quality", "bye", "pong"];
export const COMMANDS = [
  "go_live", "pause_session", "resume_session", "end_session",
  "choose_item", "set_item_closed",
  "close_part", "request_opening", "confirm_opening", "keep_closed",
  "register", "withdraw", "reorder",
  "call_next", "call", "call_round", "mark_absent", "give_turn",
  "end_turn", "pause_clock", "resume_clock", "extend_turn",
  "set_limit", "undo", "note_promise", "settle_promise", "drop_promise",
  "cut", "set_preview",
  "open_microphone", "close_microphone", "mute_all", "set_noise_suppression", "shift_sound", "set_signer",
  "allow_screen", "share_screen", "stop_screen",
  "show_overlay",
  "write_note", "strike_note", "type_caption", "correct_caption", "correct_turn", "correct_name", "mark_roll", "send_message",
  "cancel_session", "describe_session", "put_site", "set_booth", "remove_site", "put_delegate", "remove_delegate",
  "put_item", "remove_item", "move_item", "import_rows",
  "add_document", "show_document", "remove_document", "renew_link",
  "begin_rehearsal", "record_check", "ask_self_test",
  "load_player", "load_countdown", "start_player", "pause_player", "stop_player", "seek_player",
  "turn_page", "loop_player", "set_player_sound", "clear_player",
];

/** The name under which the still of the preview scene comes. */
export const PREVIEW = "@preview";

/** What sits in a seat for the media player. */
export const PLAYER = "@player";

const SCREEN = "@screen:";

/** What sits in a seat for the screen that a site shares. @param {string} site */
export function screenOf(site) {
  return SCREEN + site;
}

/** The reverse; undefined for any other source. @param {string} source */
export function screenSite(source) {
  return source.startsWith(SCREEN) ? source.slice(SCREEN.length) : undefined;
}

const PING_MS = 5000;
const ANSWER_MS = 5000; // a server that says nothing for so long after a ping is gone
const RETRY_MIN_MS = 300;
const RETRY_MAX_MS = 3000;

/**
 * What a page hears. Each may be left out.
 * @typedef {object} Listener
 * @property {(view: View, about: {version: number, role: Role, may: string[]}) => void} [onView]
 *   after a snapshot and after every patch
 * @property {(state: "connecting" | "open" | "lost") => void} [onConnection]
 * @property {(levels: Record<string, number>) => void} [onLevels] dBFS by site
 * @property {(name: string, jpeg: Blob) => void} [onStill] a site's picture, or `PREVIEW`
 * @property {(wish: QualityWish) => void} [onQuality]
 * @property {(build: string) => void} [onBuild] what the server's pages are made of now; before the view
 * @property {() => void} [onRestart] the server was started anew: it knows no connection of before
 * @property {(code: string, message: string) => void} [onBye] the server will not have us back
 */

/** The live WebSocket of one session: connects, says who we are, and comes back by itself. */
export class Live {
  clock = new ServerClock();
  server;
  /** @type {View | undefined} */
  view;
  version = 0;
  /** @type {Role} */
  role = "viewer";
  /** @type {string[]} */
  may = [];

  #session;
  #page;
  #token;
  #listener;
  #base;
  /** @type {WebSocket | undefined} */
  #socket;
  #retries = 0;
  #over = false;
  #boot = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pingTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #answerTimer;

  /**
   * @param {string} session
   * @param {"operator" | "prepare" | "chair" | "clerk" | "display" | "site" | "watch"} page
   * @param {Listener} listener
   * @param {{token?: string | undefined, base?: string}} [options] without a token the cookie counts
   */
  constructor(session, page, listener, {token, base = globalThis.location.href} = {}) {
    this.#session = session;
    this.#page = page;
    this.#listener = listener;
    this.#token = token;
    this.#base = base;
    this.server = new Server(session, {token, base});
  }

  start() {
    this.#over = false;
    this.#connect();
  }

  /** For good, until `start`. */
  close() {
    this.#over = true;
    clearTimeout(this.#retryTimer);
    this.#drop();
  }

  /** The network is back, or the page woke up: do not wait for the timer. */
  hurry() {
    if (this.#over) return;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#ping();
    else if (!this.#socket) this.#connect();
  }

  /** Tell how a site is doing; lost if we are not connected, as the next one says all again.
   * @param {SiteReport} report */
  report(report) {
    this.#say({type: "site_report", ...report});
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    this.#listener.onConnection?.(this.#retries ? "lost" : "connecting");
    const url = new URL(`/api/v1/sessions/${this.#session}/live`, this.#base);
    url.protocol = url.protocol.replace("http", "ws");
    url.hash = "";
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#hello();
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onclose = () => this.#lost(socket);
    this.#socket = socket;
    this.#expectAnswer();
  }

  #hello() {
    const token = this.#token ? {token: this.#token} : {};
    this.#say({type: "hello", page: this.#page, ...token});
    this.clock.forget();
    this.#ping();
  }

  #ping() {
    clearTimeout(this.#pingTimer);
    this.#say({type: "ping", sent_at_ms: this.clock.stamp()});
    this.#expectAnswer();
    this.#pingTimer = setTimeout(() => this.#ping(), PING_MS);
  }

  #expectAnswer() {
    clearTimeout(this.#answerTimer);
    this.#answerTimer = setTimeout(() => this.#lost(this.#socket), ANSWER_MS);
  }

  /** @param {object} message */
  #say(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** @param {string | ArrayBuffer} data */
  #hear(data) {
    clearTimeout(this.#answerTimer); // whatever it is: the server lives
    if (typeof data === "string") this.#understand(JSON.parse(data));
    else this.#still(new Uint8Array(data));
  }

  /** @param {any} message */
  #understand(message) {
    switch (message.type) {
      case "snapshot":
        ({version: this.version, role: this.role, may: this.may} = message);
        this.view = merge(undefined, message.view);
        this.#followClock();
        this.clock.guess(message.server_time_ms);
        this.#retries = 0;
        this.#listener.onConnection?.("open");
        this.#listener.onBuild?.(message.build);
        this.#heedBoot(message.boot);
        return this.#tellView();
      case "patch":
        this.view = merge(this.view, message.patch);
        this.#followClock();
        this.version = message.version;
        return this.#tellView();
      case "levels":
        return this.#listener.onLevels?.(message.levels);
      case "quality":
        return this.#listener.onQuality?.(message);
      case "pong":
        return this.clock.pong(message.sent_at_ms, message.server_time_ms, message.clock_set_ms);
      case "bye":
        this.close();
        return this.#listener.onBye?.(message.code, message.message);
    }
  }

  /** @param {string} boot */
  #heedBoot(boot) {
    const before = this.#boot;
    this.#boot = boot;
    if (before && before !== boot) this.#listener.onRestart?.();
  }

  #followClock() {
    this.clock.follow(this.view?.session.clock_set_ms ?? 0);
  }

  #tellView() {
    const {version, role, may} = this;
    if (this.view) this.#listener.onView?.(this.view, {version, role, may});
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes u8 length, name, JPEG */
  #still(bytes) {
    const end = 1 + (bytes[0] ?? 0);
    const name = new TextDecoder().decode(bytes.subarray(1, end));
    this.#listener.onStill?.(name, new Blob([bytes.subarray(end)], {type: "image/jpeg"}));
  }

  /** @param {WebSocket | undefined} socket */
  #lost(socket) {
    if (socket !== this.#socket || this.#over) return;
    this.#drop();
    // No two alike: many pages come back at once after a restart of the server.
    const ceiling = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#retries);
    this.#retries += 1;
    this.#retryTimer = setTimeout(() => this.#connect(), ceiling * (0.5 + Math.random() / 2));
    this.#listener.onConnection?.("lost");
  }

  #drop() {
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#answerTimer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }
}
