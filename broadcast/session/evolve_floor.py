"""State after an event of the queue or of the floor. Total, as `evolve` is."""

from dataclasses import replace

from broadcast.session.applying import on
from broadcast.session.events import (
    ClockPaused,
    ClockResumed,
    QueueReordered,
    RequestMarkedAbsent,
    RequestRegistered,
    RequestWithdrawn,
    RoundCalled,
    TurnEnded,
    TurnExtended,
    TurnStarted,
)
from broadcast.session.evolve_chair import departing
from broadcast.session.model import (
    Departure,
    DepartureKind,
    Request,
    RequestId,
    RequestState,
    Round,
    SessionState,
    Turn,
)


@on(RequestRegistered)
def _registered(state: SessionState, event: RequestRegistered) -> SessionState:
    request = Request(
        id=event.request,
        delegate=event.delegate,
        kind=event.kind,
        item=event.item,
        registered_at_ms=event.at_ms,
        order=len(state.requests) + 1,
        answers_to=event.answers_to,
        invited=event.invited,
    )
    return replace(state, requests={**state.requests, request.id: request})


@on(RequestWithdrawn)
def _withdrawn(state: SessionState, event: RequestWithdrawn) -> SessionState:
    return _with_request_state(state, event.request, RequestState.WITHDRAWN)


@on(RequestMarkedAbsent)
def _marked_absent(state: SessionState, event: RequestMarkedAbsent) -> SessionState:
    return _with_request_state(state, event.request, RequestState.ABSENT)


def _with_request_state(state: SessionState, request: RequestId, to: RequestState) -> SessionState:
    changed = replace(state.requests[request], state=to)
    return replace(state, requests={**state.requests, request: changed})


@on(QueueReordered)
def _reordered(state: SessionState, event: QueueReordered) -> SessionState:
    """The waiting requests of its item share out their places anew; no other moves."""
    moved = state.requests[event.request]
    line = sorted(
        (
            request
            for request in state.requests.values()
            if request.item == moved.item and request.state is RequestState.WAITING
        ),
        key=lambda request: request.order,
    )
    places = [request.order for request in line]
    line.remove(moved)
    ids = [request.id for request in line]
    line.insert(ids.index(event.before) if event.before in ids else len(line), moved)
    placed = {
        request.id: replace(request, order=order, moved=request.moved or request is moved)
        for request, order in zip(line, places, strict=True)
    }
    reordered = replace(state, requests={**state.requests, **placed})
    kind, item = DepartureKind.MOVED, moved.item
    return departing(reordered, Departure(event.at_ms, kind, item, moved.delegate, moved.kind))


@on(RoundCalled)
def _round_called(state: SessionState, event: RoundCalled) -> SessionState:
    called = Round(event.number, event.item, event.questions)
    others = tuple(
        one for one in state.rounds if (one.item, one.number) != (event.item, event.number)
    )
    requests = dict(state.requests)
    for question in event.questions:
        if requests[question].state is RequestState.WAITING:
            requests[question] = replace(requests[question], state=RequestState.CALLED)
    return replace(state, rounds=(*others, called), requests=requests)


@on(TurnStarted)
def _turn_started(state: SessionState, event: TurnStarted) -> SessionState:
    turn = Turn(
        id=event.turn,
        delegate=event.delegate,
        kind=event.kind,
        item=event.item,
        site=event.site,
        started_at_ms=event.at_ms,
        limit_ms=event.limit_ms,
        request=event.request,
        warn_ms=event.warn_ms,
        answers=event.answers,
    )
    started = replace(state, turns=(*state.turns, turn))
    if not event.in_order:
        kind, item = DepartureKind.OUT_OF_ORDER, event.item
        departure = Departure(event.at_ms, kind, item, event.delegate, event.kind)
        started = departing(started, departure)
    return _with_request_state(started, event.request, RequestState.CALLED)


@on(TurnEnded)
def _turn_ended(state: SessionState, event: TurnEnded) -> SessionState:
    """A clock that stood is taken off at once, so that `used_ms` is final."""
    turn = state.turns[-1]
    stood_ms = event.at_ms - turn.paused_at_ms if turn.paused_at_ms is not None else 0
    ended = replace(
        turn, ended_at_ms=event.at_ms, paused_at_ms=None, paused_ms=turn.paused_ms + stood_ms
    )
    state = replace(state, turns=(*state.turns[:-1], ended))
    if turn.request is None:
        return state
    return _with_request_state(state, turn.request, RequestState.HEARD)


@on(TurnExtended)
def _turn_extended(state: SessionState, event: TurnExtended) -> SessionState:
    turn, kind = state.turns[-1], DepartureKind.EXTENDED
    departure = Departure(
        event.at_ms, kind, turn.item, turn.delegate, turn.kind, event.limit_ms, turn.limit_ms
    )
    extended = replace(turn, limit_ms=event.limit_ms)
    return departing(_with_floor(state, extended), departure)


@on(ClockPaused)
def _clock_paused(state: SessionState, event: ClockPaused) -> SessionState:
    return _with_floor(state, replace(state.turns[-1], paused_at_ms=event.at_ms))


@on(ClockResumed)
def _clock_resumed(state: SessionState, event: ClockResumed) -> SessionState:
    turn = state.turns[-1]
    stood_ms = event.at_ms - (turn.paused_at_ms if turn.paused_at_ms is not None else event.at_ms)
    return _with_floor(state, replace(turn, paused_at_ms=None, paused_ms=turn.paused_ms + stood_ms))


def _with_floor(state: SessionState, turn: Turn) -> SessionState:
    return replace(state, turns=(*state.turns[:-1], turn))
