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
from broadcast.session.events import ClockSet, Event, Events
from broadcast.session.evolve import fold
from broadcast.session.model import Phase, Role, SessionState
from broadcast.session.procedure import Procedure
from broadcast.store import Conflict, Store
from web.auth import Identity
from web.errors import Problem
from web.machine_clock import SET_MS

_log = logging.getLogger(__name__)


class Floor:
    """Loads itself from the log. Raises `Problem` 404 when there is no such session."""

    def __init__(
        self,
        session: str,
        store: Store,
        procedure: Procedure,
        clock: Callable[[], int],
        clock_set_ms: Callable[[], int] = lambda: 0,
    ) -> None:
        """`clock_set_ms`: how far the clock was set since the start (`web.machine_clock`)."""
        self._store = store
        self._clock, self._clock_set_ms = clock, clock_set_ms
        self._heeded_ms = clock_set_ms()
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
        steps, seen_ms = self._steps()
        state = fold(steps, self.state)
        act = Act(
            at_ms=steps[-1].at_ms if steps else max(self._clock(), self.last_at_ms),
            role=role,
            actor=identity.name,
            site=identity.site,
            fresh_id=secrets.token_hex(8),
        )
        try:
            events = decide(state, command, act, self.procedure)
            events = (*steps, *events) if events else ()
            note = Note(
                act.at_ms,
                act.actor,
                role,
                command.type,
                identity.where,
                self.id,
                detail=dump_command(command),
            )
        except Refusal as refusal:
            raise Problem.refused(refusal.code, refusal.params) from None
        await self._write(events, act, note)
        self._take(events)
        self._heeded_ms = seen_ms if events else self._heeded_ms
        return events

    async def heed_clock(self) -> None:
        """Writes down that the machine's clock was set, if it was. Raises `Problem` 503,
        `Conflict`."""
        if not self._steps()[0]:
            return  # who asks must not wait for a command that waits for the database
        async with self._lock:
            steps, seen_ms = self._steps()
            if steps:
                _log.warning("the clock was set by %+.1f s", steps[0].by_ms / 1000)
                act = Act(steps[0].at_ms, Role.SYSTEM, "diemcau", None, secrets.token_hex(8))
                await self._write(steps, act, None)
                self._take(steps)
                self._heeded_ms = seen_ms

    async def _write(self, events: Events, act: Act, note: Note | None) -> None:
        """Raises `Problem` 503, `Conflict`."""
        try:
            await asyncio.to_thread(
                self._store.append, self.id, self.state.version, events, act, note
            )
        except StoreError as error:
            _log.error("session %s cannot be written: %s", self.id, error)
            raise Problem(503, "store") from None

    @property
    def last_at_ms(self) -> int:
        """No event is written before an earlier one, but where the clock was set."""
        return self.events[-1].at_ms if self.events else 0

    @property
    def clock_set_ms(self) -> int:
        """How far the clock was set since the session was prepared, be it written down or not."""
        return self.state.clock_set_ms + sum(step.by_ms for step in self._steps()[0])

    def _steps(self) -> tuple[tuple[ClockSet, ...], int]:
        """What is to be written of the clock, and how far that goes. Nothing runs after the end."""
        now_ms, seen_ms = self._clock(), self._clock_set_ms()
        if self.state.phase is Phase.ENDED:
            return (), seen_ms
        by_ms = seen_ms - self._heeded_ms
        if self.last_at_ms + by_ms > now_ms + SET_MS:
            # Set back while no server ran: by so much at least.
            by_ms = now_ms - self.last_at_ms
        return ((ClockSet(at_ms=now_ms, by_ms=by_ms),) if abs(by_ms) >= SET_MS else ()), seen_ms

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
