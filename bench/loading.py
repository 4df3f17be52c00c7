"""How long a page takes to show something on a district's thin line, for who has never been there
and for who returns; and the public's until it plays."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from bench.figure import Figure
from tests.chromium import Chromium, chromium
from tests.live import page as opened
from tests.server import RIGHT, Server

LINE_BPS, ROUND_TRIP_MS = 300_000, 300
BOUND_MS = 120_000
SHOWN = "#page > *"
PLAYS = """() => {
  const video = document.querySelector("video");
  return video && video.readyState > 2 && video.currentTime > 0;
}"""
RECORDED_S = 10
LINE = {
    "offline": False,
    "latency": ROUND_TRIP_MS,
    "downloadThroughput": LINE_BPS / 8,
    "uploadThroughput": LINE_BPS / 8,
}


async def _load(page: Page, name: str, url: str, octets: list[float]) -> Figure:
    octets.clear()
    began = time.monotonic()
    await page.goto(url, wait_until="commit", timeout=BOUND_MS)
    await page.wait_for_selector(SHOWN, state="attached", timeout=BOUND_MS)
    took_s = time.monotonic() - began
    floor_s = sum(octets) * 8 / LINE_BPS + ROUND_TRIP_MS / 1000
    return Figure(name, took_s, "s", floor_s, f"the line for its {sum(octets) / 1000:.0f} kB")


async def _visits(window: Chromium, name: str, url: str, *, live: bool = False) -> list[Figure]:
    page, octets = await window.new_page(), list[float]()

    def note(told: dict[str, Any]) -> None:
        octets.append(told["encodedDataLength"])

    network = await page.context.new_cdp_session(page)
    await network.send("Network.enable")
    await network.send("Network.emulateNetworkConditions", LINE)
    network.on("Network.loadingFinished", note)
    visits = []
    for visit in ("first", "next"):
        await page.goto("about:blank")
        began = time.monotonic()
        visits.append(await _load(page, f"{name}, {visit} visit", url, octets))
        if live:
            await page.wait_for_function(PLAYS, timeout=BOUND_MS)
            visits.append(Figure(f"until it plays, {visit} visit", time.monotonic() - began, "s"))
    await page.close()
    return visits


async def _pages(server: Server) -> list[Figure]:
    token = server.site_tokens[RIGHT]
    join = server.url(f"/join/{server.session}/{RIGHT}#token={token}")
    watch = server.url(f"/watch/{server.session}")
    async with chromium() as window:
        figures = [
            *await _visits(window, "a district's page", join),
            *await _visits(window, "the public's page", watch),
        ]
        async with opened(server) as shown:
            server.command("go_live")
            await shown.until(
                lambda view: view["outputs"].get("recorded_s", 0) > RECORDED_S, "a recording"
            )
            figures += await _visits(window, "the public's page, live", watch, live=True)
        return figures


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        yield from asyncio.run(_pages(server))
