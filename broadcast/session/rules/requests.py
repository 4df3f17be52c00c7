"""Asking for the floor: registering, withdrawing, reordering, not being there."""

from dataclasses import dataclass
from typing import Literal

from broadcast.session.events import (
    Event,
    Events,
    QueueReordered,
    RequestMarkedAbsent,
    RequestRegistered,
    RequestWithdrawn,
)
from broadcast.session.model import (
    AgendaItem,
    Delegate,
    DelegateId,
    Request,
    RequestId,
    RequestKind,
    RequestState,
    Role,
    SessionState,
)
from broadcast.session.order import (
    answered,
    answers_due,
    asked_it_themselves,
    comes_first,
    questions_heard,
    was_absent,
)
from broadcast.session.procedure import Procedure
from broadcast.session.rules.command import Command
from broadcast.session.rules.floor import free_floor, require_inside
from broadcast.session.rules.lookup import delegate_of, found
from broadcast.session.rules.registry import (
    DIRECTING,
    ON,
    OPEN,
    REGISTERING,
    Act,
    Refusal,
    rule,
)
from broadcast.session.text import Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Command):
    """Puts a delegate in the queue of the current item.

    `answers_to` names the question of an answer or a rebuttal; without it an answer is to the
    first open question, and a rebuttal to the answer that was heard last.
    """

    type: Literal["register"] = "register"
    delegate: Id
    kind: RequestKind
    answers_to: Id | None = None


@rule(Register, REGISTERING, OPEN)
def register(state: SessionState, command: Register, act: Act, procedure: Procedure) -> Events:
    delegate = delegate_of(state, command.delegate)
    if act.role is Role.SITE and delegate.site != act.site:
        raise Refusal("not_your_delegate", name=delegate.name)
    if act.role is Role.SITE:
        require_inside(state, delegate.id)
    item = item_for(state, command.kind, procedure)
    answers_to = question_for(state, item, delegate, command.kind, command.answers_to)
    if same_wish(state, delegate.id, command.kind, answers_to) is not None:
        raise Refusal("already_registered", name=delegate.name)
    return (
        RequestRegistered(
            at_ms=act.at_ms,
            request=RequestId(act.fresh_id),
            delegate=delegate.id,
            kind=command.kind,
            item=item.id,
            answers_to=answers_to,
        ),
    )


def item_for(state: SessionState, kind: RequestKind, procedure: Procedure) -> AgendaItem:
    """The current item, if its kind knows such requests."""
    item = state.item
    if item is None:
        raise Refusal("no_item")
    if kind not in procedure.items[item.kind].kinds:
        raise Refusal("kind_not_here", item=item.title)
    return item


def same_wish(
    state: SessionState, delegate: DelegateId, kind: RequestKind, answers_to: RequestId | None
) -> Request | None:
    """The one open request that a delegate may have of each kind (for each question)."""
    for request in state.requests.values():
        same = (request.delegate, request.kind, request.item, request.answers_to) == (
            delegate,
            kind,
            state.current_item,
            answers_to,
        )
        on_floor = state.floor is not None and state.floor.request == request.id
        called = request.state is RequestState.CALLED and not on_floor
        if same and (request.state is RequestState.WAITING or called):
            return request
    return None


def question_for(
    state: SessionState,
    item: AgendaItem,
    delegate: Delegate,
    kind: RequestKind,
    question: str | None,
) -> RequestId | None:
    """Which question an answer or a rebuttal is about; None for all other kinds."""
    match kind:
        case RequestKind.ANSWER:
            if item.questioned and delegate.id not in item.questioned:
                raise Refusal("not_questioned", name=delegate.name)
            return _question_to_answer(state, question)
        case RequestKind.REBUTTAL:
            return answer_to_debate(state, delegate, question)
        case RequestKind.QUESTION if delegate.id in item.questioned:
            raise Refusal("is_questioned", name=delegate.name)
    if question is not None:
        raise Refusal("no_question_needed")
    return None


def _question_to_answer(state: SessionState, question: str | None) -> RequestId:
    if question is not None:
        return heard_question(state, question)
    candidates = answers_due(state) or questions_heard(state)[-1:]
    if not candidates:
        raise Refusal("nothing_asked")
    return candidates[0].id


def heard_question(state: SessionState, question: str) -> RequestId:
    if question not in {request.id for request in questions_heard(state)}:
        raise Refusal("unknown_question")
    return RequestId(question)


def answer_to_debate(state: SessionState, delegate: Delegate, question: str | None) -> RequestId:
    """Of an answer to several questions at once, the one that the delegate asked."""
    if question is not None:
        if not answered(state, heard_question(state, question)):
            raise Refusal("not_answered_yet")
        return RequestId(question)
    answers = (
        turn.answers
        for turn in reversed(state.turns)
        if turn.item == state.current_item and turn.answers
        if not was_absent(state, turn.request)
    )
    last = next(answers, None)
    if last is None:
        raise Refusal("not_answered_yet")
    own = [one for one in last if state.requests[one].delegate == delegate.id]
    return own[0] if own else last[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Command):
    """Takes a request back before it has the floor."""

    type: Literal["withdraw"] = "withdraw"
    request: Id


@rule(Withdraw, REGISTERING, OPEN, undo=True)
def withdraw(state: SessionState, command: Withdraw, act: Act) -> Events:
    request = open_request(state, command.request)
    delegate = state.delegates[request.delegate]
    if act.role is Role.SITE and delegate.site != act.site:
        raise Refusal("not_your_delegate", name=delegate.name)
    if _has_floor(state, request):
        raise Refusal("has_the_floor", name=delegate.name)
    return (RequestWithdrawn(at_ms=act.at_ms, request=request.id),)


def open_request(state: SessionState, request: str) -> Request:
    """Waiting or called, or a refusal that says what became of it."""
    one = found(state.requests, RequestId(request), Refusal("unknown_request"))
    if one.state not in {RequestState.WAITING, RequestState.CALLED}:
        name = state.delegates[one.delegate].name
        raise Refusal(f"request_{one.state}", name=name)
    return one


def _has_floor(state: SessionState, request: Request) -> bool:
    return state.floor is not None and state.floor.request == request.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Reorder(Command):
    """Moves a waiting request before another, or to the end: the chair's own act."""

    type: Literal["reorder"] = "reorder"
    request: Id
    before: Id | None


@rule(Reorder, DIRECTING, OPEN, undo=True)
def reorder(state: SessionState, command: Reorder, act: Act) -> Events:
    request = _waiting_here(state, command.request)
    before = _waiting_here(state, command.before) if command.before is not None else None
    if before is not None and before.id == request.id:
        return ()
    _keep_priority(state, request, before)
    return (
        QueueReordered(
            at_ms=act.at_ms, request=request.id, before=before.id if before is not None else None
        ),
    )


def _waiting_here(state: SessionState, request: str) -> Request:
    one = open_request(state, request)
    if one.state is RequestState.CALLED:
        raise Refusal("already_called", name=state.delegates[one.delegate].name)
    if one.item != state.current_item:
        raise Refusal("other_item")
    return one


def _keep_priority(state: SessionState, request: Request, before: Request | None) -> None:
    """Not even the chair puts a debate before that of whoever asked (Art. 19.2d)."""
    if request.kind is not RequestKind.REBUTTAL or request.answers_to is None:
        return
    if asked_it_themselves(state, request):
        return
    first = comes_first(state, request.answers_to, request.delegate)
    if first is not None and before is not None and before.id == first.id:
        raise Refusal("asker_first", name=state.delegates[first.delegate].name)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkAbsent(Command):
    """Called, but not there; if they have the floor, it is free again."""

    type: Literal["mark_absent"] = "mark_absent"
    request: Id


@rule(MarkAbsent, DIRECTING, ON, undo=True)
def mark_absent(state: SessionState, command: MarkAbsent, act: Act) -> Events:
    request = open_request(state, command.request)
    ended: tuple[Event, ...] = free_floor(state, act)[0] if _has_floor(state, request) else ()
    return (*ended, RequestMarkedAbsent(at_ms=act.at_ms, request=request.id))
