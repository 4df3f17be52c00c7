"""One session: its state, and the one way to change it.

A command is decided against the state, its events are appended to the log in one transaction, and
only then the state moves on: what pages and the studio see is always in the log already.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable

from broadcast.audit import Note
from broadcast.database import StoreError
from broadcast.session.commands import Command, dump_command, may
from broadcast.session.decide import Act, Refusal, decide
from broadcast.session.events import Event
from broadcast.session.evolve import fold
from broadcast.session.model import Role, SessionState
from broadcast.session.procedure import Procedure
from broadcast.store import Conflict, Store
from web.auth import Identity
from web.errors import Problem

_log = logging.getLogger(__name__)


class Floor:
    """Loads itself from the log. Raises `Problem` 404 when there is no such session."""

    def __init__(
        self, session: str, store: Store, procedure: Procedure, clock: Callable[[], int]
    ) -> None:
        self._store = store
        self._clock = clock
        self._lock = asyncio.Lock()
        self.id = session
        self.procedure = procedure
        self.events: tuple[Event, ...] = ()
        self.state = SessionState()
        self._catch_up()
        if not self.events:
            raise Problem(404, "not_found")

    async def do(self, command: Command, identity: Identity) -> tuple[Event, ...]:
        """What happened. Raises `Problem` 403, 409 (refused) or 503 (the log cannot be written);
        then nothing has changed."""
        role = role_for(command.type, identity)
        async with self._lock:
            try:
                return await self._append(command, identity, role)
            except Conflict:
                _log.warning("another process wrote to session %s: reading again", self.id)
                await asyncio.to_thread(self._catch_up)
                return await self._append(command, identity, role)

    async def _append(self, command: Command, identity: Identity, role: Role) -> tuple[Event, ...]:
        act = Act(
            at_ms=max(self._clock(), self.last_at_ms),
            role=role,
            actor=identity.name,
            site=identity.site,
            fresh_id=secrets.token_hex(8),
        )
        try:
            events = decide(self.state, command, act, self.procedure)
            note = Note(
                act.at_ms,
                act.actor,
                role,
                command.type,
                identity.where,
                self.id,
                detail=dump_command(command),
            )
            await asyncio.to_thread(
                self._store.append, self.id, self.state.version, events, act, note
            )
        except Refusal as refusal:
            raise Problem.refused(refusal.code, refusal.params) from None
        except StoreError as error:
            _log.error("session %s cannot be written: %s", self.id, error)
            raise Problem(503, "store", reason=str(error)) from None
        self._take(events)
        return events

    @property
    def last_at_ms(self) -> int:
        """A clock that was set back must not write a later event before an earlier one."""
        return self.events[-1].at_ms if self.events else 0

    def _take(self, events: Iterable[Event]) -> None:
        new = tuple(events)
        self.state = fold(new, self.state)
        self.events += new

    def _catch_up(self) -> None:
        added = self._store.load(self.id, after=self.state.version)
        self._take(one.event for one in added)


def role_for(command_type: str, identity: Identity) -> Role:
    """The role in which somebody does this. Raises `Problem` 403."""
    for role in Role:
        if role in identity.roles and command_type in may(role):
            return role
    raise Problem(403, "forbidden", role=identity.role)


def allowed(identity: Identity) -> list[str]:
    """The command types this identity may give, for pages to show or hide."""
    return sorted(frozenset().union(*(may(role) for role in identity.roles)))
