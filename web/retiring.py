"""`POST /api/v1/archive/{session}/retire`: an administrator takes an old recording off the disk.

A process of its own proves the copy and removes (`web.retire`); it may take an hour, so that the
page is answered at once and looks again. One at a time. Nothing is ever removed by itself.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any

from aiohttp import web
from pydantic import StringConstraints, TypeAdapter

from broadcast.audit import Note
from broadcast.session.text import Name
from config.settings import Settings
from web.asking import identify
from web.auditor import Auditor
from web.bodies import Body, read
from web.border import where_from
from web.catalogues import say
from web.children import NotDone, run_module
from web.errors import Problem, not_found
from web.media import STREAM_NAME
from web.replies import reply
from web.retire import ROOMS
from web.setup import now_ms

PATIENCE_S = 12 * 3600.0
_NOTE = TypeAdapter(Note)
_log = logging.getLogger(__name__)


class Wish(Body, strict=True):
    """Where the copy is, and why the recording goes."""

    kept_in: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    why: Name


class Retiring:
    """Owns the process that runs."""

    def __init__(self, settings: Settings, auditor: Auditor) -> None:
        self._settings, self._auditor = settings, auditor
        self._task: asyncio.Task[None] | None = None
        self._outcomes: dict[str, Mapping[str, Any]] = {}
        """By session: empty while the copy is being proven, then the refusal."""

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/v1/archive/{session}/retire", self._ask)]

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """For `cleanup_ctx`: what is cut short is done again and goes on."""
        del app
        yield
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def standing(self, session: str, language: str) -> dict[str, Any] | None:
        """For administrators: `{"busy", "message"}`, or None where nothing was asked."""
        outcome = self._outcomes.get(session)
        if outcome is None:
            return None
        if not outcome:
            return {"busy": True, "message": say(language, "retire.busy")}
        return {"busy": False, "message": say(language, outcome["key"], outcome["params"])}

    async def _ask(self, request: web.Request) -> web.Response:
        """Raises `Problem`."""
        session = request.match_info["session"]
        who = identify(request, changes=True)
        if not who.admin:
            problem = Problem(403, "forbidden", role=who.role)
            await self._auditor.refused(request, "retire_asked", problem, who, session=session)
            raise problem
        wish = await read(request, Wish)
        detail = {"kept_in": wish.kept_in, "why": wish.why}
        if not STREAM_NAME.fullmatch(session) or not await asyncio.to_thread(self._knows, session):
            raise not_found()
        if self._task is not None and not self._task.done():
            raise Problem(409, "retiring")
        where = who.where if who.where.means else where_from(request)
        note = Note(now_ms(), who.name, who.role, "recording_retired", where, session)
        self._outcomes[session] = {}
        self._task = asyncio.create_task(self._carry_out(replace(note, detail=detail)))
        await self._auditor.done(request, "retire_asked", who, session=session, detail=detail)
        return reply({}, status=202)

    def _knows(self, session: str) -> bool:
        """Whether anything was ever recorded of it. Blocking."""
        return any((self._settings.storage.data_dir / one / session).is_dir() for one in ROOMS)

    async def _carry_out(self, note: Note) -> None:
        given = _NOTE.dump_json(note).decode()
        try:
            said = await run_module("web.retire", self._settings, given, patience_s=PATIENCE_S)
            refused = json.loads(said)
        except (NotDone, OSError, ValueError) as error:  # the disk may be full where it begins
            reason = error.reason if isinstance(error, NotDone) else str(error)
            _log.error("%s was not retired: %s", note.session, reason)
            failed = {"key": "retire.failed", "params": {"reason": reason}}
            self._outcomes[note.session] = failed
            return
        del self._outcomes[note.session]
        if refused:
            told = {"key": f"retire.{refused['code']}", "params": refused["params"]}
            self._outcomes[note.session] = told
