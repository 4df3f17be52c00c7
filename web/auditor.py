"""Writes down what is no change of a session: sign-ins, refusals, links handed out, accounts.

What a session's commands do stands in the audit with their events (`web.floor`), in one
transaction. Here a fault of the database is logged and no more: nobody is kept out of his session
because his sign-in could not be written down.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from broadcast.audit import Note, Where
from broadcast.database import StoreError
from broadcast.session.model import Role
from broadcast.store import Store
from web.asking import identify_or_viewer
from web.auth import VIEWER, Identity
from web.border import Handler, where_from
from web.errors import Problem
from web.limits import Limiter, network
from web.media import STREAM_NAME

AUDITED = web.RequestKey("audited", bool)
"""This request has its entry."""
_CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
_IDLE = re.compile(r"/(?:line-test|offer|import/\w+)$")
"""They work something out and change nothing, however often they are asked."""

_log = logging.getLogger(__name__)


class Auditor:
    """What strangers cause is bounded: thirty entries a minute from one network; of what is more,
    the next entry says how many there were."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock
        self._from_network = Limiter(30, 60_000)
        self._unwritten = 0

    async def done(
        self,
        request: web.Request,
        what: str,
        who: Identity,
        *,
        session: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Somebody did this."""
        request[AUDITED] = True
        await self._write(request, what, who, session, "done", detail or {})

    async def refused(
        self,
        request: web.Request,
        what: str,
        problem: Problem,
        who: Identity = VIEWER,
        *,
        session: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Somebody tried this, and was answered with `problem`."""
        request[AUDITED] = True
        where, now_ms = network(who.where.address or where_from(request).address), self._clock()
        if self._from_network.wait_ms(where, now_ms):
            self._unwritten += 1
            return
        self._from_network.count(where, now_ms)
        more = {"unwritten": self._unwritten} if self._unwritten else {}
        self._unwritten = 0
        told = {**(detail or {}), **more, "message": problem.message("vi")}
        await self._write(request, what, who, session, problem.code, told)

    def watching(self) -> Middleware:
        """Writes down whatever else changes something, so that no route can forget to."""

        @web.middleware
        async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                response = await handler(request)
            except Problem as problem:
                if _unwritten(request):
                    await self.refused(request, "changed", problem, **_told(request))
                raise
            if _unwritten(request):
                await self.done(request, "changed", **_told(request))
            return response

        return watch

    async def by_itself(
        self, what: str, name: str, session: str, detail: Mapping[str, Any]
    ) -> None:
        """The server did this, for whoever `name` is."""
        note = Note(self._clock(), name, Role.OPERATOR, what, session=session, detail=detail)
        await self._append(note)

    async def _write(
        self,
        request: web.Request,
        what: str,
        who: Identity,
        session: str,
        outcome: str,
        detail: Mapping[str, Any],
    ) -> None:
        if not STREAM_NAME.fullmatch(session):
            session = ""  # of that name there is none; PostgreSQL takes neither NUL nor any length
        where: Where = who.where if who.where.means else where_from(request)
        role = who.role if who is not VIEWER else ""
        note = Note(self._clock(), who.name, role, what, where, session, outcome, detail)
        await self._append(note)

    async def _append(self, note: Note) -> None:
        try:
            await asyncio.to_thread(self._store.note, note)
        except StoreError as error:
            _log.error("the audit cannot be written: %s", error)


def _unwritten(request: web.Request) -> bool:
    if request.method not in _CHANGING or not request.path.startswith("/api/"):
        return False
    return AUDITED not in request and _IDLE.search(request.path) is None


def _told(request: web.Request) -> dict[str, Any]:
    session = request.match_info.get("session", "")
    detail = {"method": request.method, "path": request.path}
    return {"who": identify_or_viewer(request), "session": session, "detail": detail}
