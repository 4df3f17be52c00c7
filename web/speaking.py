"""Who speaks, who is next and who waits, as pages are told it (PROTOCOL.md, `view`). Pure.

Several audiences share these; each is worked out once, and only when somebody looks.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from broadcast.session.model import DelegateId, Request, RequestId, RequestKind, SessionState
from broadcast.session.order import (
    Upcoming,
    all_answered,
    all_spoken,
    calling_order,
    limit_ms,
    may_ask,
    next_request,
    questions_heard,
)
from broadcast.session.procedure import Procedure
from streams.frames import SiteId


@dataclass(frozen=True)
class Speaking:
    state: SessionState
    procedure: Procedure

    @cached_property
    def _spoken(self) -> Counter[tuple[DelegateId, RequestKind]]:
        return all_spoken(self.state)

    @cached_property
    def _answered(self) -> frozenset[RequestId]:
        return all_answered(self.state)

    @cached_property
    def next(self) -> Upcoming | None:
        return next_request(self.state, self.procedure)

    @cached_property
    def queue(self) -> list[dict[str, Any]]:
        return [self._row(request) for request in calling_order(self.state)]

    def _row(self, request: Request) -> dict[str, Any]:
        delegate = self.state.delegates[request.delegate]
        spoken = self._spoken[delegate.id, request.kind]
        return {
            "id": request.id,
            "delegate": delegate.id,
            "name": delegate.name,
            "title": delegate.title,
            "site": delegate.site,
            "kind": request.kind,
            "registered_at_ms": request.registered_at_ms,
            "state": request.state,
            "answers_to": request.answers_to,
            "limit_ms": limit_ms(
                self.state, self.procedure, delegate.id, request.kind, spoken=spoken
            ),
            "spoken": spoken,
            "moved": request.moved,
            "next": self.next is not None and self.next.request == request.id,
        }

    @cached_property
    def call(self) -> dict[str, Any] | None:
        """What one click on "call the next" does; it may be an answer that nobody asked to give."""
        call = self.next
        if call is None:
            return None
        delegate = self.state.delegates[call.delegate]
        return {
            "request": call.request,
            "delegate": delegate.id,
            "name": delegate.name,
            "title": delegate.title,
            "site": delegate.site,
            "kind": call.kind,
            "limit_ms": limit_ms(
                self.state, self.procedure, delegate.id, call.kind, len(call.answers)
            ),
            "spoken": self._spoken[delegate.id, call.kind],
            "opens_round": len(call.round),
        }

    @cached_property
    def round(self) -> dict[str, Any] | None:
        found = self.state.round
        if found is None:
            return None
        questions = [self.state.requests[question] for question in found.questions]
        return {
            "number": found.number,
            "questions": [
                {
                    "request": question.id,
                    "name": self.name(question.delegate),
                    "state": question.state,
                    "answered": question.id in self._answered,
                }
                for question in questions
            ],
        }

    @property
    def kinds(self) -> list[str]:
        """What may be asked for in the current item, by anybody."""
        item = self.state.item
        return [] if item is None else list(self.procedure.items[item.kind].kinds)

    @cached_property
    def may_ask(self) -> Mapping[SiteId, tuple[RequestKind, ...]]:
        """What each site may ask for; for one that has no delegate, nothing."""
        return may_ask(self.state, self.procedure)

    @cached_property
    def questions(self) -> list[dict[str, Any]]:
        """What an answer or a rebuttal can be about."""
        return [
            {
                "request": question.id,
                "name": self.name(question.delegate),
                "answered": question.id in self._answered,
            }
            for question in questions_heard(self.state)
        ]

    @cached_property
    def floor(self) -> dict[str, Any] | None:
        turn = self.state.floor
        if turn is None:
            return None
        delegate = self.state.delegates.get(turn.delegate)
        return {
            "turn": turn.id,
            "request": turn.request,
            "delegate": turn.delegate,
            "name": delegate.name if delegate else "",
            "title": delegate.title if delegate else "",
            "site": turn.site,
            "kind": turn.kind,
            "started_at_ms": turn.started_at_ms,
            "limit_ms": turn.limit_ms,
            "paused_at_ms": turn.paused_at_ms,
            "paused_ms": turn.paused_ms,
            "warn_ms": turn.warn_ms,
        }

    def name(self, delegate: DelegateId | None) -> str:
        found = self.state.delegates.get(delegate) if delegate is not None else None
        return found.name if found is not None else ""

    @cached_property
    def requests(self) -> dict[SiteId, list[dict[str, Any]]]:
        """By site, each with its place in the queue."""
        found: dict[SiteId, list[dict[str, Any]]] = {}
        for place, row in enumerate(self.queue, start=1):
            told = {key: row[key] for key in ("id", "delegate", "kind", "state")}
            found.setdefault(row["site"], []).append(told | {"place": place})
        return found
