"""Which of the reports on a viewer's line are read: all of them, or of a line at ease one now and
then. Pure: time is an argument.

Browsers report every 50 to 250 ms, mostly 100. A report that is passed over costs a fifth of one
that is read.
"""

from streams.bandwidth.steering import Steering
from streams.frames import NS_PER_MS

EASY_NS, CALM_NS = 290 * NS_PER_MS, 440 * NS_PER_MS
"""Of a line at ease one in three is read, and where that has been so for long one in five. Also of
the slowest reports the second is read before the line would count as silent."""
LONG_NS = 10_000 * NS_PER_MS


class Sparing:
    def __init__(self) -> None:
        self._eased_ns: int | None = None
        """Since when everything goes, and large pictures at once."""

    def until_ns(self, steering: Steering, now_ns: int) -> int:
        """After one that was read: up to when the next ones need not be. 0: each is read."""
        if not steering.at_ease:
            self._eased_ns = None
            return 0
        if steering.pacing_bps is not None:
            self._eased_ns = None
        elif self._eased_ns is None:
            self._eased_ns = now_ns
        calm = self._eased_ns is not None and now_ns - self._eased_ns > LONG_NS
        return now_ns + (CALM_NS if calm else EASY_NS)
