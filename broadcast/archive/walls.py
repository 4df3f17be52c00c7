"""When each piece of a recording was made, by one clock, although the machine's was set meanwhile.

The recording tells the time by the clock of its moment (PROGRAM-DATE-TIME) and goes on without a
break; so does what reads the log, and it knows when and by how much the clock was set. Both notice
it by themselves, some seconds apart at most. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from broadcast.outputs.playlist import Playlist
from broadcast.session.model import ClockStep

NOTICED_MS = 10_000
"""The studio looks at the clock as a segment begins; a segment lasts 10 s at most."""
ROUNDED_MS = 600
"""It counts in whole seconds."""
NEVER_MS = -(2**62)


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the recording; they follow each other in it, whatever the wall clock says."""

    wall_ms: int
    """Unix time of its first picture."""
    duration_ms: float


def segments_of(playlist: Playlist) -> tuple[Segment, ...]:
    return tuple(Segment(entry.wall_ms, entry.duration_s * 1000) for entry in playlist.entries)


def walls(segments: Sequence[Segment], steps: Sequence[ClockStep]) -> list[int]:
    """The start of each by the clock as it was set last."""
    if not steps:
        return [segment.wall_ms for segment in segments]
    return [one + sum(step.by_ms for step in steps) for one in _steady(segments, steps)]


def _steady(segments: Sequence[Segment], steps: Sequence[ClockStep]) -> Iterator[int]:
    """By the first clock. Which of the clocks a segment was told by, its own order says: none
    begins before the last one ended, none was told by a clock that was not set yet, or no more. Of
    those that may be, it is the one that leaves no gap, or the smallest."""
    shifts = list(accumulate((step.by_ms for step in steps), initial=0))
    since = [step.new_at_ms - shift for step, shift in zip(steps, shifts[1:], strict=True)]
    from_ms, to_ms = [NEVER_MS, *since], [*since, -NEVER_MS]
    clock, end_ms = 0, float(NEVER_MS)
    for segment in segments:
        may_be = (
            (segment.wall_ms - shifts[number], number) for number in range(clock, len(shifts))
        )
        fitting = (
            (at_ms, number)
            for at_ms, number in may_be
            if at_ms > end_ms - ROUNDED_MS
            and from_ms[number] - NOTICED_MS <= at_ms <= to_ms[number] + NOTICED_MS
        )
        at_ms, clock = min(fitting, default=(segment.wall_ms - shifts[clock], clock))
        end_ms = at_ms + segment.duration_ms
        yield at_ms
