"""Who is connected by TCP: nobody holds a place for nothing.

aiohttp waits for the first request of a connection as long as its other end likes, and a thousand
that never ask are all the files that a shell lets a process open: then no page opens and no segment
is read. So who does not ask is closed soon, and what one network holds is bounded: generously, as
behind one address may sit a whole office, or a mobile operator's viewers.
"""

import asyncio
import resource
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from aiohttp import web
from aiohttp.typedefs import Middleware

from streams.udp.addresses import plain
from web.border import Handler, is_here
from web.limits import network

SILENT_S = 15.0
"""From the connection to the end of its first request's head. A browser that connects ahead of its
need connects again."""
KEPT_S = 120.0
"""Between two requests: longer than a reverse proxy keeps its own (nginx: 60 s)."""
MAX_FROM_NETWORK = 4000
LOOK_S = 1.0


class Connections:
    """All of one server."""

    def __init__(self) -> None:
        self._asked: set[web.RequestHandler] = set()
        self._seen: dict[web.RequestHandler, tuple[str, float]] = {}
        """From which network, and since when; the oldest first."""

    def watching(self) -> Middleware:
        """Stands before all routes."""

        @web.middleware
        async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._asked.add(request.protocol)
            return await handler(request)

        return watch

    @asynccontextmanager
    async def kept(self, server: web.Server) -> AsyncIterator[None]:
        """Looks again and again, until the block ends."""
        task = asyncio.create_task(self._run(server), name="connections")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self, server: web.Server) -> None:
        while True:
            self._look(server.connections, time.monotonic())
            await asyncio.sleep(LOOK_S)

    def _look(self, here: list[web.RequestHandler], now_s: float) -> None:
        """Closes who is silent, and who is one too many."""
        self._seen = {one: self._seen.get(one) or (_network(one), now_s) for one in here}
        self._asked.intersection_update(self._seen)
        surplus = beyond([where for where, _ in self._seen.values()], MAX_FROM_NETWORK)
        for (one, (_, since_s)), too_many in zip(self._seen.items(), surplus, strict=True):
            silent = one not in self._asked and now_s - since_s > SILENT_S
            if (silent or too_many) and one.transport is not None:
                one.transport.abort()


def beyond(networks: Sequence[str], most: int) -> list[bool]:
    """Of each connection, the oldest first, whether its network has so many before it. Pure."""
    before: Counter[str] = Counter()
    found: list[bool] = []
    for one in networks:
        found.append(bool(one) and before[one] >= most)
        before[one] += 1
    return found


def _network(one: web.RequestHandler) -> str:
    """Empty for this machine, where a reverse proxy may speak for all."""
    peer = one.transport.get_extra_info("peername") if one.transport is not None else None
    address = plain(peer[0]) if peer else ""
    return "" if is_here(address) else network(address)


def open_many_files() -> None:
    """As many as the system lets us: what a shell gives is for tools (systemd,
    `LimitNOFILESoft`), and each connection is a file."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
