"""How soon 200 open pages know of a change of the queue: from the click's request to each page."""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp

from bench.figure import Figure
from broadcast.session.model import Site
from streams.frames import SiteId
from tests.server import SITES, Server

DESKS = {"operator": 70, "chair": 40, "clerk": 40}
SITE_PAGES = 50
CHANGES = 40
BOUND_S = 10.0


class Page:
    """One open page: when the last patch of the queue came, and the last pong."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.patched_s = 0.0
        self.pong_s = 0.0
        self.patch = ""

    async def listen(self) -> None:
        async for message in self.socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            if '"queue":' in message.data and message.data.startswith('{"type":"patch"'):
                self.patched_s = time.monotonic()
                self.patch = message.data
            elif message.data.startswith('{"type":"pong"'):
                self.pong_s = time.monotonic()


async def _open(server: Server, stack: AsyncExitStack) -> tuple[aiohttp.ClientSession, list[Page]]:
    http = await stack.enter_async_context(
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    )
    group = await stack.enter_async_context(asyncio.TaskGroup())
    tokens = [(page, server.operator) for page, count in DESKS.items() for _ in range(count)]
    tokens += [("site", token) for token in list(server.site_tokens.values())[:SITE_PAGES]]
    pages = []
    for kind, token in tokens:
        url = server.url(f"/api/v1/sessions/{server.session}/live")
        socket = await http.ws_connect(url, max_msg_size=0)
        await socket.send_json({"type": "hello", "page": kind, "token": token})
        pages.append(Page(socket))
        task = group.create_task(pages[-1].listen())
        stack.callback(task.cancel)
    await asyncio.sleep(3)
    return http, pages


async def _until(pages: list[Page], moment: str, since_s: float) -> list[float]:
    """How long each took. Raises `TimeoutError`."""
    async with asyncio.timeout(BOUND_S):
        while not all(getattr(page, moment) > since_s for page in pages):  # noqa: ASYNC110
            await asyncio.sleep(0.002)
    return [(getattr(page, moment) - since_s) * 1000 for page in pages]


async def _measure(server: Server) -> tuple[list[float], list[float]]:
    """Milliseconds: to each page after a change of the queue; and of the pages' own pings."""
    took: list[float] = []
    pings: list[float] = []
    async with AsyncExitStack() as stack:
        http, pages = await _open(server, stack)
        url = server.url(f"/api/v1/sessions/{server.session}/commands")
        for _ in range(CHANGES):
            took += await _change(
                http,
                url,
                server,
                pages,
                {"type": "register", "delegate": "lay-1", "kind": "speech"},
            )
            queue = json.loads(pages[0].patch)["patch"]["queue"]
            wish = {"type": "withdraw", "request": queue[-1]["id"]}
            took += await _change(http, url, server, pages, wish)
            start_s = time.monotonic()
            for page in pages:
                await page.socket.send_json({"type": "ping", "sent_at_ms": 0})
            pings += await _until(pages, "pong_s", start_s)
            await asyncio.sleep(0.1)
    return took, pings


async def _change(
    http: aiohttp.ClientSession, url: str, server: Server, pages: list[Page], wish: dict[str, Any]
) -> list[float]:
    start_s = time.monotonic()
    headers = {"Authorization": f"Bearer {server.operator}"}
    async with http.post(url, json=wish, headers=headers) as answer:
        if answer.status != 200:
            raise RuntimeError(await answer.text())
    return await _until(pages, "patched_s", start_s)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def figures() -> Iterator[Figure]:
    """The floor: all 200 pages ask the time at once, which nobody draws or writes down."""
    names = [SiteId(f"huyen-{number}") for number in range(SITE_PAGES)]
    sites = (*SITES, *(Site(name, f"Điểm cầu {name}") for name in names))
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), sites=sites) as server:
        took, pings = asyncio.run(_measure(server))
    floor, name = _p95(pings), "200 pings at once, p95"
    yield Figure("200 pages know of a change of the queue, p95", _p95(took), "ms", floor, name)
    yield Figure("the same, half of them", statistics.median(took), "ms")


if __name__ == "__main__":
    for figure in figures():
        print(figure)
