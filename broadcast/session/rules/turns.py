"""Giving the floor, and the speaker's clock."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from broadcast.session.events import ClockPaused, ClockResumed, Events, TurnExtended
from broadcast.session.model import (
    Delegate,
    Request,
    RequestId,
    RequestKind,
    SessionState,
    Turn,
)
from broadcast.session.order import (
    Upcoming,
    answers_due,
    comes_first,
    next_request,
    pending_questions,
    round_of,
    round_size,
    upcoming,
)
from broadcast.session.procedure import MAX_ROUND, Procedure
from broadcast.session.rules.command import Command
from broadcast.session.rules.floor import free_floor, next_round, start_turn
from broadcast.session.rules.lookup import delegate_of
from broadcast.session.rules.registry import DIRECTING, LIVE, ON, Act, Refusal, rule
from broadcast.session.rules.requests import (
    answer_to_debate,
    heard_question,
    item_for,
    open_request,
    same_wish,
)
from broadcast.session.text import Id

MAX_LIMIT_MS = 4 * 3600 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNext(Command):
    """Gives the floor to whoever comes next by the rules; ends the turn that runs.

    `delegate` is whom the caller saw as next: two people who press at once call one speaker.
    """

    type: Literal["call_next"] = "call_next"
    delegate: Id | None = None


@rule(CallNext, DIRECTING, LIVE, undo=True)
def call_next(state: SessionState, command: CallNext, act: Act, procedure: Procedure) -> Events:
    if state.current_item is None:
        raise Refusal("no_item")
    ended, free = free_floor(state, act)
    call = next_request(free, procedure)
    if call is None:
        raise Refusal("queue_empty")
    if command.delegate not in (None, call.delegate):
        raise Refusal("next_changed", name=state.delegates[call.delegate].name)
    return (*ended, *start_turn(free, call, act, procedure))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Command):
    """Gives the floor to one request, in or out of order: the chair decides (Art. 18.2)."""

    type: Literal["call"] = "call"
    request: Id


@rule(Call, DIRECTING, LIVE, undo=True)
def call(state: SessionState, command: Call, act: Act, procedure: Procedure) -> Events:
    request = open_request(state, command.request)
    if state.floor is not None and state.floor.request == request.id:
        raise Refusal("has_the_floor", name=state.delegates[request.delegate].name)
    if request.item != state.current_item:
        raise Refusal("other_item")
    return _call(state, request, act, procedure)


def _call(state: SessionState, request: Request, act: Act, procedure: Procedure) -> Events:
    _asker_first(state, upcoming(request))
    ended, free = free_floor(state, act)
    first = next_request(free, procedure)
    in_order = first is not None and first.request == request.id
    chosen = first if in_order and first is not None else upcoming(request)
    return (*ended, *start_turn(free, chosen, act, procedure))


def _asker_first(state: SessionState, chosen: Upcoming) -> None:
    """Debate on an answer: whoever asked comes first, or has to leave the queue (Art. 19.2d)."""
    if chosen.kind is not RequestKind.REBUTTAL or chosen.answers_to is None:
        return
    if state.requests[chosen.answers_to].delegate == chosen.delegate:
        return
    first = comes_first(state, chosen.answers_to, chosen.delegate)
    if first is not None:
        raise Refusal("asker_first", name=state.delegates[first.delegate].name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRound(Command):
    """Calls the next questioners together: they are named, nobody has the floor yet."""

    type: Literal["call_round"] = "call_round"
    size: Annotated[StrictInt, Field(ge=1, le=MAX_ROUND)] | None = None


@rule(CallRound, DIRECTING, LIVE, undo=True)
def call_round(state: SessionState, command: CallRound, act: Act, procedure: Procedure) -> Events:
    """Unanswered questions of the last round do not hold it up: they may be answered in writing."""
    size = round_size(state, procedure)
    if state.item is None:
        raise Refusal("no_item")
    if size is None:
        raise Refusal("no_rounds_here", item=state.item.title)
    pending = pending_questions(state)
    if pending:
        raise Refusal("round_open", name=state.delegates[pending[0].delegate].name)
    questions = round_of(state, command.size or size)
    if not questions:
        raise Refusal("no_questions")
    return (next_round(state, questions, act),)


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveTurn(Command):
    """Gives the floor to a delegate who need not have registered.

    An answer without `answers_to` is to all open questions of the round, with time for each.
    """

    type: Literal["give_turn"] = "give_turn"
    delegate: Id
    kind: RequestKind
    answers_to: Id | None = None


@rule(GiveTurn, DIRECTING, LIVE, undo=True)
def give_turn(state: SessionState, command: GiveTurn, act: Act, procedure: Procedure) -> Events:
    delegate = delegate_of(state, command.delegate)
    floor = state.floor
    same = floor is not None and (floor.delegate, floor.kind) == (delegate.id, command.kind)
    if same and command.answers_to is None:
        raise Refusal("has_the_floor", name=delegate.name)
    item_for(state, command.kind, procedure)
    ended, free = free_floor(state, act)
    chosen = _given(free, delegate, command)
    wish = same_wish(free, delegate.id, chosen.kind, chosen.answers_to)
    if wish is not None and len(chosen.answers) <= 1:
        return _call(state, wish, act, procedure)
    _asker_first(free, chosen)
    return (*ended, *start_turn(free, chosen, act, procedure))


def _given(state: SessionState, delegate: Delegate, command: GiveTurn) -> Upcoming:
    match command.kind:
        case RequestKind.ANSWER:
            answers = _answers(state, command.answers_to)
            single = answers[0] if len(answers) == 1 else None
            return Upcoming(delegate.id, command.kind, answers_to=single, answers=answers)
        case RequestKind.REBUTTAL:
            question = answer_to_debate(state, delegate, command.answers_to)
            return Upcoming(delegate.id, command.kind, answers_to=question)
    if command.answers_to is not None:
        raise Refusal("no_question_needed")
    return Upcoming(delegate.id, command.kind)


def _answers(state: SessionState, question: str | None) -> tuple[RequestId, ...]:
    """The one that was named, or all that wait for an answer."""
    if question is not None:
        return (heard_question(state, question),)
    due = tuple(request.id for request in answers_due(state))
    if not due:
        raise Refusal("nothing_asked")
    return due


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfTurn(Command):
    """`turn` is the one that its giver saw: what comes late, or at once with another's call, does
    not hit the next speaker."""

    turn: Id | None = None


def _meant(state: SessionState, command: _OfTurn) -> Turn:
    floor = state.floor
    if floor is None:
        raise Refusal("nobody_speaking")
    if command.turn not in (None, floor.id):
        raise Refusal("turn_changed", name=state.delegates[floor.delegate].name)
    return floor


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTurn(_OfTurn):
    """Ends the turn: its microphone is closed, the picture is what it was before."""

    type: Literal["end_turn"] = "end_turn"


@rule(EndTurn, DIRECTING, ON, undo=True)
def end_turn(state: SessionState, command: EndTurn, act: Act) -> Events:
    _meant(state, command)
    return free_floor(state, act)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseClock(_OfTurn):
    """Stops the speaker's clock, and nothing else."""

    type: Literal["pause_clock"] = "pause_clock"


@rule(PauseClock, DIRECTING, LIVE)
def pause_clock(state: SessionState, command: PauseClock, act: Act) -> Events:
    turn = _meant(state, command)
    if turn.paused_at_ms is not None:
        return ()
    return (ClockPaused(at_ms=act.at_ms, turn=turn.id),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeClock(_OfTurn):
    """Lets the speaker's clock run on."""

    type: Literal["resume_clock"] = "resume_clock"


@rule(ResumeClock, DIRECTING, LIVE)
def resume_clock(state: SessionState, command: ResumeClock, act: Act) -> Events:
    turn = _meant(state, command)
    if turn.paused_at_ms is None:
        return ()
    return (ClockResumed(at_ms=act.at_ms, turn=turn.id),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendTurn(_OfTurn):
    """Gives the speaker more time, or less."""

    type: Literal["extend_turn"] = "extend_turn"
    by_ms: Annotated[StrictInt, Field(ge=-MAX_LIMIT_MS, le=MAX_LIMIT_MS)]


@rule(ExtendTurn, DIRECTING, ON, undo=True)
def extend_turn(state: SessionState, command: ExtendTurn, act: Act) -> Events:
    turn = _meant(state, command)
    limit_ms = turn.limit_ms + command.by_ms
    if not 0 < limit_ms <= MAX_LIMIT_MS:
        raise Refusal("limit_out_of_range", minutes=MAX_LIMIT_MS // 60_000)
    if limit_ms == turn.limit_ms:
        return ()
    return (TurnExtended(at_ms=act.at_ms, turn=turn.id, limit_ms=limit_ms),)
