"""`/api/v1/sessions/{session}/film.mp4`: a recording, or a piece of it, as one file to take away.

For staff: whoever else wants it has the archive, which costs the server nothing but its reading.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from aiohttp import web

from broadcast.archive.chapters import chapters_of
from broadcast.archive.film import Film, FilmError, film, marks_of, piece
from broadcast.archive.retire import retired
from broadcast.archive.walls import segments_of
from broadcast.outputs.recovery import listed_in
from broadcast.outputs.vault import PLAIN, Envelope
from broadcast.session.events import Event
from web.asking import require
from web.auth import STAFF
from web.errors import Problem, not_found
from web.replies import begin
from web.sessions import Sessions

MAX_AT_ONCE = 4
"""Each reads the disk that is being written to."""
MAX_S = 10_000_000.0


class Sender:
    """Sends films, a few at a time."""

    def __init__(self) -> None:
        self._sending = 0

    async def send(
        self,
        request: web.Request,
        folder: Path,
        envelope: Envelope = PLAIN,
        events: Sequence[Event] = (),
    ) -> web.StreamResponse:
        """`from` and `to` of the query are seconds of the recording; `events` tell its chapters.
        Raises `Problem`."""
        if self._sending >= MAX_AT_ONCE:
            raise Problem(503, "films_full", retry_after_s=30)
        self._sending += 1
        try:
            made = await asyncio.to_thread(ready, folder, _span(request.query), envelope, events)
            return await _sent(request, made)
        finally:
            self._sending -= 1


def ready(
    folder: Path,
    span: tuple[float, float | None],
    envelope: Envelope = PLAIN,
    events: Sequence[Event] = (),
) -> Film:
    """On a thread. Raises `Problem` 404 and 409."""
    if retired(folder) is not None:
        raise not_found("retired")
    try:
        listed = listed_in(folder)
        if listed is None:
            raise not_found("no_archive")
        marks = marks_of(chapters_of(events, segments_of(listed)), listed, *span)
        return film(folder, piece(listed, *span), envelope, marks)
    except FileNotFoundError:
        raise not_found("no_archive") from None
    except FilmError as error:
        raise Problem(409, error.code) from None


def _span(query: Mapping[str, str]) -> tuple[float, float | None]:
    """Raises `Problem` 400."""
    try:
        from_s = float(query.get("from", "0"))
        to_s = float(query["to"]) if "to" in query else None
    except ValueError:
        raise Problem(400, "bad_request") from None
    if not 0 <= from_s <= MAX_S or not (to_s is None or from_s < to_s <= MAX_S):
        raise Problem(400, "bad_request")
    return from_s, to_s


async def _sent(request: web.Request, made: Film) -> web.StreamResponse:
    name = f"{request.match_info['session']}.mp4"
    response = web.StreamResponse(
        headers={
            "Content-Type": "video/mp4",
            "Content-Length": str(made.size),
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
    )
    if await begin(request, response):
        pieces = made.pieces()
        while (data := await asyncio.to_thread(next, pieces, None)) is not None:
            await response.write(data)
    return response


class Films:
    """Of the public recording."""

    def __init__(self, sessions: Sessions, archive: Path, sender: Sender) -> None:
        self._sessions, self._archive, self._sender = sessions, archive, sender

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/sessions/{session}/film.mp4", self._give)]

    async def _give(self, request: web.Request) -> web.StreamResponse:
        floor = (await self._sessions.desk(request.match_info["session"])).floor
        require(request, floor.id, STAFF, changes=False)
        return await self._sender.send(request, self._archive / floor.id, events=floor.events)
