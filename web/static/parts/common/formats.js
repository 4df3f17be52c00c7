// Whether this browser knows the formats of the session, asked before anybody joins or watches: of a connection that was
// answered, or a recording that is played, nobody learns why no picture comes. Knows no document.

/** `connect`: it makes no such connection at all; `send`, `watch`: it knows no format of ours.
 * @typedef {"" | "connect" | "send" | "watch"} Lack */

/**
 * By an offer, which is what the server goes by. Firefox knows H.264 once it has fetched OpenH264, and its offers wait
 * until that is clear; what it says it is capable of does not.
 * @param {boolean} sends whether it is to send a picture, too @returns {Promise<Lack>}
 */
export async function lackOf(sends) {
  if (!globalThis.RTCPeerConnection) return "connect";
  const pc = new RTCPeerConnection();
  try {
    pc.addTransceiver("video", {direction: "recvonly"});
    pc.addTransceiver("video", {direction: "sendonly"});
    return lackIn((await pc.createOffer()).sdp ?? "", sends);
  } finally {
    pc.close();
  }
}

/** @param {string} sdp what it would receive, and what it would send @param {boolean} sends @returns {Lack} */
export function lackIn(sdp, sends) {
  const [received = "", sent = ""] = sdp.split(/^m=/m).slice(1);
  if (sends && !hasH264(sent) && !/^a=rtpmap:\d+ VP8\//im.test(sent)) return "send";
  return hasH264(received) ? "" : "watch";
}

/** What of a recording, and of what is watched as one, it cannot play: it is H.264 with AAC (broadcast/outputs/).
 * Whoever has no Media Source plays such lists itself, and knows both.
 * @returns {"" | "picture" | "all"} */
export function unplayable() {
  const known = /** @type {Record<string, typeof MediaSource | undefined>} */ (/** @type {unknown} */ (globalThis));
  const source = known["ManagedMediaSource"] ?? known["MediaSource"];
  if (!source || source.isTypeSupported('video/mp4; codecs="avc1.42E01E,mp4a.40.2"')) return "";
  return source.isTypeSupported('audio/mp4; codecs="mp4a.40.2"') ? "picture" : "all";
}

/** As the server takes and sends it (streams/connections/sdp.py). @param {string} section */
function hasH264(section) {
  return [...section.matchAll(/^a=rtpmap:(\d+) H264\//gim)].some(([, type]) =>
    new RegExp(`^a=fmtp:${type} .*packetization-mode=1`, "m").test(section));
}
