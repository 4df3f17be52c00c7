"""Glass to player: from drawing a picture at a site to seeing it on the watch page, by HLS.

The picture carries the clock in hundredths of a second; what Chromium shows is read off the page,
not off any timestamp.
"""

import asyncio
import base64
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from playwright.async_api import Page

from bench.figure import Figure
from bench.glass import TICKS, ticks
from tests.chromium import chromium
from tests.media import NUMBERS, read_mark, wait_until
from tests.peers import publishing
from tests.server import LEFT, Server

LOOKS = 40
EVERY_S = 0.25
WIDTH, HEIGHT = 320, 180
LOOK = f"""() => {{
  const video = document.querySelector('[data-testid="player"]');
  const canvas = new OffscreenCanvas({WIDTH}, {HEIGHT});
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, {WIDTH}, {HEIGHT});
  const at = Date.now();
  const {{data}} = context.getImageData(0, 0, {WIDTH}, {HEIGHT});
  let grey = '';
  for (let n = 1; n < data.length; n += 4) grey += String.fromCharCode(data[n]);
  return [at, btoa(grey)];
}}"""

LINES = """() => document.querySelector('[data-testid="player"]').videoHeight"""


async def delay_ms(tab: Page) -> float | None:
    """Of the picture that is shown now; None if it cannot be read."""
    epoch_ms, grey = await tab.evaluate(LOOK)
    pixels = np.frombuffer(base64.b64decode(grey), np.uint8).reshape(HEIGHT, WIDTH)
    mark = read_mark(pixels)
    if mark is None:
        return None
    shown_s = epoch_ms / 1000 - (time.time() - time.monotonic())
    return (ticks(shown_s) - mark.number) % NUMBERS * 1000 / TICKS


async def delays_ms(server: Server) -> tuple[list[float], int]:
    """Through the master playlist, as anybody who opens the page; and how many lines the smallest
    of the pictures had."""
    found: list[float] = []
    heights: list[int] = []
    async with (
        chromium() as browser,
        publishing(server.url(f"/whip/{LEFT}"), server.site_tokens[LEFT], 1, 700, clock=ticks),
    ):
        server.command("go_live")
        server.cut("full", LEFT)
        tab = await browser.new_page()
        await tab.goto(server.url(f"/watch/{server.session}"))
        await tab.get_by_test_id("player").wait_for(timeout=30_000)

        async def readable() -> bool:
            return await delay_ms(tab) is not None

        await wait_until(readable, "the site's picture in the player", 40)
        await asyncio.sleep(10)
        while len(found) < LOOKS:
            if (delay := await delay_ms(tab)) is not None:
                found.append(delay)
                heights.append(await tab.evaluate(LINES))
            await asyncio.sleep(EVERY_S)
    return found, min(heights)


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        found, height = asyncio.run(delays_ms(server))
    yield Figure("glass to player by low-latency HLS, median", statistics.median(found), "ms")
    yield Figure("glass to player by low-latency HLS, worst of 40", max(found), "ms")
    yield Figure("lines of the picture that hls.js chose, fewest of 40", height, "")


if __name__ == "__main__":
    for figure in figures():
        print(figure)
