"""A log as it would have been, had the machine's clock been set on the way."""

from collections.abc import Mapping, Sequence

from broadcast.session.events import ClockSet, Event
from broadcast.session.one_clock import moved

HOUR_MS = 3_600_000


def with_clock_set(log: Sequence[Event], sets: Mapping[int, int]) -> list[Event]:
    """`sets`: by how much, just before the event of that number."""
    told, by_ms = list[Event](), 0
    for number, event in enumerate(log):
        if number in sets:
            by_ms += sets[number]
            told.append(ClockSet(at_ms=event.at_ms + by_ms, by_ms=sets[number]))
        told.append(moved(event, by_ms))
    return told
