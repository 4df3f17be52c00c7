"""Spreads keyframes over time on lines that would take long for them. Pure.

A keyframe is ten times another picture. Sent at once it stands in the line's queue before all sound
that follows; sent piece by piece, sound goes past it. Nothing waits while the rate is unlimited or
the bucket has room, which is nearly always.
"""

import math
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

BUCKET_NS = 60_000_000
"""So much of the rate may go at once: a usual picture of one that has just so much to itself."""
MIN_BUCKET = 1_300
"""Octets: one packet, on the thinnest line too."""
MAX_WAIT_NS = 2_000_000_000
"""Of the rate that may wait. Policy: what is new is refused, and the picture is behind until its
next keyframe."""
MAX_WAITING = 1_000_000
"""Octets, also where the rate is unlimited again and only the port is congested. Same policy."""

T = TypeVar("T")


def bucket(rate_bps: float) -> float:
    """Octets that may go at once."""
    return max(MIN_BUCKET, rate_bps * BUCKET_NS / 8e9)


def spread_ns(octets: int, rate_bps: float | None) -> int:
    """How long so much takes to leave, where nothing left before; None: nothing waits."""
    return 0 if rate_bps is None else int(max(0, octets - bucket(rate_bps)) * 8e9 / rate_bps)


class Pacer(Generic[T]):
    """Of one viewer's pictures; `T` is a piece that goes out at once."""

    def __init__(self) -> None:
        self.rate_bps: float | None = None
        """None: nothing waits."""
        self._waiting: deque[tuple[T, int]] = deque()
        self.waits = 0
        """Octets."""
        self._tokens = math.inf
        self._filled_ns = 0

    def admits(self, octets: int, now_ns: int) -> bool:
        """Whether so much may go at once, before what waits; otherwise `put` it."""
        if self.rate_bps is None and not self._waiting:
            return True
        self._fill(now_ns)
        if self._waiting or self._tokens < octets:
            return False
        self._tokens -= octets
        return True

    def put(self, piece: T, octets: int) -> bool:
        """Whether there was room for it."""
        rate_bps = math.inf if self.rate_bps is None else self.rate_bps
        if self.waits > min(MAX_WAITING, rate_bps * MAX_WAIT_NS / 8e9):
            return False
        self._waiting.append((piece, octets))
        self.waits += octets
        return True

    def due(self, now_ns: int) -> Iterator[T]:
        """What may go now, in order."""
        if not self._waiting:
            return
        self._fill(now_ns)
        while self._waiting and (self.rate_bps is None or self._tokens > 0):
            piece, octets = self._waiting.popleft()
            self.waits -= octets
            self._tokens -= octets
            yield piece

    def clear(self) -> None:
        """Forgets what waits, such as when the picture is held."""
        self._waiting.clear()
        self.waits = 0

    def _fill(self, now_ns: int) -> None:
        if self.rate_bps is None:
            return
        elapsed_ns, self._filled_ns = now_ns - self._filled_ns, now_ns
        filled = self._tokens + self.rate_bps * elapsed_ns / 8e9
        self._tokens = min(bucket(self.rate_bps), filled)
