"""State after an event. Total: whatever is in the log is applied; `decide` is what refuses."""

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce

from broadcast.layout import Layout
from broadcast.program import CUT, Scene
from broadcast.session import (
    evolve_chair,
    evolve_closing,
    evolve_content,
    evolve_screens,
    evolve_written,
)
from broadcast.session.applying import APPLY
from broadcast.session.applying import on as _on
from broadcast.session.chair_events import ActUndone
from broadcast.session.events import (
    ClockPaused,
    ClockResumed,
    ClockSet,
    Event,
    ItemChosen,
    ItemSecrecySet,
    MicrophoneClosed,
    MicrophoneOpened,
    NoiseSuppressionSet,
    OverlaySwitched,
    PictureCut,
    PlayerSet,
    PreviewSet,
    QueueReordered,
    RequestMarkedAbsent,
    RequestRegistered,
    RequestWithdrawn,
    RoundCalled,
    SessionEnded,
    SessionPaused,
    SessionPrepared,
    SessionResumed,
    SessionWentLive,
    SignerSet,
    TurnEnded,
    TurnExtended,
    TurnStarted,
)
from broadcast.session.evolve_chair import departing
from broadcast.session.model import (
    Break,
    ClockStep,
    Departure,
    DepartureKind,
    ItemClock,
    Phase,
    Request,
    RequestId,
    RequestState,
    Round,
    SessionState,
    SiteKind,
    Turn,
)
from broadcast.session.one_clock import moved
from broadcast.session.undoing import remembered

__all__ = [
    "evolve",
    "evolve_chair",
    "evolve_closing",
    "evolve_content",
    "evolve_screens",
    "evolve_written",
    "fold",
]


def evolve(state: SessionState, event: Event) -> SessionState:
    """The state after one more event."""
    version = state.version + 1
    if isinstance(event, ActUndone):
        return replace(_undone(state), version=version)
    after = APPLY[type(event)](state, event)
    after = replace(after, version=version, undo=remembered(state, event))
    return _keep_secret(evolve_screens.settled(state, after))


def fold(events: Iterable[Event], state: SessionState | None = None) -> SessionState:
    """The state after all of them, from nothing or from `state`."""
    return reduce(evolve, events, state if state is not None else SessionState())


def _keep_secret(state: SessionState) -> SessionState:
    """What the player had while an item was closed stays that item's."""
    if state.player is None or state.player_secret or not state.closed:
        return state
    return replace(state, player_secret=True)


def _undone(state: SessionState) -> SessionState:
    """As if the act had not been: what came after it stands. The picture changes by a cut."""
    if state.undo is None:
        return state
    without = fold(state.undo.since, state.undo.before)
    return replace(without, undo=None, transition=CUT)


# The session and its agenda


@_on(SessionPrepared)
def _prepared(_: SessionState, event: SessionPrepared) -> SessionState:
    halls = [site.id for site in event.sites if site.kind is SiteKind.HALL]
    return SessionState(
        id=event.id,
        title=event.title,
        subtitle=event.subtitle,
        sites={site.id: site for site in event.sites},
        delegates={delegate.id: delegate for delegate in event.delegates},
        agenda=event.agenda,
        preview=Scene(Layout.FULL, (halls[0],)) if halls else Scene(),
        hidden_overlays=event.hidden_overlays,
        signer=event.signer,
        planned_start_at_ms=event.planned_start_at_ms,
    )


@_on(SessionWentLive)
def _went_live(state: SessionState, event: SessionWentLive) -> SessionState:
    live = replace(state, phase=Phase.LIVE, started_at_ms=event.at_ms)
    return _item_clock_runs(live, event.at_ms)


@_on(SessionPaused)
def _paused(state: SessionState, event: SessionPaused) -> SessionState:
    floor = state.floor
    before = Break(
        clock_ran=floor is not None and floor.paused_at_ms is None,
        microphones=state.open_microphones,
        turn_microphone=state.turn_microphone,
    )
    stood = _item_clock_stands(state, event.at_ms)
    return replace(stood, phase=Phase.PAUSED, pause=before)


@_on(SessionResumed)
def _resumed(state: SessionState, event: SessionResumed) -> SessionState:
    return _item_clock_runs(replace(state, phase=Phase.LIVE, pause=None), event.at_ms)


@_on(SessionEnded)
def _ended(state: SessionState, event: SessionEnded) -> SessionState:
    done = state.done_items | ({state.current_item} if state.current_item is not None else set())
    return replace(
        _item_clock_stands(state, event.at_ms),
        phase=Phase.ENDED,
        ended_at_ms=event.at_ms,
        pause=None,
        done_items=done,
        closed_part=None,
    )


@_on(ItemChosen)
def _item_chosen(state: SessionState, event: ItemChosen) -> SessionState:
    done = state.done_items
    if state.current_item is not None and state.phase is not Phase.PREPARED:
        done |= {state.current_item}
    state = _item_clock_stands(state, event.at_ms)
    chosen = replace(
        state,
        current_item=event.item,
        done_items=done - {event.item},
    )
    return _item_clock_runs(chosen, event.at_ms)


@_on(ClockSet)
def _clock_set(state: SessionState, event: ClockSet) -> SessionState:
    step = ClockStep(event.at_ms, event.by_ms)
    return replace(moved(state, event.by_ms), clock_sets=(*state.clock_sets, step))


def _item_clock_runs(state: SessionState, at_ms: int) -> SessionState:
    """While the session is live, the time is the current item's."""
    if state.current_item is None or state.phase is not Phase.LIVE:
        return state
    clock = state.item_clocks.get(state.current_item, ItemClock())
    return _with_item_clock(state, replace(clock, since_ms=at_ms))


def _item_clock_stands(state: SessionState, at_ms: int) -> SessionState:
    clock = state.item_clocks.get(state.current_item) if state.current_item is not None else None
    if clock is None or clock.since_ms is None:
        return state
    return _with_item_clock(state, ItemClock(clock.used_ms(at_ms)))


def _with_item_clock(state: SessionState, clock: ItemClock) -> SessionState:
    if state.current_item is None:
        return state
    return replace(state, item_clocks={**state.item_clocks, state.current_item: clock})


@_on(ItemSecrecySet)
def _item_secrecy_set(state: SessionState, event: ItemSecrecySet) -> SessionState:
    agenda = tuple(
        replace(item, closed=event.closed) if item.id == event.item else item
        for item in state.agenda
    )
    return replace(state, agenda=agenda)


# The queue


@_on(RequestRegistered)
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


@_on(RequestWithdrawn)
def _withdrawn(state: SessionState, event: RequestWithdrawn) -> SessionState:
    return _with_request_state(state, event.request, RequestState.WITHDRAWN)


@_on(RequestMarkedAbsent)
def _marked_absent(state: SessionState, event: RequestMarkedAbsent) -> SessionState:
    return _with_request_state(state, event.request, RequestState.ABSENT)


def _with_request_state(state: SessionState, request: RequestId, to: RequestState) -> SessionState:
    changed = replace(state.requests[request], state=to)
    return replace(state, requests={**state.requests, request: changed})


@_on(QueueReordered)
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


@_on(RoundCalled)
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


# The floor


@_on(TurnStarted)
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


@_on(TurnEnded)
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


@_on(TurnExtended)
def _turn_extended(state: SessionState, event: TurnExtended) -> SessionState:
    turn, kind = state.turns[-1], DepartureKind.EXTENDED
    departure = Departure(
        event.at_ms, kind, turn.item, turn.delegate, turn.kind, event.limit_ms, turn.limit_ms
    )
    extended = replace(turn, limit_ms=event.limit_ms)
    return departing(_with_floor(state, extended), departure)


@_on(ClockPaused)
def _clock_paused(state: SessionState, event: ClockPaused) -> SessionState:
    return _with_floor(state, replace(state.turns[-1], paused_at_ms=event.at_ms))


@_on(ClockResumed)
def _clock_resumed(state: SessionState, event: ClockResumed) -> SessionState:
    turn = state.turns[-1]
    stood_ms = event.at_ms - (turn.paused_at_ms if turn.paused_at_ms is not None else event.at_ms)
    return _with_floor(state, replace(turn, paused_at_ms=None, paused_ms=turn.paused_ms + stood_ms))


def _with_floor(state: SessionState, turn: Turn) -> SessionState:
    return replace(state, turns=(*state.turns[:-1], turn))


# Picture, sound, overlays


@_on(PictureCut)
def _picture_cut(state: SessionState, event: PictureCut) -> SessionState:
    before = None if event.turn is None else state.before_turn or state.program
    return replace(state, program=event.scene, before_turn=before, transition=event.transition)


@_on(PreviewSet)
def _preview_set(state: SessionState, event: PreviewSet) -> SessionState:
    return replace(state, preview=event.scene)


@_on(MicrophoneOpened)
def _microphone_opened(state: SessionState, event: MicrophoneOpened) -> SessionState:
    of_turn = state.turn_microphone if event.turn is None else event.site
    return replace(
        state, open_microphones=state.open_microphones | {event.site}, turn_microphone=of_turn
    )


@_on(MicrophoneClosed)
def _microphone_closed(state: SessionState, event: MicrophoneClosed) -> SessionState:
    of_turn = None if state.turn_microphone == event.site else state.turn_microphone
    return replace(
        state, open_microphones=state.open_microphones - {event.site}, turn_microphone=of_turn
    )


@_on(OverlaySwitched)
def _overlay_switched(state: SessionState, event: OverlaySwitched) -> SessionState:
    hidden = state.hidden_overlays - {event.name}
    return replace(state, hidden_overlays=hidden if event.visible else hidden | {event.name})


@_on(SignerSet)
def _signer_set(state: SessionState, event: SignerSet) -> SessionState:
    return replace(state, signer=event.signer)


@_on(PlayerSet)
def _player_set(state: SessionState, event: PlayerSet) -> SessionState:
    before, clip = state.player, event.clip
    same = before is not None and clip is not None and before.number == clip.number
    return replace(state, player=clip, player_secret=state.player_secret and same)


@_on(NoiseSuppressionSet)
def _noise_suppression_set(state: SessionState, event: NoiseSuppressionSet) -> SessionState:
    others = state.cleaned - {event.site}
    return replace(state, cleaned=others | {event.site} if event.on else others)
