"""One clock for a session during which the machine's clock was set. Pure.

All moments in a state are told by the clock as it is now: `ClockSet` moves every one of them, so
that whatever runs runs on, and no reader need know that it happened. `on_one_clock` does the same
to a log, for who reads its events' own times: what it gives folds to the same state.

A moment is what its name says: `…at_ms` or `since_ms`. Plans stay: they are made by the true clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar

from broadcast.session.events import ClockSet, Event
from broadcast.session.model import ClockStep

_ENDINGS = ("at_ms", "since_ms")
_LEFT = frozenset({"planned_start_at_ms", "clock_sets", "undo"})
"""`undo` remembers another state, which `undoing` brings to this clock by the same event."""

T = TypeVar("T")


def moved(value: T, by_ms: int) -> T:
    """The same, every moment in it later by so much."""
    found: Any = value
    if isinstance(value, tuple):
        found = tuple(moved(one, by_ms) for one in value)
    elif isinstance(value, dict):
        found = {key: moved(one, by_ms) for key, one in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        found = _moved_fields(value, by_ms)
    return found  # type: ignore[no-any-return]


def _moved_fields(value: Any, by_ms: int) -> Any:
    changes: dict[str, Any] = {}
    for name, is_moment in _parts(value.__class__):
        before = getattr(value, name)
        if not is_moment:
            changes[name] = moved(before, by_ms)
        elif before is not None:
            changes[name] = before + by_ms
    return replace(value, **changes) if changes else value


@cache
def _parts(kind: type) -> tuple[tuple[str, bool], ...]:
    """What may hold a moment, and whether it is one."""
    names = (field.name for field in fields(kind) if field.name not in _LEFT)
    return tuple((name, name.endswith(_ENDINGS)) for name in names)


def on_one_clock(events: Iterable[Event]) -> list[Event]:
    """The log as if the clock had always been as it was set last."""
    return [
        moved(event, later_ms) if later_ms else event
        for event, later_ms in _with_later(events)
        if not isinstance(event, ClockSet)
    ]


def moments(events: Iterable[Event]) -> list[int]:
    """When each happened, by the clock as it was set last."""
    return [event.at_ms + later_ms for event, later_ms in _with_later(events)]


def _with_later(events: Iterable[Event]) -> list[tuple[Event, int]]:
    """Each with how far the clock was set after it."""
    later_ms, found = 0, list[tuple[Event, int]]()
    for event in reversed(list(events)):
        found.append((event, later_ms))
        if isinstance(event, ClockSet):
            later_ms += event.by_ms
    return found[::-1]


def steps_in(events: Iterable[Event]) -> list[ClockStep]:
    """How the clock was set, in order."""
    return [ClockStep(one.at_ms, one.by_ms) for one in events if isinstance(one, ClockSet)]


def steps_on_one_clock(steps: Sequence[ClockStep]) -> tuple[ClockStep, ...]:
    """When it was set, by the clock as it was set last."""
    later_ms = sum(step.by_ms for step in steps)
    found: list[ClockStep] = []
    for step in steps:
        later_ms -= step.by_ms
        found.append(replace(step, new_at_ms=step.new_at_ms + later_ms))
    return tuple(found)
