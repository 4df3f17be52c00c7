"""What is wrong with a site's picture or sound although it comes: black, frozen, silent.

Judged from the small stills that the multiview needs anyway, and from the levels of the meters.
"""

from enum import StrEnum

import numpy as np

from broadcast.studio.canvas import Plane
from streams.frames import NS_PER_S, SiteId


class Sign(StrEnum):
    BLACK = "black"
    """A covered lens, or a picture source without a picture."""
    FROZEN = "frozen"
    """The same picture again and again: the device hangs, not the line."""
    SILENT = "silent"
    """Not even the noise of a room: a microphone that is switched off or pulled out."""


BLACK_LUMA = 34
"""16 is black; what noise and a badly set camera add stays below."""
BLACK_SHARE = 0.98
BLACK_NS = 3 * NS_PER_S

FROZEN_STEP = 2
"""A camera's noise moves some pixel by more, even after encoding."""
FROZEN_NS = 10 * NS_PER_S

SILENT_DBFS = -85.0
SILENT_NS = 20 * NS_PER_S
"""Browsers' noise suppression makes a quiet room nearly silent, for a while."""

STALE_NS = 3 * NS_PER_S


class Spell:
    """For how long something has been so, without a break."""

    def __init__(self, long_ns: int) -> None:
        self._long_ns = long_ns
        self._since_ns: int | None = None
        self._seen_ns = 0

    def look(self, now_ns: int, *, so: bool) -> None:
        # After a pause nobody knows what was between.
        known = now_ns - self._seen_ns < STALE_NS
        self._since_ns = (self._since_ns if known and self._since_ns else now_ns) if so else None
        self._seen_ns = now_ns

    def long(self, now_ns: int) -> bool:
        """And still looked at."""
        since_ns = self._since_ns
        fresh = now_ns - self._seen_ns < STALE_NS
        return fresh and since_ns is not None and self._seen_ns - since_ns >= self._long_ns


class Sense:
    """One site's. `see` on the thread of the stills, `hear` on the mixing thread."""

    def __init__(self) -> None:
        self._spells = {
            Sign.BLACK: Spell(BLACK_NS),
            Sign.FROZEN: Spell(FROZEN_NS),
            Sign.SILENT: Spell(SILENT_NS),
        }
        self._last: Plane | None = None

    def see(self, luma: Plane, now_ns: int) -> None:
        """A still's luma; it is copied."""
        dark = np.count_nonzero(luma <= BLACK_LUMA) >= BLACK_SHARE * luma.size
        same = self._last is not None and _alike(luma, self._last)
        self._last = luma.copy()
        self._spells[Sign.BLACK].look(now_ns, so=bool(dark))
        # What is black has nothing that could move.
        self._spells[Sign.FROZEN].look(now_ns, so=same and not dark)

    def hear(self, level_dbfs: float, now_ns: int) -> None:
        self._spells[Sign.SILENT].look(now_ns, so=level_dbfs <= SILENT_DBFS)

    def signs(self, now_ns: int) -> list[str]:
        return [sign.value for sign, spell in self._spells.items() if spell.long(now_ns)]


def _alike(one: Plane, other: Plane) -> bool:
    return bool((np.maximum(one, other) - np.minimum(one, other)).max() <= FROZEN_STEP)


class Senses:
    """Of all sites; times are CLOCK_MONOTONIC. One entry for each site, until it is forgotten."""

    def __init__(self) -> None:
        self._senses: dict[SiteId, Sense] = {}

    def of(self, site: SiteId) -> Sense:
        return self._senses.get(site) or self._senses.setdefault(site, Sense())

    def forget(self, site: SiteId) -> None:
        self._senses.pop(site, None)

    def signs(self, now_ns: int) -> dict[SiteId, list[str]]:
        """Of the sites that show some."""
        found = {site: sense.signs(now_ns) for site, sense in list(self._senses.items())}
        return {site: signs for site, signs in found.items() if signs}
