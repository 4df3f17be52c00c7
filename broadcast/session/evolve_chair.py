"""State after an event of `chair_events`, but for undoing, which is `evolve`'s own."""

from dataclasses import replace

from broadcast.session.applying import on
from broadcast.session.chair_events import (
    ActBegan,
    LimitSet,
    PromiseDropped,
    PromiseNoted,
    PromiseSettled,
)
from broadcast.session.model import Departure, DepartureKind, Promise, SessionState


def departing(state: SessionState, departure: Departure) -> SessionState:
    """With one departure more in the record."""
    return replace(state, departures=(*state.departures, departure))


@on(LimitSet)
def _limit_set(state: SessionState, event: LimitSet) -> SessionState:
    key = event.item, event.kind
    limits = {other: limit for other, limit in state.limits.items() if other != key}
    if event.limit_ms is not None:
        limits[key] = event.limit_ms
    departure = Departure(
        event.at_ms,
        DepartureKind.LIMIT,
        event.item,
        request_kind=event.kind,
        limit_ms=event.limit_ms,
        before_ms=state.limits.get(key),
    )
    return departing(replace(state, limits=limits), departure)


@on(PromiseNoted)
def _promise_noted(state: SessionState, event: PromiseNoted) -> SessionState:
    before = state.promises.get(event.promise)
    promise = Promise(
        event.promise,
        event.text,
        event.delegate,
        event.item,
        event.question,
        event.due,
        event.at_ms if before is None else before.noted_at_ms,
        kept=before is not None and before.kept,
    )
    return replace(state, promises={**state.promises, promise.id: promise})


@on(PromiseSettled)
def _promise_settled(state: SessionState, event: PromiseSettled) -> SessionState:
    found = state.promises.get(event.promise)
    if found is None:
        return state
    settled = replace(found, kept=event.kept)
    return replace(state, promises={**state.promises, event.promise: settled})


@on(PromiseDropped)
def _promise_dropped(state: SessionState, event: PromiseDropped) -> SessionState:
    rest = {id_: one for id_, one in state.promises.items() if id_ != event.promise}
    return replace(state, promises=rest)


@on(ActBegan)
def _act_began(state: SessionState, _: ActBegan) -> SessionState:
    return state  # what may be undone is remembered by `undoing`
