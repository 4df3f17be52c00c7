"""One page's end of the live WebSocket: what waits to be sent, and what gives way when it is slow.

| what | bound | when the page does not keep up |
|---|---|---|
| patches | MAX_PATCHES | all are dropped and one fresh snapshot takes their place |
| quality (camera, screen), pong | one of each | the newest counts |
| levels | one | the newest counts |
| stills | one of each name | the newest counts |

So nothing grows, whatever the line does; levels and stills are sent last.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from streams.frames import SiteId
from web.auth import Identity

MAX_PATCHES = 64
"""Some seconds of a busy session; more, and a snapshot is the smaller message."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whoever sees the same view. `site` is set for a site's page."""

    staff: bool
    site: SiteId | None
    language: str
    page: str = ""
    """`chair`, `clerk` or `display`, which see less than the control panel, or than a site."""


class Bye(Exception):  # noqa: N818 - not an error: a goodbye
    """The server ends a connection; `code` is `bye.<code>` in the catalogues."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Outgoing:
    """What waits for one page. Pure; `take` empties it in the order of the table."""

    patches: deque[str] = field(default_factory=deque)
    latest: dict[str, str] = field(default_factory=dict)
    levels: str | None = None
    stills: dict[str, bytes] = field(default_factory=dict)
    stale: bool = True
    """A snapshot is due: at the start, and when patches were dropped."""
    dropped: int = 0

    def add_patch(self, text: str) -> None:
        """Of more than `MAX_PATCHES` none are kept: a snapshot then says all of it."""
        if self.stale:
            return
        if len(self.patches) >= MAX_PATCHES:
            self.dropped += len(self.patches) + 1
            self.patches.clear()
            self.stale = True
            return
        self.patches.append(text)

    def set_latest(self, kind: str, text: str) -> None:
        self.latest[kind] = text

    def set_levels(self, text: str) -> None:
        self.dropped += self.levels is not None
        self.levels = text

    def set_still(self, name: str, message: bytes) -> None:
        self.dropped += name in self.stills
        self.stills[name] = message

    def take(self, snapshot: Callable[[], str]) -> str | bytes | None:
        """The next message; None when nothing waits."""
        if self.stale:
            self.stale = False
            return snapshot()
        if self.latest:
            return self.latest.pop(next(iter(self.latest)))
        if self.patches:
            return self.patches.popleft()
        if self.levels is not None:
            levels, self.levels = self.levels, None
            return levels
        if self.stills:
            return self.stills.pop(next(iter(self.stills)))
        return None


class Client:
    """One open page. `check` says who it is now, or raises `Bye`."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        page: str,
        identity: Identity,
        audience: Audience,
        check: Callable[[], Identity],
    ) -> None:
        self.socket = socket
        self.page = page
        self.identity = identity
        self.audience = audience
        self.check = check
        self.out = Outgoing()
        self._awake = asyncio.Event()
        self._bye: str | None = None

    def wake(self) -> None:
        """Something waits."""
        self._awake.set()

    def end(self, code: str) -> None:
        """Says goodbye as soon as what is being sent has left."""
        self._bye = code
        self.wake()

    async def write(self, snapshot: Callable[["Client"], str]) -> None:
        """Sends what waits, as fast as the page takes it. Raises `Bye` after `end`."""
        while True:
            await self._awake.wait()
            self._awake.clear()
            while self._bye is None:
                message = self.out.take(lambda: snapshot(self))
                if message is None:
                    break
                await self._send(message)
            if self._bye is not None:
                raise Bye(self._bye)

    async def _send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            await self.socket.send_str(message)
        else:
            await self.socket.send_bytes(message)
