// The one state of a page, as signals: filled by the live connection, read by the parts.

import {batch, computed, signal} from "@preact/signals";
import {Outbox} from "./outbox.js";
import {Live} from "./protocol.js";
import {Refusal} from "./server.js";
import {config, t} from "./texts.js";

/** @import {Signal} from "@preact/signals" */
/** @import {Server} from "./server.js" */
/** @import {ChairView, ClerkView, Command, DeskView, DisplayView, OperatorView, PublicView, Role, SiteView, View} from "./types.js" */
/** @import {QualityWish, SiteReport} from "./line_types.js" */

/** The last thing that the server told; stays while the connection is away.
 * @type {Signal<View | undefined>} */
export const view = signal(undefined);

/** @type {Signal<Role>} */
export const role = signal("viewer");

/** The types of command that we may give. @type {Signal<ReadonlySet<string>>} */
export const may = signal(new Set());

/** @type {Signal<"connecting" | "open" | "lost" | "over">} */
export const connection = signal("connecting");

/** Why the server closed for good. @type {Signal<{code: string, message: string} | undefined>} */
export const bye = signal(undefined);

/** How often the server was started anew since this page was opened. */
export const restarts = signal(0);

/** What the server's pages are made of now, where that is not what this one was: it was upgraded. */
export const newBuild = signal("");

/** dBFS by site, ten a second: for effects that draw, not for components that render.
 * @type {Signal<Record<string, number>>} */
export const levels = signal({});

/** What this site is asked to send. @type {Signal<QualityWish | undefined>} */
export const quality = signal(undefined);

/** And of the screen that it shares. @type {Signal<QualityWish | undefined>} */
export const screenQuality = signal(undefined);

/** Commands that are not answered yet, as JSON. @type {Signal<ReadonlySet<string>>} */
export const pending = signal(new Set());

/** Commands can be given now. */
export const ready = computed(() => connection.value === "open");

/** @type {Map<string, Signal<Blob | undefined>>} */
const stills = new Map();

/** @type {Live | undefined} */
let live;

const outbox = new Outbox((command) => reached((server) => server.command(command)), (keys) => (pending.value = keys));

/** The newest still of a site, or of `PREVIEW`. @param {string} name */
export function still(name) {
  const found = stills.get(name) ?? signal(/** @type {Blob | undefined} */ (undefined));
  stills.set(name, found);
  return found;
}

/** The server's clock, epoch milliseconds. */
export function now() {
  return live ? live.clock.now() : Date.now();
}

/** What the views of operator, chair and clerk share; only in parts that show when there is one. */
export function deskView() {
  return /** @type {DeskView} */ (view.value);
}

/** The sites of a view, in their order. Each is a copy: where a component's props are the same as before
 * it is passed over, and Preact (11.2, with signals 2.11) then keeps the tree of before: 3 MB in each
 * turn of `test_operator_day.py`. @template {{place: number}} S @param {{sites: Record<string, S>}} view */
export function sitesOf({sites}) {
  return Object.values(sites).map((site) => ({...site})).sort((a, b) => a.place - b.place);
}

/** The view as the chair has it. */
export function chairView() {
  return /** @type {ChairView} */ (view.value);
}

/** The view as the clerk has it. */
export function clerkView() {
  return /** @type {ClerkView} */ (view.value);
}

/** The view as the hall's screen has it. */
export function displayView() {
  return /** @type {DisplayView} */ (view.value);
}

/** The view as the control panel has it. */
export function operatorView() {
  return /** @type {OperatorView} */ (view.value);
}

/** The view as a site has it. */
export function siteView() {
  return /** @type {SiteView} */ (view.value);
}

/** The view as the public has it. */
export function publicView() {
  return /** @type {PublicView} */ (view.value);
}

/**
 * Opens the live connection of the page's session.
 * @param {"operator" | "prepare" | "chair" | "clerk" | "display" | "site" | "watch"} page
 * @param {{token?: string | undefined}} [options]
 */
export function connect(page, options = {}) {
  live?.close();
  live = new Live(config.session ?? "", page, listener, options);
  live.start();
  globalThis.addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
}

function hurry() {
  if (!document.hidden) live?.hurry();
}

/** @type {import("./protocol.js").Listener} */
const listener = {
  onView(told, about) {
    batch(() => {
      view.value = told;
      role.value = about.role;
      if (about.may.length !== may.value.size || about.may.some((type) => !may.value.has(type))) {
        may.value = new Set(about.may);
      }
    });
  },
  onConnection(state) {
    connection.value = state;
  },
  onLevels(told) {
    levels.value = told;
  },
  onStill(name, jpeg) {
    still(name).value = jpeg;
  },
  onQuality(wish) {
    (wish.source === "screen" ? screenQuality : quality).value = wish;
  },
  onBuild(build) {
    newBuild.value = build === config.build ? "" : build;
  },
  onRestart() {
    restarts.value += 1;
  },
  onBye(code, message) {
    batch(() => {
      bye.value = {code, message};
      connection.value = "over";
    });
  },
};

/** @param {SiteReport} report */
export function report(report) {
  live?.report(report);
}

/**
 * Gives a command, in its turn.
 * @param {Command} command
 * @returns {Promise<boolean>} whether it was sent and carried out; false where it is on its way already
 * @throws {Refusal} with a whole sentence for the user
 */
export async function give(command) {
  try {
    return await outbox.give(command);
  } catch (error) {
    throw inWords(error);
  }
}

/** The links to hand out; for an operator. @throws {Refusal} with a whole sentence for the user */
export async function fetchLinks() {
  try {
    return await live?.server.links();
  } catch (error) {
    throw inWords(error);
  }
}

/** A document of the agenda. @param {string} id @throws {Refusal} with a whole sentence for the user */
export async function fetchDocument(id) {
  if (!live) throw new Refusal("unreachable", t("common.unreachable"), 0);
  try {
    return await live.server.document(id);
  } catch (error) {
    throw inWords(error);
  }
}

/** How many pages it has. @param {string} id @throws {Refusal} */
export function fetchPages(id) {
  return reached((server) => server.documentPages(id));
}

/** One of them, as a picture. @param {string} id @param {number} page from 1 @throws {Refusal} */
export function fetchPage(id, page) {
  return reached((server) => server.documentPage(id, page));
}

/** How a site's line is and was; for the panel. @param {string} site @throws {Refusal} */
export function fetchLine(site) {
  return live ? live.server.line(site) : Promise.reject(new Refusal("unreachable", "", 0));
}

/** What the media player can play. @throws {Refusal} with a whole sentence for the user */
export function fetchPlayerFiles() {
  return reached((server) => server.playerFiles());
}

/** @param {string} name @throws {Refusal} */
export function removePlayerFile(name) {
  return reached((server) => server.removePlayerFile(name));
}

/** @param {File} file @param {(share: number) => void} onProgress @throws {Refusal} */
export function bringPlayerFile(file, onProgress) {
  return reached((server) => server.bringPlayerFile(file, onProgress));
}

/** @template T @param {(server: Server) => Promise<T>} ask @returns {Promise<T>} */
async function reached(ask) {
  try {
    if (!live) throw new Refusal("unreachable", "", 0);
    return await ask(live.server);
  } catch (error) {
    throw inWords(error);
  }
}

/** What the server did not say, because nothing of it came here. @param {unknown} error */
function inWords(error) {
  if (error instanceof Refusal && !error.message) error.message = t(`common.${error.code}`);
  return error;
}
