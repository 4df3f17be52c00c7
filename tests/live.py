"""A page without a browser: the live WebSocket, with the view as the page would hold it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.media import wait_until
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

    def hear(self, message: aiohttp.WSMessage) -> None:
        if message.type is aiohttp.WSMsgType.BINARY:
            length = message.data[0]
            self.stills[message.data[1 : 1 + length].decode()] = message.data[1 + length :]
            return
        said = json.loads(message.data)
        match said["type"]:
            case "snapshot":
                self.view, self.version = said["view"], said["version"]
                self.snapshots += 1
            case "patch":
                self.view, self.version = merge(self.view, said["patch"]), said["version"]
            case "levels":
                self.levels = said["levels"]
            case _:
                self.said.append(said)

    def site(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(row for row in self.view["sites"] if row["id"] == name)
        return found

    async def until(
        self, condition: Callable[[dict[str, Any]], object], what: str, bound_s: float = 20
    ) -> None:
        """Waits for something to be true of the view. Raises `TimeoutError` with the view."""
        try:
            await wait_until(lambda: self.view and bool(condition(self.view)), what, bound_s)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{json.dumps(self.view, ensure_ascii=False)}") from None


@asynccontextmanager
async def page(
    server: Server, kind: str = "operator", token: str | None = None
) -> AsyncIterator[Page]:
    """Open until left; joins again by itself, as a page does."""
    shown = Page()
    path = f"/api/v1/sessions/{server.session}/live"
    hello = {"type": "hello", "page": kind}
    if kind != "watch":
        hello["token"] = token or server.operator

    async def listen() -> None:
        async with aiohttp.ClientSession(server.base_url) as http:
            while True:
                try:
                    async with http.ws_connect(path, heartbeat=5) as socket:
                        await socket.send_json(hello)
                        async for message in socket:
                            shown.hear(message)
                except (aiohttp.ClientError, OSError):
                    pass  # nobody listens just now
                await asyncio.sleep(0.1)

    task = asyncio.create_task(listen())
    try:
        await wait_until(lambda: shown.snapshots, "a snapshot")
        yield shown
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
