"""The floor: one speaker at a time, with a clock, a microphone and the picture.

Calling somebody is: the turn that runs ends (microphone closed, picture back), and the new one
starts (microphone open, picture cut). Every step is an event of its own.
"""

from broadcast.layout import Layout
from broadcast.program import Scene
from broadcast.session.events import (
    Event,
    Events,
    MicrophoneClosed,
    MicrophoneOpened,
    PictureCut,
    RequestRegistered,
    RoundCalled,
    TurnEnded,
    TurnStarted,
)
from broadcast.session.evolve import fold
from broadcast.session.model import (
    DelegateId,
    ItemId,
    RequestId,
    RequestKind,
    Round,
    SessionState,
    SiteKind,
    TurnId,
)
from broadcast.session.order import (
    Upcoming,
    answers_due,
    limit_ms,
    next_request,
    pending_questions,
    round_size,
)
from broadcast.session.procedure import Procedure
from broadcast.session.rules.registry import Act, Refusal
from streams.frames import site_of


def free_floor(state: SessionState, act: Act) -> tuple[Events, SessionState]:
    """Ends the turn that runs, if one does, and undoes what its start did to sound and picture."""
    turn = state.floor
    if turn is None:
        return (), state
    events: list[Event] = [TurnEnded(at_ms=act.at_ms, turn=turn.id)]
    if state.turn_microphone in state.open_microphones and state.turn_microphone is not None:
        events.append(MicrophoneClosed(at_ms=act.at_ms, site=state.turn_microphone))
    if state.before_turn is not None:
        back = shown_inside(state, state.before_turn)
        events.append(PictureCut(at_ms=act.at_ms, scene=back))
    return tuple(events), fold(events, state)


def shown_inside(state: SessionState, scene: Scene) -> Scene:
    """The scene, or the hall if a site of it is outside the door of a closed room."""
    if not state.put_out.intersection(map(site_of, scene.sources)):
        return scene
    halls = (site.id for site in state.sites.values() if site.kind is SiteKind.HALL)
    hall = next(halls, None)
    return Scene(Layout.FULL, (hall,)) if hall is not None else Scene()


def require_inside(state: SessionState, delegate: DelegateId) -> None:
    """Nobody is heard through the door of a closed room."""
    if state.delegates[delegate].site in state.put_out:
        raise Refusal("delegate_put_out", name=state.delegates[delegate].name)


def start_turn(state: SessionState, call: Upcoming, act: Act, procedure: Procedure) -> Events:
    """Gives the free floor to `call`; the clock starts, microphone and picture follow."""
    require_inside(state, call.delegate)
    in_order = _passes_nobody(next_request(state, procedure), call)
    request, events = _request_of(state, call, act)
    events += _round_with(fold(events, state), call, request, act, procedure)
    site = state.delegates[call.delegate].site
    turn = TurnId(act.fresh_id)
    events.append(
        TurnStarted(
            at_ms=act.at_ms,
            turn=turn,
            request=request,
            delegate=call.delegate,
            kind=call.kind,
            item=_current(state),
            site=site,
            limit_ms=limit_ms(state, procedure, call.delegate, call.kind, len(call.answers)),
            warn_ms=procedure.warn_ms,
            answers=call.answers,
            in_order=in_order,
        )
    )
    if site not in state.open_microphones:
        events.append(MicrophoneOpened(at_ms=act.at_ms, site=site, turn=turn))
    scene = Scene(Layout.FULL, (site,))
    if scene != state.program:
        events.append(PictureCut(at_ms=act.at_ms, scene=scene, turn=turn))
    return tuple(events)


def _passes_nobody(first: Upcoming | None, call: Upcoming) -> bool:
    """Whoever answers next may answer more than the first open question."""
    if first is None or first == call:
        return True
    same = first.kind is call.kind is RequestKind.ANSWER and first.delegate == call.delegate
    return same and set(first.answers) <= set(call.answers)


def _current(state: SessionState) -> ItemId:
    if state.current_item is None:
        raise ValueError("a turn needs a current item")
    return state.current_item


def _request_of(state: SessionState, call: Upcoming, act: Act) -> tuple[RequestId, list[Event]]:
    """Who is called without having registered is entered as invited: no turn without request."""
    if call.request is not None:
        return call.request, []
    request = RequestId(act.fresh_id)
    invited = RequestRegistered(
        at_ms=act.at_ms,
        request=request,
        delegate=call.delegate,
        kind=call.kind,
        item=_current(state),
        answers_to=call.answers_to,
        invited=True,
    )
    return request, [invited]


def _round_with(
    state: SessionState, call: Upcoming, request: RequestId, act: Act, procedure: Procedure
) -> list[Event]:
    """A question belongs to a round: the next one if the call opens it, else the present one."""
    if call.kind is not RequestKind.QUESTION or round_size(state, procedure) is None:
        return []
    current = state.round
    if call.round or current is None or not in_progress(state):
        return [next_round(state, call.round or (request,), act)]
    if request in current.questions:
        return []
    return [replace_questions(current, (*current.questions, request), act)]


def in_progress(state: SessionState) -> bool:
    """The present round has questions to be asked or answered."""
    return bool(pending_questions(state) or answers_due(state))


def next_round(state: SessionState, questions: tuple[RequestId, ...], act: Act) -> RoundCalled:
    """Calls these questioners together; rounds are counted for each item."""
    number = state.round.number + 1 if state.round is not None else 1
    return RoundCalled(at_ms=act.at_ms, number=number, item=_current(state), questions=questions)


def replace_questions(round_: Round, questions: tuple[RequestId, ...], act: Act) -> RoundCalled:
    return RoundCalled(at_ms=act.at_ms, number=round_.number, item=round_.item, questions=questions)
