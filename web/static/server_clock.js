// The server's clock, as a page knows it.

const OFFSETS_KEPT = 8;
const DRIFT_MS = 50; // what two quartzes part by in 40 s is a tenth of that

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
  #setMs = 0;

  /** @param {() => number} [own] this computer's time, milliseconds */
  constructor(own = steady) {
    this.#own = own;
  }

  /** The server's time now, epoch milliseconds. */
  now() {
    return this.#own() + this.#offset + this.#setMs;
  }

  /** How far the server's clock was set, as the view has it: this one goes over to the new time together with the
   * times in the view, so that none of them jumps. @param {number} setMs */
  follow(setMs) {
    this.#setMs = setMs;
  }

  /** A time without a round trip: only good until the first pong. @param {number} serverMs */
  guess(serverMs) {
    if (!this.#samples.length) this.#offset = serverMs - this.#setMs - this.#own();
  }

  /** What a ping is stamped with, for `pong`. */
  stamp() {
    return this.#own();
  }

  /** @param {number} sentMs its stamp @param {number} serverMs @param {number} [setMs] how far that was set by then */
  pong(sentMs, serverMs, setMs = 0) {
    const rtt = this.#own() - sentMs;
    const offset = serverMs - setMs - sentMs - rtt / 2;
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
