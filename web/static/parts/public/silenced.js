// The picture without its sound, for players that would hear both: a recording's segments hold the room's
// sound beside the picture (ISO/IEC 14496-12), and hls.js cannot leave it out where another was chosen.
// What belongs to the sound is marked as free space, in place: no byte moves.

const FREE = 0x66726565;
const SOUND = 0x736f756e; // "soun", of a track's handler

/** @typedef {{at: number, end: number, type: string}} Box */

/** The boxes between two places. @param {DataView} view @param {number} at @param {number} end @returns {Generator<Box>} */
function* boxes(view, at, end) {
  while (at + 8 <= end) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > end) return;
    const type = String.fromCharCode(...[4, 5, 6, 7].map((n) => view.getUint8(at + n)));
    yield {at, end: at + size, type};
    at += size;
  }
}

/** Of a box's children those of a type. @param {DataView} view @param {Box} box @param {string} type */
function inside(view, box, type) {
  return [...boxes(view, box.at + 8, box.end)].filter((one) => one.type === type);
}

/** @param {DataView} view @param {Box} box */
const free = (view, box) => view.setUint32(box.at + 4, FREE);

/** Takes the sound out of an init segment or a part of the media, in place.
 * @param {ArrayBuffer} data @param {Set<number>} sounds the sound's track ids; an init segment tells them */
export function silence(data, sounds) {
  const view = new DataView(data);
  for (const box of boxes(view, 0, view.byteLength)) {
    if (box.type === "moov") silenceHead(view, box, sounds);
    if (box.type !== "moof") continue;
    for (const traf of inside(view, box, "traf")) {
      // A full box begins with version and flags; the track's id is what follows (8.8.7).
      if (inside(view, traf, "tfhd").some((one) => sounds.has(view.getUint32(one.at + 12)))) free(view, traf);
    }
  }
}

/** @param {DataView} view @param {Box} moov @param {Set<number>} sounds */
function silenceHead(view, moov, sounds) {
  for (const trak of inside(view, moov, "trak")) {
    const handlers = inside(view, trak, "mdia").flatMap((mdia) => inside(view, mdia, "hdlr"));
    if (!handlers.some((one) => view.getUint32(one.at + 16) === SOUND)) continue;
    for (const one of inside(view, trak, "tkhd")) {
      sounds.add(view.getUint32(one.at + (view.getUint8(one.at + 8) === 1 ? 28 : 20))); // version 1: long times
    }
    free(view, trak);
  }
  for (const mvex of inside(view, moov, "mvex")) {
    for (const trex of inside(view, mvex, "trex")) if (sounds.has(view.getUint32(trex.at + 12))) free(view, trex);
  }
}

/** hls.js' own loader, that silences what comes of the picture. @param {any} Loader @returns {any} */
export function silenced(Loader) {
  const sounds = new Set([2]);
  return class extends Loader {
    /** @param {any} context @param {any} config @param {any} callbacks */
    load(context, config, callbacks) {
      const onSuccess = (/** @type {any} */ response, /** @type {any[]} */ ...rest) => {
        if (context.frag?.type === "main") silence(response.data, sounds);
        callbacks.onSuccess(response, ...rest);
      };
      super.load(context, config, {...callbacks, onSuccess});
    }
  };
}
