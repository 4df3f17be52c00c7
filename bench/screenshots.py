"""Drives the demo and takes the pictures that README shows: `python -m bench.screenshots FOLDER`.

The pages are the real ones in a real Chromium, with a real hearing behind them; only the choice
of the moment is ours.
"""

import asyncio
import io
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import av
import numpy as np
from PIL import Image
from playwright.async_api import Page

from tests import hls, media
from tests.chromium import EXECUTABLE, FPS, Chromium, chromium, join_as_a_person_would
from tests.demo import Demo, running_demo
from tests.live import Page as LivePage
from tests.live import page_at
from tests.media import wait_until
from tests.namespaces import script_at
from web.demo import scenario
from web.demo.room import Look, Room
from web.demo.voice import speak

SIZE = (1440, 900)
SPARE = scenario.SPARE[0]
TURN_S = 10
"""Long enough for a chapter that can be seen."""


PLAY_FROM_S = 6
DESKS = {"chair": (1180, 820), "display": (1920, 1080)}
"""A tablet, a wall."""
CAPTIONS = (
    "Kính thưa Thường trực HĐND tỉnh, cử tri Tủa Chùa phản ánh",
    "nhiều công trình cấp nước hư hỏng từ mùa mưa chưa được sửa chữa.",
)
ALL_VIDEOS_SHOW = "() => [...document.querySelectorAll('video')].every(v => v.readyState >= 2)"
SETTLE_S = 8
CALM_S = 75
"""Until the last minute's pictures were in time: a machine that starts Chromium is late, and the
operator's page says so."""


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
    await page.screenshot(path=folder / f"{name}.png", timeout=90_000)
    print(folder / f"{name}.png", flush=True)


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
    Image.fromarray(last.to_ndarray(format="rgb24")).save(folder / "program.png")
    print(folder / "program.png", flush=True)


async def hearing(demo: Demo, folder: Path, scratch: Path) -> None:
    links = demo.links
    # In an office the pages run on other computers than the server.
    aside = script_at(scratch, ["nice", "-n", "15", str(EXECUTABLE)])
    async with (
        aiohttp.ClientSession(links["base_url"]) as http,
        page_at(links["base_url"], links["session_id"], links["operator_token"]) as shown,
        chromium(room_files(scratch), size=SIZE, executable=aside) as browser,
    ):
        director = Director(http, demo)
        await shown.until(lambda view: len(view["queue"]) >= 4, "a queue", 90)
        district = await browser.new_page()
        await district.goto(join_url(demo, SPARE))
        await join_as_a_person_would(district)
        await director.say("go_live")
        await turns(director, shown, 1)
        await director.say("give_turn", delegate="thao-thi-sua", kind="speech")
        scene = {"layout": "picture-in-picture", "sources": [SPARE, "hall"]}
        await director.say("cut", scene=scene)
        await shoot(browser, links["operator_url"], folder, "operator", until=partial(calm, shown))
        await take(district, folder, "district")
        await shoot(browser, links["watch_url"], folder, "watch")
        await write_down(director)
        for name, size in DESKS.items():
            await shoot(browser, links[f"{name}_url"], folder, name, size)
        await director.say("show_overlay", name="agenda", visible=True)
        await asyncio.sleep(6)
        await program_frame(http, demo, folder)
        await director.say("show_overlay", name="agenda", visible=False)
        await director.say("end_turn")
        await turns(director, shown, 2)
        address = f"{links['base_url']}/play/{links['session_id']}#t={PLAY_FROM_S}"
        await shoot(browser, address, folder, "play")


def in_time(view: dict[str, Any]) -> bool:
    return all(alarm["code"] != "late_frames" for alarm in view["alarms"])


async def calm(shown: LivePage) -> None:
    try:
        await shown.until(in_time, "a machine that keeps up", CALM_S)
    except TimeoutError:
        print("two cores with other work: the operator's page says that pictures are late")


async def write_down(director: Director) -> None:
    """As a clerk would have by now."""
    for line in CAPTIONS:
        await director.say("type_caption", text=line)


async def shoot(
    browser: Chromium,
    url: str,
    folder: Path,
    name: str,
    size: tuple[int, int] = SIZE,
    until: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """One page at a time: several at once would slow down the hearing that they show."""
    page = await browser.new_page()
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await page.goto(url)
    await page.wait_for_function(ALL_VIDEOS_SHOW, timeout=60_000)
    await asyncio.sleep(SETTLE_S)
    if until is not None:
        await until()
    await take(page, folder, name)
    await page.close()


async def turns(director: Director, shown: LivePage, count: int) -> None:
    """Calls and ends that many, each long enough to be a chapter."""
    for _ in range(count):
        await director.say("call_next")
        await asyncio.sleep(TURN_S)
        await director.say("end_turn")
        await wait_until(lambda: not shown.view.get("floor"), "the turn's end")
        await asyncio.sleep(2)


def join_url(demo: Demo, site: str) -> str:
    return str(next(row["join_url"] for row in demo.links["sites"] if row["id"] == site))


def room_files(folder: Path) -> tuple[Path, Path]:
    """A drawn room for the browser's camera, so that the district looks like one."""
    look = Look(
        "Điểm cầu huyện Tủa Chùa", "H. Tủa Chùa", (214, 206, 190), (46, 92, 60), (52, 40, 66),
        long_hair=True,
    )  # fmt: skip
    room, speech = Room(look), speak(200, 9, 8)
    frames = [
        room.frame(960, 540, f"09:15:{n // FPS:02d}", n, mouth_open=speech.mouth_at(n / FPS))
        .to_ndarray()
        .astype(np.uint8, copy=False)
        for n in range(8 * FPS)
    ]
    video = media.write_y4m(folder / "room.y4m", 960, 540, FPS, frames)
    decoder = av.CodecContext.create("libopus", "r")
    sound = [
        media.samples_of(frame)
        for packet in speech.packets
        for frame in decoder.decode(av.Packet(packet))
    ]
    return video, media.write_wav(folder / "room.wav", np.concatenate(sound))


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, running_demo(Path(scratch)) as demo:
        asyncio.run(hearing(demo, folder, Path(scratch)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
