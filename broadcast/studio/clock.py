"""Program time: the one clock of sound, picture and archive.

Program time is Unix time in nanoseconds as it was read once at the start, carried on by
CLOCK_MONOTONIC: it never jumps, and a studio that is started again goes on where the wall is.
Everything periodic stands on a grid that begins at zero, so a restart lands on the same ticks.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from streams.frames import AUDIO_CLOCK_RATE, NS_PER_S, VIDEO_CLOCK_RATE

BLOCK_SAMPLES = AUDIO_CLOCK_RATE // 50
"""Sound is mixed and encoded in blocks of 20 ms, Opus' usual frame."""


@dataclass(frozen=True, slots=True)
class ProgramClock:
    shift_ns: int
    """Program time minus CLOCK_MONOTONIC."""

    @classmethod
    def started_now(cls) -> "ProgramClock":
        return cls(time.time_ns() - time.monotonic_ns())

    def program_ns(self, monotonic_ns: int) -> int:
        return monotonic_ns + self.shift_ns

    def monotonic_ns(self, program_ns: int) -> int:
        return program_ns - self.shift_ns

    def set_s(self) -> int:
        """How far the machine's clock was set since the start, in whole seconds. NTP that only
        makes it run faster or slower moves both clocks."""
        return round((time.time_ns() - time.monotonic_ns() - self.shift_ns) / NS_PER_S)

    def now_ns(self) -> int:
        return time.monotonic_ns() + self.shift_ns


def monotonic_of(wall_ns: int) -> int:
    """CLOCK_MONOTONIC of a moment that the relay has just read off the machine's clock. Not by way
    of program time, from which that clock parts when it is set."""
    return wall_ns - time.time_ns() + time.monotonic_ns()


@dataclass(frozen=True, slots=True)
class Grid:
    """Ticks at `per_second`, numbered from the zero of program time."""

    per_second: int

    def index(self, program_ns: int) -> int:
        """The tick at or before."""
        return program_ns * self.per_second // NS_PER_S

    def time_ns(self, index: int) -> int:
        """Rounded up, so that `index(time_ns(i)) == i`."""
        return -(-index * NS_PER_S // self.per_second)


BLOCKS = Grid(AUDIO_CLOCK_RATE // BLOCK_SAMPLES)


def video_pts(index: int, fps: int) -> int:
    """Program time of the frame in 1/90000 s."""
    return index * VIDEO_CLOCK_RATE // fps


def segment_of(pts: int, segment_ms: int) -> int:
    """Which segment of the grid a video pts lies in; a keyframe stands where it changes."""
    return pts * 1000 // (VIDEO_CLOCK_RATE * segment_ms)


def tick_now(grid: Grid, index: int, now_ns: int, patience_ns: int, kept: int = 0) -> int:
    """The tick to do now, where `index` is the next one: that, unless it is later than the
    patience; then the newest, or the one so many before it."""
    if now_ns - grid.time_ns(index) <= patience_ns:
        return index
    return max(index, grid.index(now_ns) - kept)


class Metronome:
    """Waits for every tick of a grid on the calling thread. Ticks missed by more than the patience
    (the machine slept, or is too slow) are skipped and counted; those missed by less are made up
    for, each with its own time."""

    def __init__(
        self,
        clock: ProgramClock,
        grid: Grid,
        stop: threading.Event,
        patience_ns: int,
        after_ns: int = 0,
        kept: int = 0,
    ) -> None:
        """Ticks come `after_ns` after their time. `kept`: so many of too many that were missed are
        made up for after all. Sound has none: who is late by seconds for long would only read
        what his buffers have lost by then."""
        self._clock, self._grid, self._stop, self._patience_ns = clock, grid, stop, patience_ns
        self._after_ns, self._kept = after_ns, kept
        self.skipped = 0

    def ticks(self) -> Iterator[int]:
        """Indices in rising order, each not before its time, until `stop` is set."""
        index = self._grid.index(self._clock.now_ns()) + 1
        while True:
            ahead_ns = self._grid.time_ns(index) + self._after_ns - self._clock.now_ns()
            # Not waiting for `stop`: that costs a lock and a list for each tick.
            time.sleep(max(0, ahead_ns) / NS_PER_S)
            if self._stop.is_set():
                return
            now_ns = self._clock.now_ns() - self._after_ns
            due = tick_now(self._grid, index, now_ns, self._patience_ns, self._kept)
            self.skipped += due - index
            index = due
            yield index
            index += 1
