"""What was promised in answers, kept for follow-up: most of it comes after the session."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, StrictBool

from broadcast.session.chair_events import PromiseDropped, PromiseNoted, PromiseSettled
from broadcast.session.events import Events
from broadcast.session.model import Phase, Promise, PromiseId, RequestId, Role, SessionState
from broadcast.session.rules.command import PaperCommand
from broadcast.session.rules.lookup import delegate_of, promise_of
from broadcast.session.rules.registry import DIRECTING, Act, Refusal, rule
from broadcast.session.text import Id, Name

WRITING = DIRECTING | {Role.CLERK}
STARTED = frozenset({Phase.LIVE, Phase.PAUSED, Phase.ENDED})
MAX_PROMISES = 500


def _date(text: str) -> str:
    """Raises ValueError."""
    if text and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError("is no date; write it as 2026-12-31, or leave it empty")
    return date.fromisoformat(text).isoformat() if text else ""


Date = Annotated[str, AfterValidator(_date)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePromise(PaperCommand):
    """Notes what somebody promised, by when; with `promise` it corrects one that was noted.

    Without `question` it belongs to the question that is being answered, if the promising one has
    the floor to answer one.
    """

    type: Literal["note_promise"] = "note_promise"
    text: Name
    delegate: Id
    due: Date = ""
    question: Id | None = None
    promise: Id | None = None


@rule(NotePromise, WRITING, STARTED)
def note_promise(state: SessionState, command: NotePromise, act: Act) -> Events:
    delegate = delegate_of(state, command.delegate).id
    if command.promise is None and len(state.promises) >= MAX_PROMISES:
        raise Refusal("too_many_promises", most=MAX_PROMISES)
    corrected = promise_of(state, command.promise) if command.promise is not None else None
    question = _question(state, command, corrected)
    item = corrected.item if corrected is not None else state.current_item
    if question is not None:
        item = state.requests[question].item
    return (
        PromiseNoted(
            at_ms=act.at_ms,
            promise=PromiseId(act.fresh_id) if corrected is None else corrected.id,
            text=command.text,
            delegate=delegate,
            item=item,
            question=question,
            due=command.due,
        ),
    )


def _question(
    state: SessionState, command: NotePromise, corrected: Promise | None
) -> RequestId | None:
    if command.question is not None:
        if RequestId(command.question) not in state.requests:
            raise Refusal("unknown_question")
        return RequestId(command.question)
    if corrected is not None:
        # The question may have been undone since.
        return corrected.question if corrected.question in state.requests else None
    floor = state.floor
    answering = floor is not None and floor.delegate == command.delegate and floor.answers
    return floor.answers[0] if floor is not None and answering else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlePromise(PaperCommand):
    """A promise was kept; or not, after all."""

    type: Literal["settle_promise"] = "settle_promise"
    promise: Id
    kept: StrictBool


@rule(SettlePromise, WRITING, STARTED)
def settle_promise(state: SessionState, command: SettlePromise, act: Act) -> Events:
    found = promise_of(state, command.promise)
    if found.kept == command.kept:
        return ()
    return (PromiseSettled(at_ms=act.at_ms, promise=found.id, kept=command.kept),)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropPromise(PaperCommand):
    """Takes out a promise that was noted by mistake; the log keeps it."""

    type: Literal["drop_promise"] = "drop_promise"
    promise: Id


@rule(DropPromise, WRITING, STARTED)
def drop_promise(state: SessionState, command: DropPromise, act: Act) -> Events:
    return (PromiseDropped(at_ms=act.at_ms, promise=promise_of(state, command.promise).id),)
