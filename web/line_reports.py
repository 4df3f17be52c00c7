"""`/lines/{session}`: how the sites' lines were through a whole session, to read, to print, and for
a spreadsheet."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from aiohttp import web

from broadcast.archive.minutes import Minutes, minutes_of
from broadcast.session.events import Event
from web.auth import identify_or_viewer
from web.border import LANGUAGE
from web.catalogues import say
from web.line_book import FIGURES, WORDS, LineBook, Minute
from web.line_report import on_the_clock, report_of
from web.pages import Pages
from web.record_files import Row, as_csv
from web.sessions import Sessions


class LineReports:
    """For operator, chair and clerk. `?download` gives every minute of every site as CSV."""

    def __init__(self, sessions: Sessions, pages: Pages, book: LineBook) -> None:
        self._sessions, self._pages, self._book = sessions, pages, book

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/lines/{session}", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """What is long is worked out on a thread, as the minutes are."""
        floor = (await self._sessions.desk(request.match_info["session"])).floor
        if not identify_or_viewer(request).in_session(floor.id).staff:
            raise web.HTTPSeeOther(f"/sign-in?next={request.path}")
        book, minutes = await asyncio.to_thread(_read, self._book, floor.id, floor.events)
        language = request[LANGUAGE]
        if "download" in request.query:
            table = await asyncio.to_thread(lambda: as_csv([*_table(book, minutes, language)]))
            name = f'attachment; filename="duong-truyen-{floor.id}.csv"'
            headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
            return web.Response(
                text=table, content_type="text/csv", charset="utf-8", headers=headers
            )
        values = {
            "say": partial(say, language),
            "moment": _moment,
            "span": _span,
            "rate": partial(_rate, language),
        }

        def draw() -> web.Response:
            report = report_of(book, minutes)
            return self._pages.sheet(
                request, "lines", floor.state, session=floor.state, report=report, **values
            )

        return await asyncio.to_thread(draw)


def _read(book: LineBook, session: str, events: Sequence[Event]) -> tuple[list[Minute], Minutes]:
    return book.read(session), minutes_of(events, ())


def _table(book: Sequence[Minute], minutes: Minutes, language: str) -> Iterator[Row]:
    """Whole numbers but for the loss, so that any spreadsheet reads them."""
    sites = minutes.state.sites
    yield [
        say(language, "lines.time"),
        say(language, "record.site"),
        *(f"{say(language, f'line.{word}')} (s)" for word in WORDS),
        *(say(language, f"lines.{name}") for name in FIGURES),
    ]
    for at_ms, one in on_the_clock(book, minutes):
        for site, found in one.sites.items():
            rtt_ms, up_loss, down_loss, up_bps, down_bps = found.means
            yield [
                f"{_moment(at_ms):%Y-%m-%d %H:%M}",
                sites[site].name if site in sites else site,
                *(str(round(seconds)) for seconds in found.seconds),
                _whole(rtt_ms),
                _tenths(up_loss, language),
                _tenths(down_loss, language),
                _whole(up_bps, 1000),
                _whole(down_bps, 1000),
            ]


def _whole(value: float | None, unit: int = 1) -> str:
    return "" if value is None else str(round(value / unit))


def _tenths(value: float | None, language: str) -> str:
    return "" if value is None else say(language, "lines.number", {"value": round(value, 1)})


def _rate(language: str, bps: float | None) -> str:
    """As the panel's figures: 320 kbit/s, 1,2 Mbit/s."""
    if bps is None:
        return ""
    if bps < 1e6:
        return f"{round(bps / 1e3)} kbit/s"
    return say(language, "lines.mbit", {"value": round(bps / 1e6, 1)})


def _moment(at_ms: int) -> datetime:
    """On the server's clock and in its time zone."""
    return datetime.fromtimestamp(at_ms / 1000).astimezone()


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
