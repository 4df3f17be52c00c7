"""One click on the operator's page: microphone, picture, lower third, clock, chapter, tally.

The program is read back to see it, the site's page and the public's page are looked at; ending
the turn undoes all of it.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Page as BrowserPage
from playwright.async_api import expect

from broadcast.layout import Rect
from tests.chromium import camera_files, chromium, complaints, join_as_a_person_would, signed_in
from tests.live import Page, page
from tests.media import wait_until
from tests.peers import Watched, publishing, watching
from tests.server import FEW_PICTURES, HALL, LEFT, Server

LOWER_THIRD = Rect(0.05, 0.75, 0.3, 0.19)
CLOCK = Rect(0.77, 0.8, 0.17, 0.14)
HZ = 700.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("click"), FEW_PICTURES) as server:
        yield server


def has_graphics(watched: Watched, rect: Rect) -> bool:
    """Whether something is drawn there: the marked pictures are plain below their code."""
    picture = watched.pictures[-1][1]
    height, width = picture.shape
    part = picture[
        int(rect.y * height) : int((rect.y + rect.height) * height),
        int(rect.x * width) : int((rect.x + rect.width) * width),
    ]
    return bool(np.ptp(part) > 60)


async def has_none(watched: Watched) -> None:
    await wait_until(lambda: not has_graphics(watched, LOWER_THIRD), "no lower third")
    await wait_until(lambda: not has_graphics(watched, CLOCK), "no clock")


async def shows_site(watched: Watched, number: int) -> None:
    await wait_until(lambda: watched.shows(number), f"site {number} on air")


def test_call_next_and_end_turn(server: Server, tmp_path: Any) -> None:
    async def story() -> None:
        hall = publishing(server.url(f"/whip/{HALL}"), server.site_tokens[HALL], 3, 300)
        async with (
            hall,
            chromium(camera_files(tmp_path, 1, HZ)) as browser,
            page(server) as shown,
            watching(server.url(f"/whep/{server.session}")) as public,
        ):
            district, operator, watch = [await browser.new_page() for _ in range(3)]
            troubles = [complaints(tab) for tab in (district, operator, watch)]
            await district.goto(server.join_url(LEFT))
            await join_as_a_person_would(district)
            await signed_in(operator, server.operator_url)
            await watch.goto(server.url(f"/watch/{server.session}"))
            await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "the district")
            await go_live_by_hand(operator)
            server.cut("full", HALL)
            server.command("open_microphone", site=HALL)
            await shows_site(public, 3)
            await shown.until(lambda _: sends(shown, "320x180"), "a small picture")
            await ask_to_speak(district)
            await shown.until(lambda _: sends(shown, "640x360"), "the whole one before the cut")
            arrived = operator.get_by_test_id(f"arriving-{LEFT}")
            await expect(arrived).to_have_text("360p")
            await expect(arrived).to_have_attribute("data-rising", "false")
            await call_and_check(operator, district, watch, public, shown)
            await end_and_check(operator, district, watch, public, shown)
            # The page of the public asks for the playlist until the first segment is there.
            assert [row for rows in troubles for row in rows if "404" not in row] == []
        chapters = server.get(f"/api/v1/sessions/{server.session}/chapters").json()["chapters"]
        (turn,) = [chapter for chapter in chapters if chapter["kind"] == "turn"]
        assert "Điêu Thị Xuân" in turn["title"]
        assert turn["end_s"] > turn["start_s"] > 0

    asyncio.run(story())


def sends(shown: Page, size: str) -> bool:
    """As the panel is told."""
    return bool(shown.site(LEFT)["size"] == size)


async def go_live_by_hand(operator: BrowserPage) -> None:
    await operator.get_by_test_id("go_live").click()
    await operator.get_by_test_id("confirm-do").click()


async def ask_to_speak(district: BrowserPage) -> None:
    await district.get_by_test_id("who-lay-1").check()
    await district.get_by_test_id("ask-speech").click()
    await expect(district.get_by_test_id("place")).to_contain_text("Điêu Thị Xuân")


async def call_and_check(
    operator: BrowserPage,
    district: BrowserPage,
    watch: BrowserPage,
    public: Watched,
    shown: Page,
) -> None:
    await has_none(public)
    await operator.get_by_test_id("call_next").click()
    await shows_site(public, 1)
    await wait_until(lambda: has_graphics(public, LOWER_THIRD), "the lower third")
    await wait_until(lambda: has_graphics(public, CLOCK), "the clock")
    await wait_until(lambda: public.heard(HZ) > -36, "the speaker's tone")
    room = district.get_by_test_id("room")
    await expect(room).to_have_attribute("data-standing", "on-air")
    await expect(district.get_by_test_id("standing")).to_contain_text("ĐANG PHÁT")
    await expect(district.get_by_test_id("own-clock")).to_contain_text(re.compile("[0-6]:[0-5]"))
    await expect(operator.get_by_test_id("floor-name")).to_contain_text("Điêu Thị Xuân")
    await expect(watch.get_by_test_id("speaking")).to_contain_text("Điêu Thị Xuân")
    await shown.until(lambda _: shown.site(LEFT)["microphone_open"], "it is open")
    await shown.until(lambda _: shown.site(LEFT)["tally"] == "program", "it is on air")


async def end_and_check(
    operator: BrowserPage,
    district: BrowserPage,
    watch: BrowserPage,
    public: Watched,
    shown: Page,
) -> None:
    await operator.get_by_test_id("end_turn").click()
    await shows_site(public, 3)
    await has_none(public)
    await wait_until(lambda: public.heard(HZ) < -60, "the tone's end")
    await wait_until(lambda: public.heard(300) > -36, "the hall to be heard as before")
    await expect(watch.get_by_test_id("speaking")).to_have_count(0)
    await shown.until(lambda _: not shown.site(LEFT)["microphone_open"], "it is closed")
    await shown.until(lambda view: view.get("floor") is None, "nobody has the floor")
    await expect(district.get_by_test_id("standing")).not_to_contain_text("ĐANG PHÁT")
