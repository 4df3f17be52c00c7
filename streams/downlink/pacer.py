"""Spreads keyframes over time on lines that would take long for them. Pure.

A keyframe is ten times another picture. Sent at once it stands in the line's queue before all sound
that follows; sent piece by piece, sound goes past it. Nothing waits while the rate is unlimited or
the bucket has room, which is nearly always.
"""

import math
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from streams.bandwidth.congestion import Congestion

BUCKET_NS = 60_000_000
"""So much of the rate may go at once: a usual picture of one that has just so much to itself."""
MIN_BUCKET = 1_300
"""Octets: one packet, on the thinnest line too."""
MAX_WAIT_NS = 2_000_000_000
"""Of the rate that may wait. Policy: what is new is refused, and the picture is behind until its
next keyframe."""
MAX_WAITING = 1_000_000
"""Octets, also where the rate is unlimited again and only the port is congested. Same policy."""

TURN_NS = 2_000_000_000
"""A keyframe comes in each."""
GROWTH, CAREFUL_GROWTH = 1.5, 1.1
"""In each turn, and for some after a second burst."""
CAREFUL_TURNS = 6
SLOWER = 2.0
"""Of what the whole program needs, after a first burst: a hiccup of ours looks like one, and who is
paced costs three times as much to serve. A second one is the line's."""
QUEUE_NS = 40_000_000
LOSS = 0.02
FREE = 10.0
"""Of what the whole program needs: beyond it nothing waits any more."""

T = TypeVar("T")


class Pace:
    """The rate for pictures: faster with each keyframe that met no queue, if nothing is known
    against it."""

    def __init__(self) -> None:
        self.rate_bps: float | None = None
        """None: nothing waits."""
        self._turn_ns = 0
        self._careful = 0
        """Turns to go."""
        self._told = self._lost = 0

    def limit(self, rate_bps: float) -> None:
        """From now on it is so fast: another rendition begins, or the line was full."""
        self.rate_bps = rate_bps

    def turn(self, line: Congestion, usual_loss: float, free_bps: float, now_ns: int) -> None:
        """`free_bps`: a rate of which `FREE` times makes waiting needless."""
        if now_ns - self._turn_ns < TURN_NS:
            return
        peak_ns, line.peak_ns, self._turn_ns = line.peak_ns, 0, now_ns
        told, lost = line.told - self._told, line.lost - self._lost
        self._told, self._lost = line.told, line.lost
        burst = peak_ns > QUEUE_NS or lost > (usual_loss + LOSS) * told
        if burst and self.rate_bps is None:
            self.rate_bps = SLOWER * free_bps
        elif burst and self.rate_bps is not None:
            self.rate_bps, self._careful = max(free_bps, self.rate_bps / 2), CAREFUL_TURNS
        elif self.rate_bps is not None:
            self.rate_bps *= CAREFUL_GROWTH if self._careful else GROWTH
            self._careful = max(0, self._careful - 1)
            if self.rate_bps > FREE * free_bps:
                self.rate_bps = None


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

    def clear(self) -> int:
        """Forgets what waits, such as when the picture is held; how many pieces that were."""
        count = len(self._waiting)
        self._waiting.clear()
        self.waits = 0
        return count

    def _fill(self, now_ns: int) -> None:
        if self.rate_bps is None:
            return
        elapsed_ns, self._filled_ns = now_ns - self._filled_ns, now_ns
        filled = self._tokens + self.rate_bps * elapsed_ns / 8e9
        self._tokens = min(bucket(self.rate_bps), filled)
