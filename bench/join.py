"""From the click to the first picture: of a viewer that joins by WHEP, and of a district's page in
real Chromium, from "Vào phiên họp" to the session's picture on screen.

The floor is the same viewer on a direct line to the publisher, without a server between: two
stock aiortc peers in one process, the publisher's encoder started by the join itself. From the
keys on the relay alone is measured: it has kept the newest keyframe.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import expect

from bench.direct import watching_directly
from bench.figure import Figure
from tests.chromium import chromium
from tests.media import wait_until
from tests.peers import publishing, watching
from tests.server import LEFT, RIGHT, Server

JOINS = 9
CLICKS = 20
CLICK = """() => new Promise((seen) => {
  const began = performance.now();
  document.querySelector('[data-testid="join"]').click();
  const look = () => {
    const video = document.querySelector('[data-testid="return-feed"]');
    if (!video) return requestAnimationFrame(look);
    video.requestVideoFrameCallback((now) => seen(now - began));
  };
  look();
})"""
"""Milliseconds."""


@dataclass(frozen=True, slots=True)
class Join:
    """Seconds until the first decoded picture."""

    from_call: float
    from_keys: float
    """Since DTLS was done."""


async def _served(server: Server) -> list[Join]:
    """Each to a running program with one site on air."""
    took = []
    url = server.url(f"/whep/{server.session}")
    whip = server.url(f"/whip/{LEFT}")
    async with publishing(whip, server.site_tokens[LEFT], 1, 700):
        server.command("go_live")
        server.cut("full", LEFT)
        async with watching(url) as watched:
            await wait_until(lambda: watched.mark(), "the site on air")
        for number in range(JOINS):
            # The odd steps keep them off the program's own keyframe grid.
            await asyncio.sleep(0.5 + 0.17 * number % 0.8)
            began = time.monotonic()
            async with watching(url) as watched:
                await wait_until(lambda: watched.pictures, "a picture")
                seen, keys = watched.pictures[0][0], watched.connected_s
            assert keys is not None
            took.append(Join(seen - began, seen - keys))
    return took


async def _clicked(server: Server) -> list[float]:
    """Milliseconds from each click on a district's page."""
    took = []
    async with chromium() as browser:
        for _ in range(CLICKS):
            tab = await browser.new_page()
            await tab.goto(server.join_url(RIGHT))
            await expect(tab.get_by_test_id("join")).to_be_enabled(timeout=20_000)
            took.append(float(await tab.evaluate(CLICK)))
            await tab.context.close()
    return took


async def _direct() -> float:
    """Seconds of one join without a server."""
    began = time.monotonic()
    async with watching_directly() as watched:
        await wait_until(lambda: watched.pictures, "a picture")
        return watched.pictures[0][0] - began


async def _floor() -> list[float]:
    return [await _direct() for _ in range(JOINS)]


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        served = asyncio.run(_served(server))
        clicked = asyncio.run(_clicked(server))
        floor = statistics.median(asyncio.run(_floor()))
    yield Figure(
        "WHEP join to first picture, median",
        statistics.median(join.from_call for join in served) * 1000,
        "ms",
        floor * 1000,
        "aiortc to aiortc directly",
    )
    yield Figure(
        "WHEP join to first picture, worst", max(join.from_call for join in served) * 1000, "ms"
    )
    from_keys = [join.from_keys * 1000 for join in served]
    yield Figure("keys (DTLS) to first picture, median", statistics.median(from_keys), "ms")
    yield Figure("keys (DTLS) to first picture, worst", max(from_keys), "ms")
    yield Figure("click to first picture in Chromium, median", statistics.median(clicked), "ms")
    yield Figure("click to first picture in Chromium, worst", max(clicked), "ms")


if __name__ == "__main__":
    for figure in figures():
        print(figure)
