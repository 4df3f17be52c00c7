// What a page and the server say to each other: web/PROTOCOL.md in code. Knows no document, so that
// it runs in a page, a worker or a test alike.

/** @import {Command, PlayerFile, Role, View} from "./types.js" */
/** @import {LineReport, QualityWish, SiteReport} from "./line_types.js" */

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
  "open_microphone", "close_microphone", "mute_all", "set_noise_suppression",
  "allow_screen", "share_screen", "stop_screen",
  "show_overlay",
  "write_note", "strike_note", "type_caption", "correct_caption", "correct_turn", "correct_name", "send_message",
  "cancel_session", "describe_session", "put_site", "remove_site", "put_delegate", "remove_delegate",
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
const COMMAND_MS = 8000;
const OFFSETS_KEPT = 8;
const DRIFT_MS = 50; // what two quartzes part by in 40 s is a tenth of that

/**
 * A command that was not carried out. `message` is the server's whole sentence; it is empty when the
 * server was not reached (`code` "unreachable").
 */
export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {number} status HTTP status, 0 if there was no answer
   * @param {Record<string, unknown>} [params]
   */
  constructor(code, message, status, params = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.params = params;
  }
}

/**
 * A JSON merge patch (RFC 7396). What the patch does not name is the same object as before, so that
 * `===` tells what changed. What is null is missing, in lists too (where the RFC lets it stand): a
 * view merged into nothing has no null in it.
 * @param {any} target
 * @param {any} patch
 * @returns {any}
 */
export function merge(target, patch) {
  if (Array.isArray(patch)) return patch.map((one) => merge(undefined, one));
  if (!isRecord(patch)) return patch;
  const merged = isRecord(target) ? {...target} : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** This computer's time, epoch milliseconds as it had them when the page was opened: a clock that is set
 * while the page is open (at start-up, by NTP) does not move it. */
function steady() {
  return performance.timeOrigin + performance.now();
}

/**
 * The server's clock, from pings: the offset of the fastest of the last few answers is the best.
 */
export class ServerClock {
  #own;
  /** @type {{offset: number, rtt: number}[]} */
  #samples = [];
  #offset = 0;

  /** @param {() => number} [own] this computer's time, milliseconds */
  constructor(own = steady) {
    this.#own = own;
  }

  /** The server's time now, epoch milliseconds. */
  now() {
    return this.#own() + this.#offset;
  }

  /** A time without a round trip: only good until the first pong. @param {number} serverMs */
  guess(serverMs) {
    if (!this.#samples.length) this.#offset = serverMs - this.#own();
  }

  /** What a ping is stamped with, for `pong`. */
  stamp() {
    return this.#own();
  }

  /** @param {number} sentMs its stamp @param {number} serverMs */
  pong(sentMs, serverMs) {
    const rtt = this.#own() - sentMs;
    const offset = serverMs - sentMs - rtt / 2;
    // Two answers that cannot both be true: the computer slept, or a clock was set. The newer counts.
    this.#samples = this.#samples.filter((one) => Math.abs(one.offset - offset) <= (one.rtt + rtt) / 2 + DRIFT_MS);
    this.#samples.push({offset, rtt});
    if (this.#samples.length > OFFSETS_KEPT) this.#samples.shift();
    this.#offset = this.#samples.reduce((a, b) => (b.rtt < a.rtt ? b : a)).offset;
  }

  /** After a new connection the old answers mean nothing. */
  forget() {
    this.#samples = [];
  }
}

/**
 * What a page hears. Each may be left out.
 * @typedef {object} Listener
 * @property {(view: View, about: {version: number, role: Role, may: string[]}) => void} [onView]
 *   after a snapshot and after every patch
 * @property {(state: "connecting" | "open" | "lost") => void} [onConnection]
 * @property {(levels: Record<string, number>) => void} [onLevels] dBFS by site
 * @property {(name: string, jpeg: Blob) => void} [onStill] a site's picture, or `PREVIEW`
 * @property {(wish: QualityWish) => void} [onQuality]
 * @property {() => void} [onRestart] the server was started anew: it knows no connection of before
 * @property {(code: string, message: string) => void} [onBye] the server will not have us back
 */

/** The live WebSocket of one session: connects, says who we are, and comes back by itself. */
export class Live {
  clock = new ServerClock();
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

  /**
   * Gives a command. Resolves with the version of the view that shows it.
   * @param {Command} command
   * @returns {Promise<number>}
   * @throws {Refusal}
   */
  async command(command) {
    const headers = {"Content-Type": "application/json"};
    const answer = await this.#ask("commands", {method: "POST", headers, body: JSON.stringify(command)});
    return answer.version;
  }

  /**
   * The links that an operator hands out, of sites by id.
   * @returns {Promise<{watch: string, sites: {id: string, url: string}[]}>}
   * @throws {Refusal}
   */
  links() {
    return this.#ask("links", {headers: {}});
  }

  /**
   * All that is known of a site's line.
   * @param {string} site
   * @returns {Promise<LineReport>}
   * @throws {Refusal}
   */
  async line(site) {
    return merge(undefined, await this.#ask(`sites/${site}/line`, {headers: {}}));
  }

  /**
   * What the media player can play.
   * @returns {Promise<{files: PlayerFile[], max_bytes: number}>}
   * @throws {Refusal}
   */
  playerFiles() {
    return this.#ask("player/files", {headers: {}});
  }

  /** @param {string} name @throws {Refusal} */
  async removePlayerFile(name) {
    await this.#ask(`player/files/${encodeURIComponent(name)}`, {method: "DELETE", headers: {}});
  }

  /**
   * Brings a file for the media player.
   * @param {File} file
   * @param {(share: number) => void} onProgress 0 … 1
   * @returns {Promise<void>}
   * @throws {Refusal}
   */
  bringPlayerFile(file, onProgress) {
    const name = encodeURIComponent(file.name.normalize("NFC"));
    const url = new URL(`/api/v1/sessions/${this.#session}/player/files/${name}`, this.#base);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest(); // fetch does not tell how far it is
      request.open("PUT", url);
      if (this.#token) request.setRequestHeader("Authorization", `Bearer ${this.#token}`);
      request.upload.onprogress = ({loaded, total}) => onProgress(total ? loaded / total : 0);
      request.onerror = () => reject(new Refusal("unreachable", "", 0));
      request.onload = () => {
        answerOf(new Response(request.responseText, {status: request.status})).then(() => resolve(), reject);
      };
      request.send(file);
    });
  }

  /**
   * A document that we may read.
   * @param {string} id
   * @returns {Promise<Blob>}
   * @throws {Refusal}
   */
  document(id) {
    return this.#file(`documents/${id}`);
  }

  /**
   * How many pages a document has.
   * @param {string} id
   * @returns {Promise<{pages: number}>}
   * @throws {Refusal}
   */
  documentPages(id) {
    return this.#ask(`documents/${id}/pages`, {headers: {}});
  }

  /**
   * One of them, as a picture.
   * @param {string} id
   * @param {number} page from 1
   * @returns {Promise<Blob>}
   * @throws {Refusal}
   */
  documentPage(id, page) {
    return this.#file(`documents/${id}/pages/${page}`);
  }

  /** @param {string} what of the session @returns {Promise<Blob>} @throws {Refusal} */
  async #file(what) {
    const url = new URL(`/api/v1/sessions/${this.#session}/${what}`, this.#base);
    const headers = this.#token ? {Authorization: `Bearer ${this.#token}`} : undefined;
    let response;
    try {
      response = await fetch(url, headers && {headers});
    } catch {
      throw new Refusal("unreachable", "", 0);
    }
    return response.ok ? response.blob() : answerOf(response);
  }

  /**
   * @param {string} what of the session
   * @param {RequestInit & {headers: Record<string, string>}} request
   * @returns {Promise<any>}
   */
  async #ask(what, request) {
    const url = new URL(`/api/v1/sessions/${this.#session}/${what}`, this.#base);
    if (this.#token) request.headers["Authorization"] = `Bearer ${this.#token}`;
    let response;
    try {
      response = await fetch(url, {...request, signal: AbortSignal.timeout(COMMAND_MS)});
    } catch {
      throw new Refusal("unreachable", "", 0);
    }
    return answerOf(response);
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
        this.clock.guess(message.server_time_ms);
        this.#retries = 0;
        this.#listener.onConnection?.("open");
        this.#heedBoot(message.boot);
        return this.#tellView();
      case "patch":
        this.view = merge(this.view, message.patch);
        this.version = message.version;
        return this.#tellView();
      case "levels":
        return this.#listener.onLevels?.(message.levels);
      case "quality":
        return this.#listener.onQuality?.(message);
      case "pong":
        return this.clock.pong(message.sent_at_ms, message.server_time_ms);
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
    // Full jitter (many pages come back at once after a restart of the server).
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

/** The body, or a `Refusal` with the server's sentence. @param {Response} response */
export async function answerOf(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const error = body.error ?? {code: "unreachable", message: ""};
  throw new Refusal(error.code, error.message, response.status, error.params);
}
