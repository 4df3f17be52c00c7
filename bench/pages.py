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

HARD = {"operator": 60, "chair": 40, "clerk": 40, "display": 10, "site": 50}
"""Mostly those that see everything."""
AS_IN_LIFE = {"operator": 3, "chair": 2, "clerk": 3, "display": 4, "site": 188}
"""A province with its communes."""
SITES_THERE = 188
CHANGES = 30
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
            if message.data.startswith('{"type":"patch"') and _tells(message.data):
                self.patched_s = time.monotonic()
                self.patch = message.data
            elif message.data.startswith('{"type":"pong"'):
                self.pong_s = time.monotonic()


def _tells(patch: str) -> bool:
    """Of the queue; the hall's screen is told who comes next."""
    return '"queue":' in patch or '"upcoming":' in patch


async def _open(
    server: Server, mix: dict[str, int], stack: AsyncExitStack
) -> tuple[aiohttp.ClientSession, list[Page]]:
    http = await stack.enter_async_context(
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    )
    group = await stack.enter_async_context(asyncio.TaskGroup())
    sites = [("site", token) for token in server.site_tokens.values()]
    tokens = [
        (page, server.operator)
        for page, count in mix.items()
        if page != "site"
        for _ in range(count)
    ]
    tokens += sites[: mix["site"]]
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


async def _measure(server: Server, mix: dict[str, int]) -> tuple[list[float], list[float]]:
    """Milliseconds: to each page after a change of the queue; and of the pages' own pings."""
    took: list[float] = []
    pings: list[float] = []
    async with AsyncExitStack() as stack:
        http, pages = await _open(server, mix, stack)
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
    names = [SiteId(f"xa-{number}") for number in range(SITES_THERE)]
    sites = (*SITES, *(Site(name, f"Điểm cầu {name}") for name in names))
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), sites=sites) as server:
        server.command("go_live")  # the hall's screen names nobody before
        for mix, what in ((HARD, "200 pages"), (AS_IN_LIFE, "200 pages, 188 of them sites'")):
            took, pings = asyncio.run(_measure(server, mix))
            floor, name = _p95(pings), "200 pings at once, p95"
            yield Figure(
                f"{what} know of a change of the queue, p95", _p95(took), "ms", floor, name
            )
            yield Figure("the same, half of them", statistics.median(took), "ms")


if __name__ == "__main__":
    for figure in figures():
        print(figure)
