"""`/api/v1/sessions/{session}/sites/{site}/line-test`: bytes to and from a site's page, before it
joins, so that it can say what picture to expect.

Kind to a hearing that is on: so many at a time, each of them paced, none larger or longer than it
needs to be. What a line carries beyond the pace is of no use here.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from streams.frames import SiteId
from web.asking import identify
from web.errors import Problem
from web.limits import Limiter
from web.replies import begin, reply
from web.throttle import refuse_for

MAX_BYTES = 2_000_000
PACE_BPS = 10_000_000
"""Four times the whole program."""
CHUNK_BYTES = 16_384
TRANSFER_S = 10.0
"""A page gives up sooner; this is for whoever does not."""
AT_ONCE = 3
DIGITS = 9
TRIES, TRIES_MS = 24, 60_000
"""A test takes up to eight transfers."""

_AS_IT_IS = {
    "Content-Type": "application/octet-stream",
    "Cache-Control": "no-store, no-transform",
}


class LineTest:
    """For the site itself."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._tries = Limiter(TRIES, TRIES_MS)
        self._running = 0
        self._noise = os.urandom(CHUNK_BYTES)

    def routes(self) -> list[web.RouteDef]:
        path = "/api/v1/sessions/{session}/sites/{site}/line-test"
        return [web.get(path, self._down), web.post(path, self._up)]

    async def _down(self, request: web.Request) -> web.StreamResponse:
        """`?bytes=`: so many, at the pace or slower."""
        size = _size(request.query.get("bytes", ""))
        response = web.StreamResponse(headers=_AS_IT_IS)
        response.content_length = size
        async with self._turn(request):
            if not await begin(request, response):
                return response
            try:
                async with asyncio.timeout(TRANSFER_S):
                    await self._pour(response, size)
            except TimeoutError:
                if request.transport is not None:
                    request.transport.abort()  # what was promised cannot be kept
        return response

    async def _pour(self, response: web.StreamResponse, size: int) -> None:
        for at in range(0, size, CHUNK_BYTES):
            await asyncio.sleep(CHUNK_BYTES * 8 / PACE_BPS)
            await response.write(self._noise[: size - at])
        await response.write_eof()

    async def _up(self, request: web.Request) -> web.Response:
        """Reads what is posted, and says how much it was."""
        async with self._turn(request):
            try:
                async with asyncio.timeout(TRANSFER_S):
                    return reply({"bytes": await _drained(request)})
            except TimeoutError:
                raise Problem(408, "line_test_slow") from None

    @asynccontextmanager
    async def _turn(self, request: web.Request) -> AsyncIterator[None]:
        """Only for the site itself, not too often, and not too many at a time. Raises `Problem`."""
        site, now_ms = self._site(request), self._clock()
        refuse_for(self._tries.wait_ms(site, now_ms))
        if self._running >= AT_ONCE:
            raise Problem(503, "line_test_busy", retry_after_s=2)
        self._tries.count(site, now_ms)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def _site(self, request: web.Request) -> SiteId:
        session, site = request.match_info["session"], SiteId(request.match_info["site"])
        identity = identify(request, changes=False).in_session(session)
        if identity.site != site:
            raise Problem(403, "other_site")
        return site


async def _drained(request: web.Request) -> int:
    """How many bytes came, at the pace or slower. Raises `Problem` 413."""
    size = 0
    async for chunk in request.content.iter_chunked(CHUNK_BYTES):
        size += len(chunk)
        if size > MAX_BYTES:
            raise Problem(413, "too_large")
        await asyncio.sleep(len(chunk) * 8 / PACE_BPS)
    return size


def _size(text: str) -> int:
    """Raises `Problem` 422."""
    size = int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS else 0
    if not 0 < size <= MAX_BYTES:
        raise Problem(422, "line_test_size", most=MAX_BYTES)
    return size
