"""What the chair decides for all, and taking back the last act."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from broadcast.session.chair_events import ActUndone, LimitSet
from broadcast.session.events import Events, RequestRegistered, RequestWithdrawn
from broadcast.session.evolve import evolve
from broadcast.session.model import RequestId, RequestKind, RequestState, SessionState
from broadcast.session.rules.command import Command
from broadcast.session.rules.registry import DIRECTING, OPEN, Act, Refusal, rule
from broadcast.session.rules.requests import same_wish
from broadcast.session.undoing import UNDO_MS

LIMIT_S = (10, 4 * 3600)
"""As in procedures.toml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLimit(Command):
    """Gives all turns of a kind more or less time from now on: in this item, or in the session.

    Without `limit_ms` the rules of procedure hold again. The turn that runs keeps its time. Who
    speaks the second time never gets more than the rules give the second time.
    """

    type: Literal["set_limit"] = "set_limit"
    kind: RequestKind
    scope: Literal["item", "session"] = "item"
    limit_ms: Annotated[StrictInt, Field(ge=LIMIT_S[0] * 1000, le=LIMIT_S[1] * 1000)] | None = None


@rule(SetLimit, DIRECTING, OPEN, undo=True)
def set_limit(state: SessionState, command: SetLimit, act: Act) -> Events:
    if command.scope == "item" and state.current_item is None:
        raise Refusal("no_item")
    item = state.current_item if command.scope == "item" else None
    if state.limits.get((item, command.kind)) == command.limit_ms:
        return ()
    return (LimitSet(at_ms=act.at_ms, kind=command.kind, item=item, limit_ms=command.limit_ms),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Command):
    """Takes back the last act: all is as if it had not been, and what others did since stands.

    `act` is the one that the page showed. Cuts, microphones, pauses, closing and opening are not
    undone: each has its own way back.
    """

    type: Literal["undo"] = "undo"
    act: StrictInt


@rule(Undo, DIRECTING, OPEN)
def undo(state: SessionState, command: Undo, act: Act) -> Events:
    last = state.undo
    if last is None:
        raise Refusal("nothing_to_undo")
    if last.act != command.act:
        raise Refusal("undo_changed")
    if act.at_ms - last.at_ms > UNDO_MS:
        raise Refusal("undo_too_late", seconds=UNDO_MS // 1000)
    undone = ActUndone(at_ms=act.at_ms, act=last.act)
    after = evolve(state, undone)
    since = [one.request for one in last.since if isinstance(one, RequestRegistered)]
    twice = _asked_twice(after, since)
    return (undone, *(RequestWithdrawn(at_ms=act.at_ms, request=one) for one in twice))


def _asked_twice(state: SessionState, requests: list[RequestId]) -> Iterator[RequestId]:
    """Those of the requests that would have been refused, had the act not been: what the same
    delegate asked for before waits again."""
    for request in requests:
        asked = state.requests[request]
        waits = asked.state is RequestState.WAITING and asked.item == state.current_item
        first = same_wish(state, asked.delegate, asked.kind, asked.answers_to)
        if waits and first is not None and first.id != request:
            yield request
