"""The operator's page through a whole day without a reload: fifty sites, all that is said and done
in eight hours, meters, stills, and dialogs opened and closed; it takes no memory.

The page and the relay are real. The studio is a few lines that say in minutes what one says in a
day; sites are what it says of them.
"""

import asyncio
import io
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import CDPSession, Page, expect

from broadcast.session.model import Role
from config.settings import Settings, socket_path
from streams.frames import SiteId
from streams.wire import Kind, Message, Note, Still, encode
from tests import day
from tests.chromium import chromium, complaints
from tests.web.rig import SESSION, Rig, now_ms, relay, settings_in
from web.setup import open_store

LOOKS = 8
"""In each turn, of the relay at its lines: each changes every tile. In life there are 180."""
SEEN = 10
"""Sites whose picture comes with each."""
MEASURED = 20
"""Turns from one measuring to the next."""
SHOWN = """async (frames) => {
  const {view} = await import("/static/state.js");
  while (!(view.value?.outputs.frames >= frames)) await new Promise((soon) => setTimeout(soon, 5));
}"""
DIALOGS = (
    ("chat-open", "Escape"),
    (f"line-{day.SITES[7].id}", "Escape"),
    ("player-open", "Escape"),
    ("help-open", "Escape"),
)
HEAP_MB, NODES, LISTENERS = 1.0, 150, 100
"""What the second half of the day may add. In the first, each tile has once had all that a tile can
have; Preact keeps the last of each."""


WRITTEN = {"type_caption", "write_note", "send_message", "note_promise"}


class Size(NamedTuple):
    """Of a page, after its garbage was collected."""

    heap_mb: float
    nodes: int
    listeners: int
    browser_mb: float
    """All processes of the browser, what is theirs alone."""


class Studio:
    """Says what a studio says, of sites whose lines tremble."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._dice = random.Random(1)
        self.frames = 0
        self._stills = [_still(number) for number in range(40)]

    async def say(self, *messages: Message) -> None:
        self._writer.write(b"".join(map(encode, messages)))
        await self._writer.drain()

    async def look(self) -> None:
        """The status, five meters, some sites' pictures and the preview's."""
        self.frames += 1
        meters = [Note(Kind.LEVELS, {"levels": self._levels()}) for _ in range(5)]
        some = self._dice.sample(day.SITES, SEEN)
        stills = [Still(str(one.id), self._dice.choice(self._stills)) for one in some]
        preview = Still("@preview", self._dice.choice(self._stills))
        await self.say(Note(Kind.STATUS, self._status()), *meters, *stills, preview)

    def _levels(self) -> dict[SiteId, float]:
        return {one.id: round(self._dice.uniform(-60, -10), 1) for one in day.SITES}

    def _status(self) -> dict[str, object]:
        sites, dice = [one.id for one in day.SITES], self._dice
        return {
            "recording": True,
            "recorded_s": self.frames / 2,
            "recorded_bytes": self.frames * 200_000,
            "disk_free_bytes": 400_000_000_000 - self.frames * 200_000,
            "frames": self.frames,
            "cameras": [self._camera(site) for site in sites],
            "speaking": dice.sample(sites, 2),
            "signs": {dice.choice(sites): ["silent"]},
        }

    def _camera(self, site: SiteId) -> dict[str, object]:
        dice = self._dice
        alive = dice.random() > 0.002
        return {
            "site": site,
            "since_ns": 1 if alive else 0,
            "width": 320,
            "height": 180,
            "bitrate_bps": dice.uniform(80e3, 200e3),
            "fps": 10.0,
            "video_alive": alive,
            "audio_alive": alive,
        }


def _still(number: int) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 255, (9, 16, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((256, 144)).save(file, "JPEG", quality=75)
    return file.getvalue()


@asynccontextmanager
async def studio(settings: Settings) -> AsyncIterator[Studio]:
    reader, writer = await asyncio.open_unix_connection(socket_path(settings.storage))
    hearing = asyncio.create_task(_heard(reader))
    try:
        yield Studio(writer)
    finally:
        hearing.cancel()
        writer.close()


async def _heard(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass


async def sized(tab: Page, devtools: CDPSession) -> Size:
    for _ in range(3):
        await devtools.send("HeapProfiler.collectGarbage")
    told = await devtools.send("Performance.getMetrics")
    figures = {one["name"]: one["value"] for one in told["metrics"]}
    heap_mb = figures["JSHeapUsedSize"] / 1e6
    nodes, listeners = int(figures["Nodes"]), int(figures["JSEventListeners"])
    return Size(heap_mb, nodes, listeners, browser_mb())


def browser_mb() -> float:
    """What this test's Chromium has for itself."""
    parents, sizes = dict[int, int](), dict[int, float]()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
            parents[int(folder.name)] = int(rest.split()[1])
            if name.startswith("chrom"):
                lines = (folder / "smaps_rollup").read_text().splitlines()
                own = next(line for line in lines if line.startswith("Pss_Anon:"))
                sizes[int(folder.name)] = int(own.split()[1]) / 1000
        except (OSError, StopIteration):
            continue
    return sum(mb for pid, mb in sizes.items() if _ours(pid, parents))


def _ours(pid: int, parents: dict[int, int]) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = parents.get(pid, 0)
    return False


async def given(rig: Rig, wish: dict[str, Any]) -> None:
    """By the clerk what clerks do, by the operator the rest, as fast as the server lets them."""
    role = Role.CLERK if wish["type"] in WRITTEN else Role.OPERATOR
    token, type_ = rig.tokens.issue_token(role, SESSION), wish.pop("type")
    while (answer := await rig.command(type_, token=token, **wish))[0] == 429:
        await asyncio.sleep(0.2)
    assert answer[0] == 200, answer


async def directed(tab: Page, rig: Rig, said: Studio, number: int) -> None:
    """A turn, what the studio says meanwhile, and a dialog."""
    for place, wish in enumerate(day.turn(number)):
        if place < LOOKS:
            await said.look()
            await tab.evaluate(SHOWN, said.frames)
        await given(rig, wish)
    name, key = DIALOGS[number % len(DIALOGS)]
    await tab.get_by_test_id(name).click()
    await expect(tab.locator("dialog[open]")).to_be_visible()
    await tab.keyboard.press(key)
    await expect(tab.locator("dialog[open]")).to_have_count(0)


@pytest.mark.soak
def test_the_operators_page_keeps_for_a_day(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with open_store(settings) as store:
        day.prepare(store, SESSION, now_ms())

    async def story() -> list[Size]:
        async with (
            relay(settings) as rig,
            studio(settings) as said,
            chromium(size=(1920, 1080)) as browser,
        ):
            tab = await browser.new_page()
            troubles = complaints(tab)
            await tab.goto(rig.url(f"/sign-in?next=/operator/{SESSION}#token={rig.operator}"))
            await expect(tab.locator(".tile")).to_have_count(len(day.SITES))
            devtools = await tab.context.new_cdp_session(tab)
            await devtools.send("Performance.enable")
            status, answer = await rig.command("go_live")
            assert status == 200, answer
            sizes = list[Size]()
            for number in range(day.TURNS):
                await directed(tab, rig, said, number)
                if number % MEASURED == MEASURED - 1:
                    sizes.append(await sized(tab, devtools))
            assert troubles == []
            return sizes

    began = time.monotonic()
    sizes = asyncio.run(story())
    first, last = sizes[len(sizes) // 2 - 1], sizes[-1]
    sys.stdout.write(
        f"{day.TURNS} turns of a day in {(time.monotonic() - began) / 60:.1f} minutes: {sizes[0]} "
        f"after {MEASURED}, {first} after half of it, {last} at the end\n"
    )
    assert last.heap_mb - first.heap_mb < HEAP_MB, sizes
    assert last.nodes - first.nodes < NODES, sizes
    assert last.listeners - first.listeners < LISTENERS, sizes
