"""`/minutes/{session}`: the draft of the minutes, to read, to print, or as a file."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from aiohttp import web

from broadcast.archive.minutes import Minutes, closed_minutes_of, minutes_of
from broadcast.archive.walls import Segment, segments_of
from broadcast.outputs.recovery import listed_in
from broadcast.session.events import Event
from config.settings import Settings
from web.addresses import public_url
from web.aside import Aside
from web.asking import identify_or_viewer
from web.auditor import Auditor
from web.auth import Identity
from web.border import LANGUAGE
from web.errors import Problem
from web.floor import Floor
from web.minutes_paper import absent_of, paper_of
from web.pages import Pages
from web.sealed import may_open
from web.sessions import Sessions
from web.times import how_long, local_time

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class MinutesRoom:
    """For whoever leads the session or writes it down. `?download` gives the page as a file, with
    its links to the recording; `?download=docx` the official paper, which Word and LibreOffice
    open; `?download=closed` that of what was closed, to those who may open its recording."""

    def __init__(
        self,
        sessions: Sessions,
        pages: Pages,
        archive: Path,
        settings: Settings,
        auditor: Auditor,
        aside: Aside,
    ) -> None:
        self._auditor = auditor
        self._aside = aside
        self._sessions = sessions
        self._pages = pages
        self._archive = archive
        self._settings = settings

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/minutes/{session}", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        session = request.match_info["session"]
        floor = (await self._sessions.desk(session)).floor
        who = identify_or_viewer(request).in_session(session)
        if not who.staff:
            raise web.HTTPSeeOther(f"/sign-in?next={request.path}")
        wish = request.query.get("download")
        if wish == "closed":
            return await self._closed(request, floor, who)
        recording = self._archive / floor.id
        minutes = await asyncio.to_thread(_work_out, floor.events, recording)
        if wish == "docx":
            return await self._word(minutes, f"bien-ban-{floor.id}")
        base = public_url(self._settings)
        values = {"minutes": minutes, "base": base, "moment": local_time}
        values["lasted"] = partial(how_long, request[LANGUAGE])
        values["absent_of"] = absent_of
        secret = minutes.closed or any(part.closed for part in minutes.parts)
        values["closed"] = may_open(who) and secret
        draw = partial(self._pages.sheet, request, "minutes", floor.state, **values)
        response = await asyncio.to_thread(draw)
        if wish is not None:
            name = f'attachment; filename="bien-ban-{floor.id}.html"'
            response.headers["Content-Disposition"] = name
        return response

    async def _closed(
        self, request: web.Request, floor: Floor, who: Identity
    ) -> web.StreamResponse:
        """Written down, taken or refused."""
        if not may_open(who):
            problem = Problem(403, "forbidden", role=who.role)
            await self._auditor.refused(request, "closed_minutes", problem, who, session=floor.id)
            raise problem
        await self._auditor.done(request, "closed_minutes", who, session=floor.id)
        minutes = await asyncio.to_thread(closed_minutes_of, floor.events)
        return await self._word(minutes, f"bien-ban-kin-{floor.id}", closed=True)

    async def _word(self, minutes: Minutes, name: str, *, closed: bool = False) -> web.Response:
        """Raises `Problem` 503 while two others are written."""
        paper = await asyncio.to_thread(
            lambda: asdict(paper_of(minutes, local_time, closed=closed))
        )
        file = await self._aside.run({"work": "write", "paper": paper})
        headers = {
            "Content-Type": _WORD,
            "Content-Disposition": f'attachment; filename="{name}.docx"',
            "Cache-Control": "no-store",
        }
        return web.Response(body=base64.b64decode(file), headers=headers)


def _work_out(events: Sequence[Event], recording: Path) -> Minutes:
    return minutes_of(events, _segments(recording))


def _segments(recording: Path) -> tuple[Segment, ...]:
    playlist = listed_in(recording)
    return segments_of(playlist) if playlist is not None else ()
