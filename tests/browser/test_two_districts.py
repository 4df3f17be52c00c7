"""Two districts join in real Chromium by the real page; the program is read back and measured.

Each browser's camera is a file whose frames say who they are, its microphone a beep of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest
from playwright.async_api import Page as BrowserPage

from broadcast.layout import Layout, seats_of
from streams.frames import SiteId
from tests import hls, media
from tests.chromium import camera_files, chromium, complaints, join_as_a_person_would
from tests.live import Page, page
from tests.media import wait_until
from tests.peers import Watched, watching
from tests.server import HALL, LEFT, RIGHT, Server

HZ = {LEFT: 700.0, RIGHT: 1300.0}
NUMBER = {LEFT: 1, RIGHT: 2}
CUTS = (LEFT, RIGHT) * 2
WHOLE = "640x360"
"""What a district sends before it is on air; else less."""
HEARD_DBFS, SILENT_DBFS, MINUS_DB = -36, -60, 30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("districts")) as server:
        yield server


@dataclass(frozen=True, slots=True)
class District:
    tab: BrowserPage
    complaints: list[str]


@asynccontextmanager
async def district(server: Server, site: SiteId, folder: Path) -> AsyncIterator[District]:
    """In a browser of its own, joined, until left."""
    async with chromium(camera_files(folder, NUMBER[site], HZ[site])) as browser:
        tab = await browser.new_page()
        found = complaints(tab)
        await tab.goto(server.join_url(site))
        await join_as_a_person_would(tab)
        yield District(tab, found)


async def shows(watched: Watched, rect: media.Rect, site: SiteId) -> None:
    await wait_until(lambda: watched.shows(NUMBER[site], rect), f"{site} in {rect}")


def heard(watched: Watched, site: SiteId) -> float:
    return watched.heard(HZ[site], 2)


def leaked(watched: Watched, site: SiteId) -> float:
    return watched.leaked(HZ[site], 2)


async def hears(watched: Watched, site: SiteId) -> None:
    await wait_until(lambda: heard(watched, site) > HEARD_DBFS, f"the sound of {site}")


async def fresh_sound(*all_watched: Watched) -> None:
    """Until what is heard was made after this moment."""
    for watched in all_watched:
        watched.forget()
    await wait_until(lambda: all(len(w.sound) > 200 for w in all_watched), "sound")


async def check_layouts(server: Server, public: Watched) -> None:
    for layout in (Layout.SIDE_BY_SIDE, Layout.PICTURE_IN_PICTURE, Layout.GRID_4, Layout.GRID_9):
        server.cut(layout, RIGHT, LEFT)
        seats = seats_of(layout)
        await shows(public, seats[0], RIGHT)
        await shows(public, seats[1], LEFT)


async def cut_back_and_forth(server: Server, shown: Page, public: Watched) -> None:
    """Each from preview, once what was on air before was seen."""
    for site in CUTS:
        server.command("set_preview", scene={"layout": "full", "sources": [site]})
        await shown.until(
            lambda _, site=site: shown.site(site)["size"] == WHOLE,
            f"{site} sends all of its picture",
        )
        server.command("cut")
        await shows(public, media.WHOLE, site)
    recorded_s = shown.view["outputs"]["recorded_s"]
    await shown.until(lambda v: v["outputs"]["recorded_s"] > recorded_s + 4, "the last cut")


async def check_sound(server: Server, public: Watched) -> None:
    session, tokens = server.session, server.site_tokens
    async with (
        watching(server.url(f"/whep/{session}/{LEFT}"), tokens[LEFT]) as left,
        watching(server.url(f"/whep/{session}/{HALL}"), tokens[HALL]) as hall,
    ):
        server.command("open_microphone", site=LEFT)
        await fresh_sound(public, left, hall)
        await hears(public, LEFT)
        await hears(hall, LEFT)
        assert leaked(public, RIGHT) < SILENT_DBFS, "a closed microphone is heard"
        assert leaked(left, LEFT) < heard(hall, LEFT) - MINUS_DB, "the speaker hears himself"
        server.command("open_microphone", site=RIGHT)
        server.command("close_microphone", site=LEFT)
        await fresh_sound(public, left)
        await hears(public, RIGHT)
        await hears(left, RIGHT)
        await wait_until(lambda: heard(public, LEFT) < SILENT_DBFS, "it is closed")


async def on_air(shown: Page) -> None:
    await shown.until(
        lambda _: all(shown.site(site)["video"] == "ok" for site in (LEFT, RIGHT)),
        "both districts' pictures",
    )


def test_two_districts_in_chromium(server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            district(server, LEFT, tmp_path) as left,
            district(server, RIGHT, tmp_path) as right,
            page(server) as shown,
        ):
            await on_air(shown)
            server.command("go_live")
            server.cut("full", LEFT)
            async with watching(server.url(f"/whep/{server.session}")) as public:
                await shows(public, media.WHOLE, LEFT)
                await check_layouts(server, public)
                await check_sound(server, public)
                await cut_back_and_forth(server, shown, public)
            assert left.complaints == []
            assert right.complaints == []

    asyncio.run(story())
    check_cuts_in_the_recording(server)


def check_cuts_in_the_recording(server: Server) -> None:
    """Each is there. That it is on the next frame: `tests/broadcast/studio/test_program.py`."""
    recording = hls.served(server, "live")
    assert hls.faults(recording) == []
    marks = [mark for segment in recording.segments for _, mark in segment.clip().marks()]
    shown = [number for number, _ in groupby(mark.site for mark in marks if mark)]
    assert shown[-len(CUTS) :] == [NUMBER[site] for site in CUTS]
