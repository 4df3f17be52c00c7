"""Who comes next: the order of the queue, as the rules of procedure have it.

1. Questioners of the round that was called, in its order.
2. Answers to the questions of the round that were asked.
3. Debate on answers (rebuttals): whoever asked that question first (Art. 19.2d).
4. All others in order of registration (Art. 18.2, 19.2c), as the chair may have reordered it.

A discussion has only 4; a questioning item goes round from 1 to 4, where the next questions are
the next round.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from broadcast.session.model import (
    DelegateId,
    Request,
    RequestId,
    RequestKind,
    RequestState,
    SessionState,
)
from broadcast.session.procedure import Procedure
from streams.frames import SiteId

_ANSWERS = 1
_RANKS = {RequestKind.ANSWER: _ANSWERS, RequestKind.REBUTTAL: 2}
_OTHERS = 3


@dataclass(frozen=True, slots=True)
class Upcoming:
    """What the next call does."""

    delegate: DelegateId
    kind: RequestKind
    request: RequestId | None = None
    """None: an answer that is due without anybody having asked for it."""
    answers_to: RequestId | None = None
    """The question of an answer to one, or of a debate."""
    answers: tuple[RequestId, ...] = ()
    """For an answer: all questions it answers."""
    round: tuple[RequestId, ...] = ()
    """Not empty: the call opens the next round, with these questions."""


def calling_order(state: SessionState) -> tuple[Request, ...]:
    """The open requests of the current item, first to be called first; without the floor's."""
    return (*pending_questions(state), *_in_line(state))


def pending_questions(state: SessionState) -> tuple[Request, ...]:
    """Questions of the present round that were called and not yet asked."""
    if state.round is None:
        return ()
    asking = state.floor.request if state.floor is not None else None
    called = (state.requests[question] for question in state.round.questions)
    return tuple(
        request
        for request in called
        if request.state is RequestState.CALLED and request.id != asking
    )


def waiting(state: SessionState, kind: RequestKind | None = None) -> tuple[Request, ...]:
    """The waiting requests of the current item, of one kind or all, by registration."""
    found = (
        request
        for request in state.requests.values()
        if request.item == state.current_item
        and request.state is RequestState.WAITING
        and kind in (None, request.kind)
    )
    return tuple(sorted(found, key=lambda request: request.order))


def _in_line(state: SessionState) -> tuple[Request, ...]:
    line = waiting(state)
    rank = {
        request.id: (_RANKS.get(request.kind, _OTHERS), *_place(state, request, line))
        for request in line
    }
    return tuple(sorted(line, key=lambda request: rank[request.id]))


def _place(
    state: SessionState, request: Request, line: tuple[Request, ...]
) -> tuple[int, int, int]:
    """Its own order; a questioner's debate goes just before the first on the same answer."""
    if not asked_it_themselves(state, request):
        return (request.order, 1, request.order)
    rivals = [other.order for other in line if _same_debate(request, other)]
    return (min(rivals), 0, request.order)


def _same_debate(one: Request, other: Request) -> bool:
    return one.kind is other.kind is RequestKind.REBUTTAL and one.answers_to == other.answers_to


def asked_it_themselves(state: SessionState, request: Request) -> bool:
    """A debate on the answer to one's own question."""
    if request.kind is not RequestKind.REBUTTAL or request.answers_to is None:
        return False
    return state.requests[request.answers_to].delegate == request.delegate


def comes_first(state: SessionState, question: RequestId, delegate: DelegateId) -> Request | None:
    """The waiting debate that has priority over `delegate`'s on the answer to `question`."""
    return next(
        (
            request
            for request in waiting(state, RequestKind.REBUTTAL)
            if request.answers_to == question
            and request.delegate != delegate
            and asked_it_themselves(state, request)
        ),
        None,
    )


def questions_heard(state: SessionState) -> tuple[Request, ...]:
    """The questions of the current item that were asked, in the order they were."""
    asked = (
        state.requests[turn.request]
        for turn in state.turns
        if turn.item == state.current_item
        and turn.kind is RequestKind.QUESTION
        and turn.request is not None
        and turn.ended_at_ms is not None
    )
    return tuple(request for request in asked if request.state is RequestState.HEARD)


def answered(state: SessionState, question: RequestId) -> bool:
    """An answer to it was begun."""
    return question in all_answered(state)


def all_answered(state: SessionState) -> frozenset[RequestId]:
    """The questions to which an answer was begun."""
    return frozenset(
        question
        for turn in state.turns
        if turn.answers and not was_absent(state, turn.request)
        for question in turn.answers
    )


def was_absent(state: SessionState, request: RequestId | None) -> bool:
    """The one called did not answer: their turn does not count."""
    return request is not None and state.requests[request].state is RequestState.ABSENT


def answers_due(state: SessionState) -> tuple[Request, ...]:
    """Questions of the present round that were asked and not yet answered."""
    if state.round is None:
        return ()
    heard = (state.requests[question] for question in state.round.questions)
    return tuple(
        request
        for request in heard
        if request.state is RequestState.HEARD and not answered(state, request.id)
    )


def next_request(state: SessionState, procedure: Procedure) -> Upcoming | None:
    """Whom `call_next` would give the floor to, as things stand; None: nobody wants it."""
    pending = pending_questions(state)
    if pending:
        return upcoming(pending[0])
    due = _answer_due(state)
    if due is not None:
        return due
    line = _in_line(state)
    if not line:
        return None
    return upcoming(line[0], _next_round(state, procedure, line[0]))


def upcoming(request: Request, questions: tuple[RequestId, ...] = ()) -> Upcoming:
    """The call of this request."""
    answers = (request.answers_to,) if request.kind is RequestKind.ANSWER else ()
    return Upcoming(
        delegate=request.delegate,
        kind=request.kind,
        request=request.id,
        answers_to=request.answers_to,
        answers=tuple(answer for answer in answers if answer is not None),
        round=questions,
    )


def _answer_due(state: SessionState) -> Upcoming | None:
    """By who registered to answer the first open question, or else the first person questioned."""
    due = answers_due(state)
    item = state.item
    if not due or item is None:
        return None
    for request in waiting(state, RequestKind.ANSWER):
        if request.answers_to == due[0].id:
            return upcoming(request)
    if not item.questioned:
        return None
    first = due[0].id
    return Upcoming(item.questioned[0], RequestKind.ANSWER, answers_to=first, answers=(first,))


def _next_round(state: SessionState, procedure: Procedure, first: Request) -> tuple[RequestId, ...]:
    if first.kind is not RequestKind.QUESTION:
        return ()
    return round_of(state, round_size(state, procedure) or 0)


def round_size(state: SessionState, procedure: Procedure) -> int | None:
    """How many questioners the current item calls together; None: it has no rounds."""
    item = state.item
    return procedure.items[item.kind].round if item is not None else None


def round_of(state: SessionState, size: int) -> tuple[RequestId, ...]:
    """The next `size` questions, fewer if fewer wait."""
    questions = waiting(state, RequestKind.QUESTION)[:size]
    return tuple(question.id for question in questions)


def spoken_before(state: SessionState, delegate: DelegateId, kind: RequestKind) -> int:
    """How often they had such a turn in the current item: "về cùng một nội dung" (Art. 18.3a)."""
    return sum(
        turn.delegate == delegate
        and turn.kind is kind
        and turn.item == state.current_item
        and not was_absent(state, turn.request)
        for turn in state.turns
    )


def all_spoken(state: SessionState) -> Counter[tuple[DelegateId, RequestKind]]:
    """The same of everybody."""
    return Counter(
        (turn.delegate, turn.kind)
        for turn in state.turns
        if turn.item == state.current_item and not was_absent(state, turn.request)
    )


def limit_ms(
    state: SessionState,
    procedure: Procedure,
    delegate: DelegateId,
    kind: RequestKind,
    answers: int = 1,
    spoken: int | None = None,
) -> int:
    """The time they would have, were they called now; for an answer, once for each question.

    `spoken` is `spoken_before`, where it is known already.
    """
    spoken = spoken_before(state, delegate, kind) if spoken is None else spoken
    each_ms = procedure.limit_ms(kind, spoken)
    set_ms = chairs_limit_ms(state, kind)
    if set_ms is not None:
        # The second time stays as short as the rules have it, however long the first may be.
        each_ms = set_ms if each_ms == procedure.limit_ms(kind) else min(each_ms, set_ms)
    return each_ms * max(1, answers) if kind is RequestKind.ANSWER else each_ms


def chairs_limit_ms(state: SessionState, kind: RequestKind) -> int | None:
    """What the chair set for all turns of this kind: in the item, else in the session."""
    here = state.limits.get((state.current_item, kind))
    return here if here is not None else state.limits.get((None, kind))


def may_ask(state: SessionState, procedure: Procedure) -> Mapping[SiteId, tuple[RequestKind, ...]]:
    """By site, the kinds that some delegate of it could register for now: there may be 150."""
    item = state.item
    if item is None:
        return {}
    heard, questioned = questions_heard(state), set(item.questioned)
    debated = not all_answered(state).isdisjoint(question.id for question in heard)
    people: dict[SiteId, set[DelegateId]] = {}
    for one in state.delegates.values():
        people.setdefault(one.site, set()).add(one.id)

    def kinds(here: set[DelegateId]) -> tuple[RequestKind, ...]:
        possible = {
            RequestKind.ANSWER: bool(heard) and bool(here & questioned),
            RequestKind.REBUTTAL: debated,
            RequestKind.QUESTION: bool(here - questioned),
        }
        return tuple(one for one in procedure.items[item.kind].kinds if possible.get(one, True))

    return {site: kinds(here) for site, here in people.items()}
