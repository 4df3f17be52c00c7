// The council's time of day, whatever zone and clock this computer is set to. Pure.

/** The clocks of a zone, by its IANA name.
 * @param {string | undefined} timeZone */
export function clocksOf(timeZone) {
  const face = new Intl.DateTimeFormat("sv", {timeZone, dateStyle: "short", timeStyle: "medium"});

  /** What they show at a moment: 2026-07-09 08:15:03. @param {number} atMs epoch milliseconds */
  const wall = (atMs) => face.format(atMs);

  /** The moment at which they show that, or as an input has it: 2026-07-09T08:15.
   * @param {string} shown @returns {number} epoch milliseconds */
  const moment = (shown) => {
    const asUtcMs = utc(shown);
    const ahead = (/** @type {number} */ atMs) => utc(wall(atMs)) - atMs;
    return asUtcMs - ahead(asUtcMs - ahead(asUtcMs)); // twice: a zone may change its clocks in between
  };
  return {wall, moment};
}

/** @param {string} shown */
function utc(shown) {
  return Date.parse(`${shown.replace(" ", "T")}Z`);
}
