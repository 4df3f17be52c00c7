"""What the chair decided beside the queue, what was promised, and which act was undone."""

from dataclasses import dataclass
from typing import Literal

from broadcast.session.happened import Happened
from broadcast.session.model import DelegateId, ItemId, PromiseId, RequestId, RequestKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSet(Happened):
    """For all turns of this kind that start from now on."""

    type: Literal["limit_set"] = "limit_set"
    kind: RequestKind
    item: ItemId | None
    """None: in the whole session."""
    limit_ms: int | None
    """None: what the rules of procedure say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseNoted(Happened):
    """The same id again: it was put in better words."""

    type: Literal["promise_noted"] = "promise_noted"
    promise: PromiseId
    text: str
    delegate: DelegateId
    item: ItemId | None
    question: RequestId | None = None
    due: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseSettled(Happened):
    """It was kept; or not, after all."""

    type: Literal["promise_settled"] = "promise_settled"
    promise: PromiseId
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseDropped(Happened):
    """It was noted by mistake. The log keeps it."""

    type: Literal["promise_dropped"] = "promise_dropped"
    promise: PromiseId


@dataclass(frozen=True, slots=True, kw_only=True)
class ActBegan(Happened):
    """The next events are one act, which may be undone while it is the last one."""

    type: Literal["act_began"] = "act_began"
    what: str
    """The type of the command."""
    events: int
    """How many are the act's."""
    delegate: DelegateId | None = None
    item: ItemId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActUndone(Happened):
    """From now on all is as if that act had not been."""

    type: Literal["act_undone"] = "act_undone"
    act: int
    """The version of its `ActBegan`."""


ChairEvent = LimitSet | PromiseNoted | PromiseSettled | PromiseDropped | ActBegan | ActUndone
