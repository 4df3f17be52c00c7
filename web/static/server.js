// What a page asks of the server by HTTP, and how it hears that it may not. Knows no document.

import {merge} from "./merge.js";

/** @import {Command, PlayerFile} from "./types.js" */
/** @import {LineReport} from "./line_types.js" */

const COMMAND_MS = 8000;

/**
 * A command that was not carried out. `message` is the server's whole sentence; it is empty when the
 * server was not reached (`code` "unreachable"), and when no answer came: then nobody here knows whether it
 * was carried out ("unanswered").
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

/** All that is asked of one session. */
export class Server {
  #session;
  #token;
  #base;

  /** @param {string} session @param {{token?: string | undefined, base: string}} options without a token the cookie counts */
  constructor(session, {token, base}) {
    this.#session = session;
    this.#token = token;
    this.#base = base;
  }

  /**
   * Gives a command. Resolves with the version of the view that shows it.
   * @param {Command} command
   * @returns {Promise<number>}
   * @throws {Refusal}
   */
  async command(command) {
    const headers = {"Content-Type": "application/json"};
    const answer = await this.#ask("commands", {method: "POST", headers, body: JSON.stringify(command)}, "unanswered");
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
   * @param {"unreachable" | "unanswered"} [silence] the code where there is no answer
   * @returns {Promise<any>}
   */
  async #ask(what, request, silence = "unreachable") {
    const url = new URL(`/api/v1/sessions/${this.#session}/${what}`, this.#base);
    if (this.#token) request.headers["Authorization"] = `Bearer ${this.#token}`;
    let response;
    try {
      response = await fetch(url, {...request, signal: AbortSignal.timeout(COMMAND_MS)});
    } catch {
      throw new Refusal(silence, "", 0);
    }
    return answerOf(response);
  }
}

/** The body, or a `Refusal` with the server's sentence. @param {Response} response */
export async function answerOf(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const error = body.error ?? {code: "unreachable", message: ""};
  throw new Refusal(error.code, error.message, response.status, error.params);
}
