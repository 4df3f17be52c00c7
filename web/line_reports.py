"""`/lines/{session}`: how the sites' lines were through a whole session, to read, to print, and for
a spreadsheet."""

import asyncio
from functools import partial

from aiohttp import web

from config.settings import Settings
from web.asking import identify_or_viewer
from web.border import LANGUAGE
from web.catalogues import say
from web.children import run_module
from web.line_paper import REPORT
from web.pages import Pages
from web.sessions import Sessions
from web.times import how_long, local_time

PATIENCE_S = 60.0


class LineReports:
    """For operator, chair and clerk. `?download` gives every minute of every site as CSV."""

    def __init__(self, sessions: Sessions, pages: Pages, settings: Settings) -> None:
        self._sessions, self._pages, self._settings = sessions, pages, settings
        self._one_at_a_time = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/lines/{session}", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Raises `Problem`."""
        floor = (await self._sessions.desk(request.match_info["session"])).floor
        if not identify_or_viewer(request).in_session(floor.id).staff:
            raise web.HTTPSeeOther(f"/sign-in?next={request.path}")
        language = request[LANGUAGE]
        if "download" in request.query:
            name = f'attachment; filename="duong-truyen-{floor.id}.csv"'
            headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
            return web.Response(
                body=await self._worked_out(floor.id, language, "table"),
                content_type="text/csv",
                charset="utf-8",
                headers=headers,
            )
        found = await self._worked_out(floor.id, language, "report")
        values = {
            "say": partial(say, language),
            "moment": local_time,
            "lasted": partial(how_long, language),
            "rate": partial(_rate, language),
        }

        def draw() -> web.Response:
            report = REPORT.validate_json(found)
            return self._pages.sheet(
                request, "lines", floor.state, session=floor.state, report=report, **values
            )

        return await asyncio.to_thread(draw)

    async def _worked_out(self, session: str, language: str, wish: str) -> bytes:
        async with self._one_at_a_time:
            given = session, language, wish
            return await run_module("web.line_paper", self._settings, *given, patience_s=PATIENCE_S)


def _rate(language: str, bps: float | None) -> str:
    """As the panel's figures: 320 kbit/s, 1,2 Mbit/s."""
    if bps is None:
        return ""
    if bps < 1e6:
        return f"{round(bps / 1e3)} kbit/s"
    return say(language, "lines.mbit", {"value": round(bps / 1e6, 1)})
