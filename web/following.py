"""What chair, clerk and operator follow beside the queue (PROTOCOL.md, `view`). Pure."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import is_
from typing import Any

from broadcast.session.forecast import Expected, Forecast
from broadcast.session.model import (
    Delegate,
    DelegateId,
    Departure,
    ItemClock,
    ItemId,
    Promise,
    Request,
    RequestState,
    SessionState,
    Turn,
)
from broadcast.session.order import chairs_limit_ms
from broadcast.session.procedure import Procedure
from broadcast.session.record import (
    Thread,
    Used,
    by_delegate,
    by_group,
    by_site,
    not_heard,
    threads,
    time_used,
)
from broadcast.session.rules.secrecy import CONFIRM_MS
from broadcast.session.undoing import UNDO_MS
from streams.frames import SiteId
from web import written
from web.speaking import Speaking

_READ: Mapping[str, Callable[[SessionState], tuple[object, ...]]] = {
    "followed": lambda one: (
        *(one.turns, one.requests, one.delegates),
        *(one.agenda, one.departures, one.promises),
    ),
    "turns": lambda one: (one.turns, one.requests, one.delegates, one.written.corrections),
    "notes": lambda one: (one.written.notes,),
    "messages": lambda one: (one.written.messages,),
}
"""The parts of the state that each part of `Known` is made of."""


class Known:
    """What follows from the state alone. A long session has hundreds of turns, somebody types a
    caption every few seconds, and there may be 150 sites: what was made of the same parts of
    another state is taken over."""

    def __init__(
        self, state: SessionState, procedure: Procedure, last: "Known | None" = None
    ) -> None:
        self.state = state
        self.speaking = Speaking(state, procedure)
        for name, parts in _READ.items():
            if last is None or name not in vars(last):
                continue
            if all(map(is_, parts(last.state), parts(state))):
                vars(self)[name] = vars(last)[name]

    @cached_property
    def followed(self) -> dict[str, Any]:
        """What the chair looks back on."""
        return followed(self.state)

    @cached_property
    def turns(self) -> list[dict[str, Any]]:
        return written.turns(self.state)

    @cached_property
    def notes(self) -> list[dict[str, Any]]:
        return written.notes(self.state)

    @cached_property
    def messages(self) -> tuple[dict[SiteId, list[dict[str, Any]]], list[Any]]:
        return written.messages_of_sites(self.state)


class Memory:
    """Of one session: a look comes twice a second, and mostly finds the state as it was."""

    def __init__(self, procedure: Procedure) -> None:
        self._procedure = procedure
        self._known: Known | None = None

    def of(self, state: SessionState) -> Known:
        if self._known is None or self._known.state is not state:
            self._known = Known(state, self._procedure, self._known)
        return self._known


def followed(state: SessionState) -> dict[str, Any]:
    """`time_used`, `departures`, `not_heard`, `threads` and `promises` of the view."""
    return {
        "time_used": {
            "delegates": [_speaker(state, used) for used in time_used(state, by_delegate)],
            "groups": [
                {"name": used.key, **_figures(used)} for used in time_used(state, by_group(state))
            ],
            "sites": [{"site": used.key, **_figures(used)} for used in time_used(state, by_site)],
        },
        "departures": [_departure(state, one) for one in state.departures],
        "not_heard": [_unheard(state, request) for request in not_heard(state)],
        "threads": [_thread(state, thread) for thread in threads(state)],
        "promises": [_promise(state, one) for one in state.promises.values()],
    }


def _figures(used: Used) -> dict[str, int]:
    return {"turns": used.turns, "used_ms": used.used_ms}


def _speaker(state: SessionState, used: Used) -> dict[str, Any]:
    delegate = _delegate(state, DelegateId(used.key))
    who = {"delegate": used.key, "name": delegate.name, "group": delegate.group}
    return who | {"site": delegate.site, **_figures(used)}


def _delegate(state: SessionState, id_: DelegateId | None) -> Delegate:
    """Who was taken out of the session since has no name here."""
    found = state.delegates.get(id_) if id_ is not None else None
    return found if found is not None else Delegate(DelegateId(""), "")


def _departure(state: SessionState, one: Departure) -> dict[str, Any]:
    return {
        "at_ms": one.at_ms,
        "kind": one.kind,
        "item": one.item,
        "name": _delegate(state, one.delegate).name,
        "request_kind": one.request_kind,
        "limit_ms": one.limit_ms,
        "before_ms": one.before_ms,
    }


def _unheard(state: SessionState, request: Request) -> dict[str, Any]:
    delegate = _delegate(state, request.delegate)
    return {
        "request": request.id,
        "delegate": request.delegate,
        "name": delegate.name,
        "title": delegate.title,
        "group": delegate.group,
        "site": delegate.site,
        "item": request.item,
        "kind": request.kind,
        "registered_at_ms": request.registered_at_ms,
        "absent": request.state is RequestState.ABSENT,
    }


def _thread(state: SessionState, thread: Thread) -> dict[str, Any]:
    question, asked = thread.question, thread.asked
    return {
        "question": question.id,
        "item": question.item,
        "delegate": question.delegate,
        "name": _delegate(state, question.delegate).name,
        "state": _thread_state(thread),
        "asked_at_ms": None if asked is None else asked.started_at_ms,
        "answers": [_spoken(state, turn) for turn in thread.answers],
        "debates": [_spoken(state, turn) for turn in thread.debates],
        "waiting": [_delegate(state, one).name for one in thread.waiting],
        "promises": [promise.id for promise in thread.promises],
    }


def _thread_state(thread: Thread) -> str:
    if thread.answers:
        return "answered"
    return "asked" if thread.asked is not None else thread.question.state


def _spoken(state: SessionState, turn: Turn) -> dict[str, Any]:
    return {
        "turn": turn.id,
        "delegate": turn.delegate,
        "name": _delegate(state, turn.delegate).name,
        "started_at_ms": turn.started_at_ms,
        "ended_at_ms": turn.ended_at_ms,
    }


def _promise(state: SessionState, one: Promise) -> dict[str, Any]:
    return {
        "id": one.id,
        "text": one.text,
        "delegate": one.delegate,
        "name": _delegate(state, one.delegate).name,
        "item": one.item,
        "question": one.question,
        "due": one.due,
        "noted_at_ms": one.noted_at_ms,
        "kept": one.kept,
    }


def closed_part(state: SessionState) -> dict[str, Any] | None:
    """Since when, by whom, for whom; and whether somebody asked to open the room again."""
    part = state.closed_part
    if part is None:
        return None
    until_ms = None if part.asked_at_ms is None else part.asked_at_ms + CONFIRM_MS
    return {
        "since_at_ms": part.since_ms,
        "by": part.by,
        "staying": sorted(part.staying),
        "asked_by": part.asked_by,
        "confirm_until_ms": until_ms,
    }


def undo(state: SessionState, now_ms: int) -> dict[str, Any] | None:
    """What one press on "undo" takes back; gone when it is too late."""
    last = state.undo
    if last is None or now_ms > last.at_ms + UNDO_MS:
        return None
    return {
        "act": last.act,
        "what": last.what,
        "name": _delegate(state, last.delegate).name or _title(state, last.item),
        "until_ms": last.at_ms + UNDO_MS,
    }


def _title(state: SessionState, item: ItemId | None) -> str:
    return next((one.title for one in state.agenda if one.id == item), "")


def limits(state: SessionState, procedure: Procedure) -> list[dict[str, Any]]:
    """Of each kind that the current item hears, the first time: as it is now, and by the rules."""
    item = state.item
    kinds: Sequence[Any] = () if item is None else procedure.items[item.kind].kinds
    return [
        {
            "kind": kind,
            "limit_ms": chairs_limit_ms(state, kind) or procedure.limit_ms(kind),
            "rule_ms": procedure.limit_ms(kind),
            "article": procedure.kinds[kind].article,
        }
        for kind in kinds
    ]


def forecast_of(found: Forecast | None) -> dict[str, Any] | None:
    """In whole minutes, so that it changes once a minute."""
    if found is None:
        return None
    return {
        "ends_at_ms": found.ends_at_ms,
        "late_ms": found.late_ms,
        "unplanned": found.unplanned,
    }


def item_times(clock: ItemClock | None, expected: Expected | None) -> dict[str, Any]:
    """How long an item ran, `since_at_ms` if it runs still; and when it is expected."""
    return {
        "used_ms": 0 if clock is None else clock.before_ms,
        "since_at_ms": None if clock is None else clock.since_ms,
        "starts_at_ms": None if expected is None else expected.starts_at_ms,
        "ends_at_ms": None if expected is None else expected.ends_at_ms,
    }
