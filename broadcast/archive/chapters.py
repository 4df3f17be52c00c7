"""Chapters of a recording: what was public of each agenda item, and each turn within it. Pure.

Derived anew from the event log at every request, so a correction in the log (a speaker marked
absent, an item closed) is a correction here, while the session runs and years later.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Generic, Literal, TypeVar

from broadcast.archive.walls import Segment, walls
from broadcast.session.corrections import corrected
from broadcast.session.events import Event
from broadcast.session.evolve import evolve
from broadcast.session.model import AgendaItem, ClockStep, ItemId, Phase, SessionState, Turn, TurnId
from broadcast.session.one_clock import on_one_clock, steps_in
from broadcast.session.order import was_absent
from broadcast.session.undoing import without_undone

SLIP_MS = 1000
"""What lasted less was a slip of the finger."""

_RECORDED = frozenset({Phase.LIVE, Phase.PAUSED})


@dataclass(frozen=True, slots=True)
class Chapter:
    """From `start_s` up to `end_s`, in seconds of the playlist."""

    start_s: float
    end_s: float
    kind: Literal["item", "turn"]
    title: str
    subtitle: str
    site: str = ""
    """Of a turn: the name of the site."""


def chapters_of(events: Iterable[Event], segments: Sequence[Segment]) -> tuple[Chapter, ...]:
    """In order of their start, an item before its turns.

    Nothing of a closed item is in it: an item that was closed for a while is two chapters, one
    before and one after. Nor is what was undone: a speaker called by mistake.
    """
    events = list(events)
    states = list(_states(without_undone(on_one_clock(events))))
    if not states or not segments:
        return ()
    last = states[-1][1]
    timeline = Timeline(segments, steps_in(events))
    public, named = _spans(states, _public_item), _named(states)
    items = [_item_chapter(last, named, span, timeline) for span in public]
    turns = [
        _turn_chapter(last, _as_corrected(last, span, public), timeline)
        for span in _spans(states, _public_turn)
        if not was_absent(last, _turn(last, span.what).request)
    ]
    found = (chapter for chapter in items + turns if chapter.end_s > chapter.start_s)
    return tuple(sorted(found, key=lambda chapter: (chapter.start_s, chapter.kind)))


def seconds_of(
    wall_ms: Iterable[int], segments: Sequence[Segment], steps: Sequence[ClockStep] = ()
) -> list[float | None]:
    """Moments of a state in seconds of the playlist; None for what was not recorded. `steps`: how
    the clock was set meanwhile."""
    timeline = Timeline(segments, steps)
    return [timeline.second(one) if timeline.has(one) else None for one in wall_ms]


def _states(events: Iterable[Event]) -> Iterator[tuple[int, SessionState]]:
    state = SessionState()
    for event in events:
        state = evolve(state, event)
        yield event.at_ms, state


def _named(states: Sequence[tuple[int, SessionState]]) -> dict[ItemId, AgendaItem]:
    """Each item as it is; one that is closed now, as the public last knew it: its title may say
    since then what is behind the doors."""
    last = states[-1][1]
    named = {item.id: item for item in last.agenda}
    closed = {item.id for item in last.agenda if item.closed}
    for _, state in states:
        if state.item is not None and _public_item(state) in closed:
            named[state.item.id] = state.item
    return named


K = TypeVar("K", ItemId, TurnId)


@dataclass(frozen=True, slots=True)
class _Span(Generic[K]):
    what: K | None
    """None: nothing of the kind."""
    start_ms: int
    end_ms: int | None
    """None: it goes on."""


def _public_item(state: SessionState) -> ItemId | None:
    """The item that the public sees now."""
    return state.current_item if state.phase in _RECORDED and not state.closed else None


def _public_turn(state: SessionState) -> TurnId | None:
    floor = state.floor
    return floor.id if floor is not None and _public_item(state) is not None else None


def _spans(
    states: list[tuple[int, SessionState]], what: Callable[[SessionState], K | None]
) -> list[_Span[K]]:
    """How long `what` gave the same answer; a slip in between does not part it."""
    spans: list[_Span[K]] = []
    for span in _steady(states, what):
        before = spans[-1] if spans else None
        if before is not None and before.what == span.what:
            spans[-1] = replace(before, end_ms=span.end_ms)
        else:
            spans.append(span)
    return [span for span in spans if span.what is not None]


def _steady(
    states: list[tuple[int, SessionState]], what: Callable[[SessionState], K | None]
) -> Iterator[_Span[K]]:
    """Without slips; but however short a secret was, it stays one (`what` is None then)."""
    changes: list[tuple[int, K | None]] = []
    for at_ms, state in states:
        now = what(state)
        if not changes or changes[-1][1] != now:
            changes.append((at_ms, now))
    ends = [*(at_ms for at_ms, _ in changes[1:]), None]
    for (at_ms, key), end_ms in zip(changes, ends, strict=True):
        if key is None or end_ms is None or end_ms - at_ms >= SLIP_MS:
            yield _Span(key, at_ms, end_ms)


def _as_corrected(
    last: SessionState, span: _Span[TurnId], public: Sequence[_Span[ItemId]]
) -> _Span[TurnId]:
    """With the clerk's times, as far as the item was public then."""
    turn = _turn(last, span.what)
    known = corrected(last, turn)
    whole = next((one for one in public if _holds(one, span)), None)
    if known == turn or whole is None:
        return span
    start, end = span.start_ms, span.end_ms
    if start == turn.started_at_ms:
        start = max(known.started_at_ms, whole.start_ms)
    if end is not None and end == turn.ended_at_ms and known.ended_at_ms is not None:
        end = min(known.ended_at_ms, whole.end_ms or known.ended_at_ms)
    return replace(span, start_ms=start, end_ms=end)


def _holds(item: _Span[ItemId], turn: _Span[TurnId]) -> bool:
    return item.start_ms <= turn.start_ms and (item.end_ms is None or turn.start_ms < item.end_ms)


class Timeline:
    """Moments → seconds of the playlist. What was not recorded has no length in it."""

    def __init__(self, segments: Sequence[Segment], steps: Sequence[ClockStep] = ()) -> None:
        """Moments are by the clock as it was set last of `steps`."""
        self._segments = segments
        # Where no step tells why a wall clock went back, later segments count as later.
        self._starts = list(accumulate(walls(segments, steps), max))
        durations = [segment.duration_ms for segment in segments]
        self._before = list(accumulate(durations, initial=0.0))

    def has(self, wall_ms: int) -> bool:
        """Whether it was recorded."""
        index = bisect_right(self._starts, wall_ms) - 1
        return index >= 0 and wall_ms < self._starts[index] + self._segments[index].duration_ms

    def reaches(self, wall_ms: int) -> bool:
        """Whether it is between the first picture and the last, be it in a gap."""
        if not self._segments:
            return False
        return self._starts[0] <= wall_ms <= self._starts[-1] + self._segments[-1].duration_ms

    def second(self, wall_ms: int | None) -> float:
        """None is the end."""
        if wall_ms is None:
            return round(self._before[-1] / 1000, 3)
        index = bisect_right(self._starts, wall_ms) - 1
        if index < 0:
            return 0.0
        into_ms = min(wall_ms - self._starts[index], self._segments[index].duration_ms)
        return round((self._before[index] + into_ms) / 1000, 3)


def _item_chapter(
    last: SessionState,
    named: Mapping[ItemId, AgendaItem],
    span: _Span[ItemId],
    timeline: Timeline,
) -> Chapter:
    assert span.what is not None
    item = named[span.what]
    start_s, end_s = timeline.second(span.start_ms), timeline.second(span.end_ms)
    return Chapter(start_s, end_s, "item", item.title, _persons(last, item))


def _persons(last: SessionState, item: AgendaItem) -> str:
    """Who presents it, or who is questioned."""
    ids = (item.presenter,) if item.presenter is not None else item.questioned
    return ", ".join(last.delegates[one].name for one in ids if one in last.delegates)


def _turn_chapter(last: SessionState, span: _Span[TurnId], timeline: Timeline) -> Chapter:
    called = _turn(last, span.what)
    turn = corrected(last, called)
    # Logs may name somebody who was taken out afterwards, as it was once allowed.
    delegate = last.delegates.get(turn.delegate) or last.delegates[called.delegate]
    site = last.sites[turn.site]
    start_s, end_s = timeline.second(span.start_ms), timeline.second(span.end_ms)
    standing = " · ".join(part for part in (delegate.title, site.name) if part)
    return Chapter(start_s, end_s, "turn", delegate.name, standing, site.name)


def _turn(last: SessionState, turn: TurnId | None) -> Turn:
    return next(one for one in last.turns if one.id == turn)
