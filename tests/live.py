"""A page without a browser: the live WebSocket, with the view as the page would hold it."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import aiohttp

from tests.media import PATIENCE_S, wait_until
from tests.server import Server
from web.demo.crowd import merge


class Page:
    """`view` is brought up to date by every message; everything else is kept in `said`."""

    def __init__(self) -> None:
        self.view: dict[str, Any] = {}
        self.version = -1
        self.levels: dict[str, float] = {}
        self.stills: dict[str, bytes] = {}
        self.said: list[dict[str, Any]] = []
        self.snapshots = 0
        self._offset_ms = 0.0
        self._heard_s = time.monotonic()

    def __repr__(self) -> str:
        """For whoever asks why a test waited in vain."""
        ago_s = time.monotonic() - self._heard_s
        return (
            f"<page at version {self.version}, heard of {ago_s:.1f} s ago, "
            f"{self.snapshots} snapshots, levels {self.levels}, stills of {[*self.stills]}, "
            f"told {self.said[-3:]}>"
        )

    def hear(self, message: aiohttp.WSMessage) -> None:
        self._heard_s = time.monotonic()
        if message.type is aiohttp.WSMsgType.BINARY:
            length = message.data[0]
            self.stills[message.data[1 : 1 + length].decode()] = message.data[1 + length :]
            return
        said = json.loads(message.data)
        match said["type"]:
            case "snapshot":
                self.view, self.version = said["view"], said["version"]
                self._offset_ms = said["server_time_ms"] - self._set_ms() - _own_ms()
                self.snapshots += 1
            case "patch":
                self.view, self.version = merge(self.view, said["patch"]), said["version"]
            case "levels":
                self.levels = said["levels"]
            case _:
                self.said.append(said)

    def now_ms(self) -> float:
        """The server's clock, as a page knows it (`web/static/server_clock.js`)."""
        return _own_ms() + self._offset_ms + self._set_ms()

    def _set_ms(self) -> int:
        return int(self.view["session"].get("clock_set_ms", 0))

    def site(self, name: str) -> dict[str, Any]:
        """What a patch took out of it is null."""
        return defaultdict(lambda: None, self.view["sites"][name])

    async def until(
        self, condition: Callable[[dict[str, Any]], object], what: str, bound_s: float = PATIENCE_S
    ) -> None:
        """Waits for something to be true of the view. Raises `TimeoutError` with the view."""
        try:
            await wait_until(lambda: self.view and bool(condition(self.view)), what, bound_s)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{json.dumps(self.view, ensure_ascii=False)}") from None


def _own_ms() -> float:
    return time.monotonic() * 1000


@asynccontextmanager
async def page_at(
    base_url: str, session: str, token: str | None, kind: str = "operator"
) -> AsyncIterator[Page]:
    """Open until left; joins again by itself, as a page does."""
    shown = Page()
    hello = {"type": "hello", "page": kind} | ({"token": token} if token else {})

    async def listen() -> None:
        async with aiohttp.ClientSession(base_url) as http:
            while True:
                with suppress(aiohttp.ClientError, OSError):  # nobody listens just now
                    await _hear(http, f"/api/v1/sessions/{session}/live", hello, shown)
                await asyncio.sleep(0.1)

    task = asyncio.create_task(listen())
    try:
        await wait_until(lambda: shown.snapshots, "a snapshot")
        yield shown
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _hear(http: aiohttp.ClientSession, path: str, hello: dict[str, str], shown: Page) -> None:
    async with http.ws_connect(path, heartbeat=5) as socket:
        await socket.send_json(hello)
        async for message in socket:
            shown.hear(message)


def page(
    server: Server, kind: str = "operator", token: str | None = None
) -> AbstractAsyncContextManager[Page]:
    """`page_at` for the operator of a test's server, or for who has the token."""
    key = None if kind == "watch" else token or server.operator
    return page_at(server.base_url, server.session, key, kind)
