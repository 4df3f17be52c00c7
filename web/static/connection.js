// A peer connection that comes back by itself: offer and answer of WHIP and WHEP (RFC 9725), watching the
// line, trying again, leaving. Knows no document, so that pages and tests use it alike.
//
// A line that is away for a while comes back without a word: the browser goes on checking, and the
// server keeps a silent connection for 30 s. Only then, or when the server says that it was started
// anew (`renew`), there is a new connection; it is offered when the server can be reached again.

const RETRY_MIN_MS = 300;
const RETRY_MAX_MS = 1500;
const KEEP_MS = 28_000; // the server forgets a silent connection after 30 s (streams/connections/peer.py)
// A slow line needs some round trips for TCP, TLS and the question; short tries in between, because
// a browser's own repetitions come later and later.
const KNOCK_MS = [1500, 2500, 1500, 4000];
const CROWD_MS = 500; // fifty sites that come back at once spread over so long
const CONNECT_MS = 10_000;
const OFFER_MS = 8000;

/** Statuses that another try cannot change: the token, the address or the offer is wrong. */
const FINAL = [400, 401, 403, 404, 406, 410, 413, 415, 422];

/**
 * `refused`: the server will not have us, and `detail` is its sentence; every other trouble is
 * `lost`, and is tried again until `stop`: `detail` says why where the server did.
 * @typedef {"connecting" | "connected" | "lost" | "refused" | "closed"} RtcState
 * @typedef {(state: RtcState, detail: string) => void} OnState
 * `carriedBps`: what the line carries, as the browser believes; `loss`: of what was sent last, 0 to 1.
 * @typedef {{rttMs: number | undefined, carriedBps: number | undefined, sentBps: number, lostPackets: number,
 *   loss: number, frames: number}} RtcStats
 */

class Refused extends Error {
  /** @param {string} message @param {number} status */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** What publisher and player share: offer, answer, watching the line, trying again, leaving. */
export class Connection {
  /** @type {RTCPeerConnection | undefined} */
  pc;
  #url;
  #token;
  #turn;
  #onState;
  /** @type {string | undefined} */
  #resource;
  #retries = 0;
  #over = false;
  /** @type {RtcState} */
  #state = "closed";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #leave = () => this.#delete();
  #online = () => this.#hurry();
  #shown = (/** @type {PageTransitionEvent} */ {persisted}) => persisted && this.renew();

  /**
   * @param {string} url
   * @param {{token?: string | undefined, onState?: OnState | undefined, turn?: boolean | undefined}} options
   *   `turn`: the server knows TURN servers, which it tells who shows it a token
   */
  constructor(url, {token, onState, turn = false}) {
    this.#url = url;
    this.#token = token;
    this.#turn = turn && Boolean(token);
    this.#onState = onState;
  }

  /** Begins, and goes on until `stop`. */
  open() {
    this.#over = false;
    globalThis.addEventListener?.("pagehide", this.#leave);
    globalThis.addEventListener?.("pageshow", this.#shown);
    globalThis.addEventListener?.("online", this.#online);
    void this.#connect();
  }

  /** Ends for good, and tells the server so. */
  stop() {
    this.#over = true;
    globalThis.removeEventListener?.("pagehide", this.#leave);
    globalThis.removeEventListener?.("pageshow", this.#shown);
    globalThis.removeEventListener?.("online", this.#online);
    this.#drop();
    this.#tell("closed");
  }

  /** The server knows us no more, whatever the connection still believes: it was started anew, or was told that we left
   * a page that is shown again as it was. */
  renew() {
    if (this.#over || this.#state === "refused") return;
    this.#drop();
    this.#tell("lost");
    this.#retries = 0;
    this.#after(Math.random() * CROWD_MS, () => void this.#knock());
  }

  /** Another network than before, perhaps: the old connection's address may be gone with it. */
  #hurry() {
    if (this.#state !== "lost") return;
    const pc = this.pc;
    if (pc?.connectionState === "disconnected") this.#restart(pc).catch(() => pc === this.pc && this.renew());
    else this.renew();
  }

  /** The same connection by another way (RFC 9725 4.3.3): keys and seat stay. @param {RTCPeerConnection} pc */
  async #restart(pc) {
    if (this.#turn) await this.#tellTurn(pc); // those of before may have expired, hours later
    pc.restartIce();
    await pc.setLocalDescription();
    const signal = AbortSignal.timeout(OFFER_MS);
    const headers = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"};
    const body = credentials(pc.localDescription?.sdp ?? "").join("\r\n") + "\r\n";
    const answer = await fetch(this.#resource ?? "", {method: "PATCH", headers, body, signal});
    if (answer.status !== 200) throw new Refused(await sentence(answer), answer.status);
    const [ufrag = "", password = ""] = credentials(await answer.text());
    const sdp = (pc.remoteDescription?.sdp ?? "")
      .replaceAll(/^a=ice-ufrag:[^\r\n]*/gm, ufrag)
      .replaceAll(/^a=ice-pwd:[^\r\n]*/gm, password);
    await pc.setRemoteDescription({type: "answer", sdp});
  }

  /** Adds the transceivers. @param {RTCPeerConnection} _pc @returns {Promise<void> | void} */
  prepare(_pc) {}

  /** What the server is told of a description of ours. @param {string} sdp */
  offered(sdp) {
    return sdp;
  }

  /** Where that is offered. @param {string} url */
  offeredTo(url) {
    return url;
  }

  /** Tells the server something of this connection. Throws where that did not reach it.
   * @protected @param {string} name @param {object} body */
  async put(name, body) {
    const signal = AbortSignal.timeout(OFFER_MS);
    const headers = {"Content-Type": "application/json"};
    const answer = await fetch(`${this.#resource}/${name}`, {method: "PUT", headers, body: JSON.stringify(body), signal});
    if (!answer.ok) throw new Refused(await sentence(answer), answer.status);
  }

  /** Called when media can flow. */
  connected() {}

  async #connect() {
    this.#drop();
    this.#tell("connecting");
    const pc = (this.pc = new RTCPeerConnection({bundlePolicy: "max-bundle"}));
    pc.onconnectionstatechange = () => this.#watch(pc);
    this.#after(CONNECT_MS, () => this.#again(pc));
    try {
      if (this.#turn) await this.#tellTurn(pc);
      await this.prepare(pc);
      await pc.setLocalDescription();
      // The server is ICE-lite: it needs no candidate of ours, so nothing is waited for.
      const answer = await this.#post(pc, this.offered(pc.localDescription?.sdp ?? ""));
      if (pc === this.pc) await pc.setRemoteDescription({type: "answer", sdp: answer});
    } catch (error) {
      if (pc !== this.pc || this.#over) return;
      if (error instanceof Refused && FINAL.includes(error.status)) this.#refused(error.message);
      else this.#again(pc, error instanceof Refused ? error.message : "");
    }
  }

  /** Where the network lets no UDP through to the server, a TURN server may (RFC 9725 4.6).
   * @param {RTCPeerConnection} pc */
  async #tellTurn(pc) {
    const headers = {Authorization: `Bearer ${this.#token}`};
    const signal = AbortSignal.timeout(OFFER_MS);
    const answer = await fetch(this.#url, {method: "OPTIONS", headers, signal});
    if (!answer.ok) throw new Refused(await sentence(answer), answer.status);
    pc.setConfiguration({...pc.getConfiguration(), iceServers: iceServersOf(answer.headers.get("Link") ?? "")});
  }

  /** @param {RTCPeerConnection} pc @param {string} offer @returns {Promise<string>} */
  async #post(pc, offer) {
    /** @type {Record<string, string>} */
    const headers = {"Content-Type": "application/sdp"};
    if (this.#token) headers["Authorization"] = `Bearer ${this.#token}`;
    const signal = AbortSignal.timeout(OFFER_MS);
    const answer = await fetch(this.offeredTo(this.#url), {method: "POST", headers, body: offer, signal});
    if (answer.status !== 201) throw new Refused(await sentence(answer), answer.status);
    const location = answer.headers.get("Location");
    const resource = location ? new URL(location, answer.url).href : undefined;
    if (pc === this.pc) this.#resource = resource;
    else this.#hangUp(resource); // it was given up meanwhile, and would hold our seat
    return answer.text();
  }

  /** @param {RTCPeerConnection} pc */
  #watch(pc) {
    if (pc !== this.pc || this.#over) return;
    if (pc.connectionState === "connected") {
      clearTimeout(this.#timer);
      this.#retries = 0;
      this.#tell("connected");
      this.connected();
    } else if (pc.connectionState === "disconnected") {
      this.#tell("lost");
      this.#after(KEEP_MS, () => this.#again(pc));
    } else if (pc.connectionState === "failed" || pc.connectionState === "closed") {
      this.#again(pc);
    }
  }

  /** @param {RTCPeerConnection} pc @param {string} [why] */
  #again(pc, why) {
    if (pc !== this.pc || this.#over) return;
    this.#drop();
    this.#tell("lost", why);
    this.#wait(() => void this.#knock());
  }

  /** Asks whether the server is there before it is offered anything: an offer whose answer got lost
   * would hold our seat. */
  async #knock() {
    const turn = this.#timer;
    const began = performance.now();
    const signal = AbortSignal.timeout(KNOCK_MS[this.#retries % KNOCK_MS.length] ?? 0);
    const there = await fetch(this.#url, {method: "OPTIONS", signal}).then(() => true, () => false);
    if (turn !== this.#timer || this.#over) return;
    if (there) void this.#connect();
    else this.#wait(() => void this.#knock(), performance.now() - began);
  }

  /** A little longer each time, and no two alike. @param {() => void} act @param {number} [waited] ms */
  #wait(act, waited = 0) {
    const most = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#retries++);
    this.#after(Math.max(0, most * (0.5 + Math.random() / 2) - waited), act);
  }

  /** @param {string} message */
  #refused(message) {
    this.#drop();
    this.#tell("refused", message);
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#delete();
    this.pc?.close();
    this.pc = undefined;
  }

  #delete() {
    this.#hangUp(this.#resource);
    this.#resource = undefined;
  }

  /** @param {string | undefined} resource */
  #hangUp(resource) {
    if (!resource) return;
    /** @type {Record<string, string>} */
    const headers = this.#token ? {Authorization: `Bearer ${this.#token}`} : {};
    // It survives the page; a server that is away has forgotten the connection anyway.
    fetch(resource, {method: "DELETE", headers, keepalive: true}).catch(() => undefined);
  }

  /** @param {number} ms @param {() => void} act */
  #after(ms, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }

  /** @param {RtcState} state @param {string} [detail] */
  #tell(state, detail = "") {
    if (state === this.#state && !detail) return;
    this.#state = state;
    this.#onState?.(state, detail);
  }

  /** @returns {Promise<RtcStats>} */
  async stats() {
    /** @type {RtcStats} */
    const stats = {rttMs: undefined, carriedBps: undefined, sentBps: 0, lostPackets: 0, loss: 0, frames: 0};
    const report = await this.pc?.getStats();
    const used = usedPairs(report ?? new Map());
    report?.forEach((entry) => collect(stats, entry, used));
    return stats;
  }
}

/** Ids of the candidate pairs that are sent by, one for each transport. A pair that was left for another stays nominated,
 * and one that was just chosen is not nominated yet. @param {{values: () => Iterable<any>}} report */
function usedPairs(report) {
  return new Set([...report.values()].map(({selectedCandidatePairId}) => selectedCandidatePairId));
}

/** @param {RtcStats} stats @param {any} entry @param {Set<string>} used */
function collect(stats, entry, used) {
  if (entry.type === "candidate-pair" && used.has(entry.id)) {
    if (entry.currentRoundTripTime !== undefined) stats.rttMs = entry.currentRoundTripTime * 1000;
    stats.carriedBps = entry.availableOutgoingBitrate;
  } else if (entry.type === "outbound-rtp") {
    stats.sentBps += entry.targetBitrate ?? 0;
    stats.frames += entry.framesSent ?? 0;
  } else if (entry.type === "remote-inbound-rtp") {
    stats.loss = Math.max(stats.loss, entry.fractionLost ?? 0);
    stats.lostPackets += Math.max(0, entry.packetsLost ?? 0);
  } else if (entry.type === "inbound-rtp") {
    stats.lostPackets += Math.max(0, entry.packetsLost ?? 0);
    stats.frames += entry.framesDecoded ?? 0;
  }
}

/** @param {string} links of one or more `Link` headers @returns {RTCIceServer[]} */
export function iceServersOf(links) {
  const pattern = /<(turns?:[^>]+)>; rel="ice-server"; username="([^"]*)"; credential="([^"]*)"/g;
  return [...links.matchAll(pattern)].map(([, urls = "", username = "", credential = ""]) =>
    ({urls, username, credential}));
}

/** The first user name fragment and password of a description. @param {string} sdp */
function credentials(sdp) {
  return [/^a=ice-ufrag:[^\r\n]*/m, /^a=ice-pwd:[^\r\n]*/m].map((line) => line.exec(sdp)?.[0] ?? "");
}

/** @param {Response} answer */
async function sentence(answer) {
  try {
    return (await answer.json()).error.message;
  } catch {
    return `HTTP ${answer.status}`;
  }
}
