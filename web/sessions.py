"""All sessions: which there are, which is on the studio, and a desk for each that is open."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from broadcast.session.model import Phase
from broadcast.session.procedure import Procedure
from broadcast.store import Store
from config.settings import Settings
from web import summaries
from web.control import Holder
from web.desk import Desk
from web.errors import Problem, not_found
from web.floor import Floor
from web.media import STREAM_NAME
from web.summaries import Summaries, Summary

MAX_DESKS = 32
"""Desks of old sessions that nobody looks at are closed first; their log is in the store."""

_UNDER_WAY = {Phase.LIVE, Phase.PAUSED}


class Sessions:
    """`current` is the one session whose sites, program and recording are real just now."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        procedure: Procedure,
        clock: Callable[[], int],
        clock_set_ms: Callable[[], int] = lambda: 0,
    ) -> None:
        """`clock_set_ms`: how far the clock was set since the start (`web.machine_clock`)."""
        self._store = store
        self._settings = settings
        self._procedure = procedure
        self._clock, self._clock_set_ms = clock, clock_set_ms
        self._desks: OrderedDict[str, Desk] = OrderedDict()
        self._loading, self._telling = asyncio.Lock(), asyncio.Lock()
        self._summaries = Summaries(store, settings.storage.data_dir / summaries.PLACE)
        self.current: Desk | None = None

    async def start(self) -> None:
        """After a crash: the one that was under way, else the newest to come, else the newest."""
        chosen = _choose(await self.summaries())
        if chosen is not None:
            self.current = await self.desk(chosen)

    async def summaries(self) -> list[Summary]:
        """Of all sessions, the one prepared last first. Raises `StoreError`.

        One at a time: where the database hangs, all who look at the list would take all threads,
        and nobody would be left to read the segments of the picture."""
        async with self._telling:
            return await asyncio.to_thread(self._summaries.all)

    async def desk(self, session: str) -> Desk:
        """Raises `Problem` 404."""
        if not STREAM_NAME.fullmatch(session):
            raise not_found()
        desk = self._desks.get(session)
        if desk is None:
            # A long log takes a while: who asks for a desk that is open does not wait for that.
            async with self._loading:
                desk = self._desks.get(session) or await self._open(session)
        self._desks.move_to_end(session)
        self._adopt(desk)
        return desk

    async def _open(self, session: str) -> Desk:
        floor, holder = await asyncio.to_thread(self._read, session)
        idle = [
            key for key, one in self._desks.items() if one is not self.current and not len(one.hub)
        ]
        for key in idle[: max(0, len(self._desks) + 1 - MAX_DESKS)]:
            del self._desks[key]
        desk = self._desks[session] = Desk(
            floor, self._settings, self._clock, holder, self._clock_set_ms
        )
        return desk

    def _read(self, session: str) -> tuple[Floor, Holder | None]:
        """From the log; and from the audit, who had control."""
        clocks = self._clock, self._clock_set_ms
        floor = Floor(session, self._store, self._procedure, *clocks)
        last = self._store.newest_note(session, ("control_taken", "control_given"))
        if last is None or floor.state.phase is Phase.ENDED:
            return floor, None
        return floor, Holder(str(last.detail.get("seat", "")), last.who, last.at_ms)

    def _adopt(self, desk: Desk) -> None:
        """The studio is free when its session is over."""
        over = self.current is None or self.current.floor.state.phase is Phase.ENDED
        if over and desk.floor.state.phase is not Phase.ENDED:
            self.current = desk

    def require_current(self, desk: Desk) -> None:
        """For a command. A session that is only prepared makes way for another; one that is under
        way does not: raises `Problem` 409."""
        if desk is not self.current:
            self.require_free(desk.floor.id)
            self.current = desk

    def require_free(self, session: str) -> None:
        """What all sessions share is that one's which is under way. Raises `Problem` 409 for
        another."""
        current = self.current.floor if self.current is not None else None
        if current is not None and current.id != session and current.state.phase in _UNDER_WAY:
            raise Problem(409, "not_on_air")

    def is_open(self, session: str) -> bool:
        """Whether its desk is at hand; if not, its log is read first."""
        return session in self._desks

    def desks(self) -> list[Desk]:
        """Those that are open."""
        return list(self._desks.values())

    def is_over(self, session: str) -> bool:
        """Whether an open session has ended; one that nobody opened since cannot be under way."""
        desk = self._desks.get(session)
        return desk is None or desk.floor.state.phase is Phase.ENDED


def _choose(sessions: list[Summary]) -> str | None:
    for phases in (_UNDER_WAY, {Phase.PREPARED}, set(Phase)):
        for one in sessions:
            if one.phase in phases:
                return one.id
    return None
