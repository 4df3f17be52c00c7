"""A draft of the minutes (biên bản): who spoke when on what, notes and decisions, each with its
second of the recording. Pure, and worked out anew from the log each time, so that corrections are
in it.

What was said or written in closed session is not in it: `closed_minutes_of` makes minutes of that
apart, and of that alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from broadcast.archive.chapters import Timeline
from broadcast.archive.walls import Segment
from broadcast.session.content_events import ItemRemoved
from broadcast.session.corrections import corrected
from broadcast.session.events import Event, SessionEnded, SessionPaused, SessionResumed
from broadcast.session.evolve import evolve
from broadcast.session.model import (
    AgendaItem,
    ClockStep,
    Delegate,
    DelegateId,
    ItemId,
    ItemKind,
    Phase,
    RequestKind,
    SessionState,
    Turn,
)
from broadcast.session.one_clock import on_one_clock, steps_in, steps_on_one_clock
from broadcast.session.order import was_absent
from broadcast.session.written import Note, NoteKind


@dataclass(frozen=True, slots=True)
class Line:
    """A turn (`kind` is set), or a note or decision (`note` is set)."""

    at_ms: int
    second: float | None
    """Of the recording; None: nothing was recorded then."""
    kind: RequestKind | None = None
    name: str = ""
    title: str = ""
    site: str = ""
    lasted_ms: int = 0
    """As the speaker's clock ran: without breaks. 0 while it runs."""
    until_ms: int = 0
    """When a turn ended."""
    corrected: bool = False
    note: NoteKind | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One agenda item; `item` is None for what belongs to the session as a whole."""

    item: AgendaItem | None
    people: tuple[Delegate, ...]
    """Who presented, explained, or was questioned."""
    closed: bool
    """It was closed, wholly or for a while: that part is not in the lines."""
    lines: tuple[Line, ...]

    @property
    def role(self) -> Literal["presents", "explains", "answers"]:
        """What `people` do in it."""
        if self.item is not None and self.item.questioned and self.item.presenter is None:
            return "answers"
        explains = self.item is not None and self.item.kind is ItemKind.EXPLANATION
        return "explains" if explains else "presents"


@dataclass(frozen=True, slots=True)
class Roll:
    """Who of the list was there, by the roll call."""

    present: int
    listed: int
    absent: tuple[tuple[Delegate, str], ...]
    """In the list's order, each with why."""


@dataclass(frozen=True, slots=True)
class Minutes:
    state: SessionState
    breaks: tuple[tuple[int, int | None], ...]
    """Begin and end in epoch milliseconds; None: it goes on."""
    parts: tuple[Part, ...]
    closed: tuple[tuple[int, int | None], ...] = ()
    """When the room was, likewise; whether or not anyone spoke, for the public saw the slate."""
    clock_sets: tuple[ClockStep, ...] = ()
    """All times are by the clock as it was set last, these too."""

    @property
    def roll(self) -> Roll | None:
        """None: it was not called."""
        listed = self.state.delegates.values()
        called = [(one, self.state.written.roll.get(one.id)) for one in listed]
        told = [(one, found) for one, found in called if found is not None]
        if not told:
            return None
        absent = tuple((one, found.reason) for one, found in told if not found.present)
        return Roll(len(told) - len(absent), len(called), absent)


OPENING_MS = 60_000


@dataclass(frozen=True, slots=True)
class _Secret:
    start_ms: int
    end_ms: int | None
    item: str | None

    @property
    def lasted(self) -> bool:
        """Not just until the room was opened again, which takes its two steps in the next item."""
        return self.end_ms is None or self.end_ms - self.start_ms >= OPENING_MS

    def touches(self, start_ms: int, end_ms: int | None) -> bool:
        begun = end_ms is None or self.start_ms <= end_ms
        return begun and (self.end_ms is None or start_ms < self.end_ms)


@dataclass(frozen=True, slots=True)
class _Course:
    """How the session went, from its log."""

    state: SessionState
    """The last."""
    secrets: Sequence[_Secret]
    public: Mapping[ItemId, AgendaItem]
    """Each item as the public last saw it."""
    never: Set[ItemId]
    """The closed ones that it never saw, be they taken out since."""


def minutes_of(events: Sequence[Event], segments: Sequence[Segment]) -> Minutes:
    """From the whole log, and what was recorded."""
    steps, events = steps_in(events), on_one_clock(events)
    course = _fold(events)
    secrets = course.secrets
    # A title may say since then what is behind the doors.
    agenda = (_as_public(item, course.public.get(item.id)) for item in course.state.agenda)
    state = replace(course.state, agenda=tuple(agenda))
    timeline = Timeline(segments, steps)
    lines: dict[str | None, list[Line]] = {}
    hidden = {secret.item for secret in secrets if secret.lasted}
    for key, line, is_secret in _told(course):
        if is_secret:
            hidden.add(key)
        else:
            second = timeline.second(line.at_ms) if timeline.reaches(line.at_ms) else None
            lines.setdefault(key, []).append(replace(line, second=second))
    parts = [_part(state, item, hidden, lines.pop(item.id, [])) for item in state.agenda]
    rest = [line for left in lines.values() for line in left]
    if rest or None in hidden:
        parts.insert(0, Part(None, (), closed=None in hidden, lines=_sorted(rest)))
    reached = {turn.item for turn in state.turns} | state.done_items | {state.current_item}
    kept = tuple(
        part
        for part in parts
        if part.lines or part.item is None or part.item.id in reached | hidden
    )
    sets = steps_on_one_clock(steps)
    return Minutes(state, tuple(_breaks(events)), kept, _when_closed(state, secrets), sets)


def closed_minutes_of(events: Sequence[Event]) -> Minutes:
    """What `minutes_of` leaves out because it was closed, and nothing else: between the two, no
    line is lost and none stands twice. No second leads to a recording."""
    steps, events = steps_in(events), on_one_clock(events)
    course = _fold(events)
    state, secrets = course.state, course.secrets
    lines: dict[str | None, list[Line]] = {}
    for key, line, is_secret in _told(course):
        if is_secret:
            lines.setdefault(key, []).append(line)
    closed = {secret.item for secret in secrets if secret.lasted}
    parts = [
        _part(state, item, closed, lines.pop(item.id, []))
        for item in state.agenda
        if item.id in closed or item.id in lines
    ]
    rest = [line for left in lines.values() for line in left]
    if rest:
        parts.insert(0, Part(None, (), closed=True, lines=_sorted(rest)))
    sets = steps_on_one_clock(steps)
    return Minutes(state, (), tuple(parts), _when_closed(state, secrets), sets)


def _told(course: _Course) -> Iterator[tuple[str | None, Line, bool]]:
    """Each line with its item, and whether it was closed: all of an item that never was open is,
    also what was noted before the session began."""
    for key, line, end_ms in (*_turns(course.state), *_notes(course.state)):
        touched = any(secret.touches(line.at_ms, end_ms) for secret in course.secrets)
        yield key, line, touched or key in course.never


def _as_public(item: AgendaItem, known: AgendaItem | None) -> AgendaItem:
    """An item that is closed now, as the public last knew it."""
    return replace(known, closed=True) if item.closed and known is not None else item


def _fold(events: Iterable[Event]) -> _Course:
    state, secrets, public = SessionState(), list[_Secret](), dict[ItemId, AgendaItem]()
    taken_out: dict[ItemId, AgendaItem] = {}
    since: int | None = None
    for event in events:
        before, state = state, evolve(state, event)
        if isinstance(event, ItemRemoved):
            taken_out |= {item.id: item for item in before.agenda if item.id == event.item}
        hidden = state.closed and state.phase is not Phase.PREPARED
        if state.item is not None and state.phase is Phase.LIVE and not state.closed:
            public[state.item.id] = state.item
        if since is not None and (not hidden or before.current_item != state.current_item):
            secrets.append(_Secret(since, event.at_ms, before.current_item))
            since = None
        if hidden and since is None:
            since = event.at_ms
    if since is not None:
        secrets.append(_Secret(since, None, state.current_item))
    known = taken_out | {item.id: item for item in state.agenda}
    never = {item.id for item in known.values() if item.closed and item.id not in public}
    return _Course(state, secrets, public, never)


def _when_closed(
    state: SessionState, secrets: Sequence[_Secret]
) -> tuple[tuple[int, int | None], ...]:
    """Through whatever items, and no longer than the session; no slip of the finger, unless
    something was said or written in it."""
    rooms: list[_Secret] = []
    for secret in secrets:
        if rooms and rooms[-1].end_ms == secret.start_ms:
            rooms[-1] = replace(rooms[-1], end_ms=secret.end_ms)
        else:
            rooms.append(secret)
    lines = [(line.at_ms, end_ms) for _, line, end_ms in (*_turns(state), *_notes(state))]
    return tuple(
        (room.start_ms, state.ended_at_ms if room.end_ms is None else room.end_ms)
        for room in rooms
        if room.lasted or any(room.touches(*line) for line in lines)
    )


def _part(
    state: SessionState, item: AgendaItem, hidden: set[str | None], lines: list[Line]
) -> Part:
    ids = (item.presenter,) if item.presenter is not None else item.questioned
    people = tuple(state.delegates[one] for one in ids if one in state.delegates)
    return Part(item, people, item.closed or item.id in hidden, _sorted(lines))


def _sorted(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: line.at_ms))


def _turns(state: SessionState) -> Iterator[tuple[str | None, Line, int | None]]:
    for turn in state.turns:
        if not was_absent(state, turn.request):
            known = corrected(state, turn)
            yield turn.item, _turn_line(state, known, known != turn), known.ended_at_ms


def _turn_line(state: SessionState, turn: Turn, was_corrected: bool) -> Line:
    delegate = state.delegates.get(turn.delegate) or Delegate(DelegateId(""), "")
    site = state.sites.get(turn.site)
    until_ms = turn.ended_at_ms or turn.started_at_ms
    return Line(
        at_ms=turn.started_at_ms,
        second=None,
        kind=turn.kind,
        name=delegate.name,
        title=delegate.title,
        site=site.name if site is not None else "",
        lasted_ms=turn.used_ms(until_ms),
        until_ms=until_ms,
        corrected=was_corrected,
    )


def _notes(state: SessionState) -> Iterator[tuple[str | None, Line, int | None]]:
    for note in state.written.notes.values():
        yield note.item, _note_line(note), note.written_at_ms


def _note_line(note: Note) -> Line:
    return Line(at_ms=note.written_at_ms, second=None, note=note.kind, text=note.text)


def _breaks(events: Iterable[Event]) -> Iterator[tuple[int, int | None]]:
    begun: int | None = None
    for event in events:
        if isinstance(event, SessionPaused):
            begun = event.at_ms
        elif isinstance(event, SessionResumed | SessionEnded) and begun is not None:
            yield begun, event.at_ms
            begun = None
    if begun is not None:
        yield begun, None
