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
_WHOLE = slice(None, None, 1)


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
    tag = f'"{await asyncio.to_thread(made.tag)}"'
    headers = {
        "Content-Type": "video/mp4",
        "Content-Disposition": f'attachment; filename="{request.match_info["session"]}.mp4"',
        "Cache-Control": "no-store",
        "Accept-Ranges": "bytes",
        "ETag": tag,
    }
    asked = _range(request, tag)
    first, end, _ = asked.indices(made.size)
    if first >= end:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{made.size}"})
    status = 200
    if asked != _WHOLE:
        status, headers["Content-Range"] = 206, f"bytes {first}-{end - 1}/{made.size}"
    headers["Content-Length"] = str(end - first)
    response = web.StreamResponse(status=status, headers=headers)
    if await begin(request, response):
        # What comes before is read too: how far a segment is moved, those before it decide.
        at, pieces = 0, made.pieces()
        while at < end and request.transport is not None:
            data = await asyncio.to_thread(next, pieces, b"")
            if not data:
                break
            if wanted := data[max(0, first - at) : end - at]:
                await response.write(wanted)
            at += len(data)
    return response


def _range(request: web.Request, tag: str) -> "slice[int | None, int | None, int]":
    """The bytes that are wanted: all of them if they became others since (RFC 9110 13.1.5), or if
    several ranges are named, or what is none."""
    if request.headers.get("If-Range", tag) != tag:
        return _WHOLE
    try:
        return request.http_range
    except ValueError:
        return _WHOLE


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
