"""Drives the demo and takes the pictures that README shows: `python -m bench.screenshots FOLDER`.

The pages are the real ones in a real Chromium, with a real hearing behind them; only the choice
of the moment is ours.
"""

import asyncio
import io
import sys
import tempfile
from pathlib import Path

import aiohttp
import av
from playwright.async_api import Page

from tests import hls
from tests.chromium import Chromium, camera_files, chromium
from tests.demo import Demo, running_demo
from tests.live import Page as LivePage
from tests.live import page_at
from tests.media import wait_until

SIZE = (1440, 900)
TURN_S = 24
"""Long enough for pictures to settle and for a chapter that can be seen."""


class Director:
    """Gives commands as the operator."""

    def __init__(self, http: aiohttp.ClientSession, demo: Demo) -> None:
        self._http = http
        self._path = f"/api/v1/sessions/{demo.links['session_id']}/commands"
        self._headers = {"Authorization": f"Bearer {demo.links['operator_token']}"}

    async def say(self, type_: str, **fields: object) -> None:
        """Raises `RuntimeError` with the refusal."""
        command = {"type": type_, **fields}
        async with self._http.post(self._path, json=command, headers=self._headers) as response:
            if response.status != 200:
                raise RuntimeError(f"{command}: {await response.text()}")


async def take(page: Page, folder: Path, name: str) -> None:
    await page.screenshot(path=folder / f"{name}.png")
    print(folder / f"{name}.png", flush=True)


async def open_page(browser: Chromium, url: str) -> Page:
    page = await browser.new_page()
    await page.goto(url)
    return page


async def program_frame(http: aiohttp.ClientSession, demo: Demo, folder: Path) -> None:
    """The newest whole picture of the live stream, at full size."""
    base = str(demo.links["hls_url"]).rpartition("/")[0]

    async def get(name: str) -> bytes:
        async with http.get(f"{base}/{name}") as response:
            response.raise_for_status()
            return await response.read()

    text = (await get("index.m3u8")).decode()
    names = hls.names(text)
    data = await get(names[-1].init) + await get(names[-1].media)
    with av.open(io.BytesIO(data), "r") as container:
        *_, last = container.decode(video=0)
    last.to_image().save(folder / "program.png")
    print(folder / "program.png", flush=True)


async def hearing(demo: Demo, folder: Path, scratch: Path) -> None:
    links = demo.links
    async with (
        aiohttp.ClientSession(links["base_url"]) as http,
        page_at(links["base_url"], links["session_id"], links["operator_token"]) as shown,
        chromium(camera_files(scratch, 1, 700), size=SIZE) as browser,
    ):
        director = Director(http, demo)
        await shown.until(lambda view: len(view["queue"]) >= 4, "a queue", 90)
        operator = await open_page(browser, links["operator_url"])
        await director.say("go_live")
        await director.say("show_overlay", name="queue", visible=True)
        await director.say("call_next")
        site = await speaker(shown)
        district = await open_page(
            browser, next(row["join_url"] for row in links["sites"] if row["id"] == site)
        )
        watch = await open_page(browser, links["watch_url"])
        await asyncio.sleep(TURN_S)
        await take(operator, folder, "operator")
        await take(district, folder, "district")
        await take(watch, folder, "watch")
        await director.say("show_overlay", name="agenda", visible=True)
        await asyncio.sleep(6)
        await program_frame(http, demo, folder)
        await director.say("end_turn")
        for _ in range(2):
            await director.say("call_next")
            await asyncio.sleep(TURN_S / 2)
            await director.say("end_turn")
        play = await open_page(browser, f"{links['base_url']}/play/{links['session_id']}#t=12")
        await asyncio.sleep(8)
        await take(play, folder, "play")


async def speaker(shown: LivePage) -> str:
    await wait_until(lambda: shown.view.get("floor"), "a turn")
    return str(shown.view["floor"]["site"])


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, running_demo(Path(scratch)) as demo:
        asyncio.run(hearing(demo, folder, Path(scratch)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
