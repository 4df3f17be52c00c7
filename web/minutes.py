"""`/minutes/{session}`: the draft of the minutes, to read, to print, or as a file."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from aiohttp import web

from broadcast.archive.chapters import Segment, segments_of
from broadcast.archive.minutes import Minutes, minutes_of
from broadcast.outputs.playlist import parse
from broadcast.session.events import Event
from config.settings import Settings
from web.addresses import public_url
from web.auth import Tokens, identify
from web.errors import Problem
from web.media import PLAYLIST
from web.pages import Pages
from web.sessions import Sessions


class MinutesRoom:
    """For whoever leads the session or writes it down. `?download` gives a file of it, which Word
    and LibreOffice open."""

    def __init__(
        self, sessions: Sessions, tokens: Tokens, pages: Pages, archive: Path, settings: Settings
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._pages = pages
        self._archive = archive
        self._settings = settings

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/minutes/{session}", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        session = request.match_info["session"]
        floor = (await self._sessions.desk(session)).floor
        if not self._staff(request, session):
            raise web.HTTPSeeOther(f"/sign-in?next={request.path}")
        path = self._archive / floor.id / PLAYLIST
        minutes = await asyncio.to_thread(_work_out, floor.events, path)
        base = public_url(self._settings)
        values = {"minutes": minutes, "base": base, "moment": _moment, "span": _span}
        response = self._pages.sheet(request, "minutes", floor.state, **values)
        if "download" in request.query:
            name = f'attachment; filename="bien-ban-{floor.id}.html"'
            response.headers["Content-Disposition"] = name
        return response

    def _staff(self, request: web.Request, session: str) -> bool:
        try:
            return identify(self._tokens, request, changes=False).in_session(session).staff
        except Problem:
            return False


def _work_out(events: Sequence[Event], path: Path) -> Minutes:
    return minutes_of(events, _segments(path))


def _segments(path: Path) -> tuple[Segment, ...]:
    try:
        playlist = parse(path.read_text("utf-8"))
    except FileNotFoundError:
        return ()
    return segments_of(playlist) if playlist is not None else ()


def _moment(at_ms: int) -> datetime:
    """On the server's clock and in its time zone, as the room's own clock shows it."""
    return datetime.fromtimestamp(at_ms / 1000).astimezone()


def _span(ms: int) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes}:{seconds:02d}"
