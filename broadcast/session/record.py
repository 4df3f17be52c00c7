"""What the chair looks back on: who had how much time, who was not heard, what came of a question.

Pure look-ups in the state; nothing here is kept beside it.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from broadcast.session.model import (
    DelegateId,
    ItemId,
    Promise,
    Request,
    RequestId,
    RequestKind,
    RequestState,
    SessionState,
    Turn,
)
from broadcast.session.order import was_absent


@dataclass(frozen=True, slots=True)
class Used:
    """How long somebody (or all of a group, or of a site) spoke."""

    key: str
    turns: int
    used_ms: int


def time_used(state: SessionState, key: Callable[[Turn], str]) -> tuple[Used, ...]:
    """Of turns that have ended, so that it changes only with them; longest first.

    `key` says whose a turn is; one that was called and absent had none.
    """
    found: dict[str, Used] = {}
    for turn in held(state):
        if turn.ended_at_ms is None:
            continue
        whose = key(turn)
        before = found.get(whose, Used(whose, 0, 0))
        used_ms = before.used_ms + turn.used_ms(turn.ended_at_ms)
        found[whose] = Used(whose, before.turns + 1, used_ms)
    return tuple(sorted(found.values(), key=lambda one: (-one.used_ms, one.key)))


def held(state: SessionState) -> Iterable[Turn]:
    """The turns that somebody was there for."""
    return (turn for turn in state.turns if not was_absent(state, turn.request))


def by_delegate(turn: Turn) -> str:
    return turn.delegate


def by_site(turn: Turn) -> str:
    return turn.site


def by_group(state: SessionState) -> Callable[[Turn], str]:
    """Those without a group together, as ""."""
    groups = {one.id: one.group for one in state.delegates.values()}
    return lambda turn: groups.get(turn.delegate, "")


def not_heard(state: SessionState) -> tuple[Request, ...]:
    """Who registered and was not heard, by item and registration: they may write (ý kiến bằng
    văn bản). Who withdrew chose so; who was heard on the same item later has been heard."""
    floor = state.floor.request if state.floor is not None else None
    heard = {(turn.delegate, turn.kind, turn.item) for turn in held(state)}
    places = {item.id: place for place, item in enumerate(state.agenda)}
    waits = (
        request
        for request in state.requests.values()
        if request.state in {RequestState.WAITING, RequestState.CALLED, RequestState.ABSENT}
        and request.id != floor
        and not (
            request.state is RequestState.ABSENT
            and (request.delegate, request.kind, request.item) in heard
        )
    )
    last = len(places)
    return tuple(
        sorted(waits, key=lambda one: (places.get(one.item, last), one.registered_at_ms, one.order))
    )


@dataclass(frozen=True, slots=True)
class Thread:
    """A question, and all that came of it."""

    question: Request
    asked: Turn | None
    answers: tuple[Turn, ...]
    debates: tuple[Turn, ...]
    waiting: tuple[DelegateId, ...]
    """Who waits to debate it."""
    promises: tuple[Promise, ...]


def threads(state: SessionState) -> tuple[Thread, ...]:
    """Of all items, in the order of asking; questions that wait come last, in their order."""
    asked: dict[RequestId | None, Turn] = {}
    answers, debates = _ByQuestion[Turn](), _ByQuestion[Turn]()
    for turn in held(state):
        if turn.kind is RequestKind.QUESTION:
            asked[turn.request] = turn
        if turn.kind is RequestKind.REBUTTAL and turn.request is not None:
            debates.add(state.requests[turn.request].answers_to, turn)
        for question in turn.answers:
            answers.add(question, turn)
    waiting, promises = _ByQuestion[DelegateId](), _ByQuestion[Promise]()
    for request in state.requests.values():
        if request.kind is RequestKind.REBUTTAL and request.state is RequestState.WAITING:
            waiting.add(request.answers_to, request.delegate)
    for promise in state.promises.values():
        promises.add(promise.question, promise)
    found = (
        Thread(
            one,
            asked.get(one.id),
            answers.of(one.id),
            debates.of(one.id),
            waiting.of(one.id),
            promises.of(one.id),
        )
        for one in state.requests.values()
        if one.kind is RequestKind.QUESTION and one.state is not RequestState.WITHDRAWN
    )
    return tuple(sorted(found, key=_asked_first))


T = TypeVar("T")


class _ByQuestion(Generic[T]):
    """What belongs to each question, in the order it was added."""

    def __init__(self) -> None:
        self._of: dict[RequestId | None, list[T]] = {}

    def add(self, question: RequestId | None, what: T) -> None:
        self._of.setdefault(question, []).append(what)

    def of(self, question: RequestId) -> tuple[T, ...]:
        return tuple(self._of.get(question, ()))


def _asked_first(thread: Thread) -> tuple[bool, int]:
    asked = thread.asked
    return (asked is None, thread.question.order if asked is None else asked.started_at_ms)


def waiting_in(state: SessionState) -> dict[ItemId, int]:
    """How many wait on each item, the current one or not: they keep their places."""
    floor = state.floor.request if state.floor is not None else None
    return Counter(
        request.item
        for request in state.requests.values()
        if request.id != floor and request.state in {RequestState.WAITING, RequestState.CALLED}
    )
