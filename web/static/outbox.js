// Commands leave in the order in which they were pressed, each when the one before was answered: on
// connections of their own a cut could overtake the picture that it was to show. Knows no document.

import {Refusal} from "./server.js";

/** @import {Command} from "./types.js" */

/** Each press of these means once more; of any other a second press is the first one again. */
const COUNTED = new Set(["cut", "extend_turn"]);

/** Nobody presses more while a server does not answer, and means all of it. */
const MOST_WAITING = 12;

/** @typedef {{key: string, answered: Promise<unknown>}} Sent */

export class Outbox {
  #send;
  #onWaiting;
  /** The first is on its way. @type {Sent[]} */
  #waiting = [];

  /**
   * @param {(command: Command) => Promise<unknown>} send
   * @param {(keys: ReadonlySet<string>) => void} [onWaiting] hears the commands that are not answered yet, as JSON
   */
  constructor(send, onWaiting) {
    this.#send = send;
    this.#onWaiting = onWaiting;
  }

  /**
   * Resolves when it was carried out; with false if it was not sent, because it is what was given last and
   * is not answered yet. When the server cannot be reached, what waits behind is refused as well: late, it
   * would come as a surprise.
   * @param {Command} command
   * @returns {Promise<boolean>}
   * @throws {Refusal}
   */
  async give(command) {
    const key = JSON.stringify(command);
    const last = this.#waiting.at(-1);
    if (last?.key === key && !COUNTED.has(command.type)) return false;
    if (this.#waiting.length >= MOST_WAITING) throw new Refusal("unreachable", "", 0);
    const sent = {key, answered: this.#after(last?.answered, command)};
    this.#changed([...this.#waiting, sent]);
    try {
      await sent.answered;
      return true;
    } finally {
      this.#changed(this.#waiting.filter((other) => other !== sent));
    }
  }

  /** @param {Promise<unknown> | undefined} before @param {Command} command */
  async #after(before, command) {
    try {
      await before;
    } catch (error) {
      if (error instanceof Refusal && error.status === 0) throw new Refusal("unreachable", "", 0); // this one is not sent
    }
    return this.#send(command);
  }

  /** @param {Sent[]} waiting */
  #changed(waiting) {
    this.#waiting = waiting;
    this.#onWaiting?.(new Set(waiting.map(({key}) => key)));
  }
}
