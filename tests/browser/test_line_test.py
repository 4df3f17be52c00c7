"""A district tests its line before it joins, and the control room sees it; and on the site's tile,
what is wrong with what comes: real Chromium."""

import asyncio
import re
from collections.abc import Iterator
from typing import Literal

import av
import pytest
from playwright.async_api import Page, Route, expect

from streams.frames import SiteId
from tests.chromium import chromium, complaints, join_as_a_person_would, signed_in
from tests.media import wait_until
from tests.peers import Beeper, MarkedCamera, publishing_tracks
from tests.server import FEW_PICTURES, HALL, LEFT, RIGHT, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("line"), FEW_PICTURES) as server:
        yield server


IN_SIGHT = """(one) => {
  const {x, width, bottom} = one.getBoundingClientRect();
  return one.contains(document.elementFromPoint(x + width / 2, bottom - 4));
}"""


async def press_the_button(tab: Page, url: str) -> None:
    """Opens the page and presses the button, as a person would, who then sees the answer."""
    await tab.goto(url)
    start = tab.get_by_test_id("line-test-start")
    await start.focus()  # as Tab does
    await wait_until(lambda: start.evaluate(IN_SIGHT), "what has the keys above the bar")
    await start.click()
    await expect(start).to_be_disabled()
    verdict = tab.get_by_test_id("line-verdict")
    await expect(verdict).to_be_visible()
    await wait_until(lambda: verdict.evaluate(IN_SIGHT), "above the bar")


def test_a_line_is_tested_and_the_control_room_told(server: Server) -> None:
    """And beside it a network that blocks pictures and sound: each test takes ten seconds."""

    async def story() -> None:
        async with chromium() as browser:
            good, blocked = await browser.new_page(), await browser.new_page()
            await asyncio.gather(
                a_line_that_carries(good, server), a_network_that_blocks(blocked, server)
            )
            panel = await browser.new_page()
            await signed_in(panel, server.operator_url)
            await check_the_dialog(panel)

    asyncio.run(story())


async def a_line_that_carries(tab: Page, server: Server) -> None:
    troubles = complaints(tab)
    await press_the_button(tab, server.join_url(LEFT))
    # This machine may be too busy for a good one, but it is a line that can be used.
    verdict = tab.get_by_test_id("line-verdict")
    await expect(verdict).to_have_attribute("data-verdict", re.compile("good|fair|poor"))
    await expect(tab.get_by_test_id("line-test")).to_contain_text("bit/s")
    await join_as_a_person_would(tab)
    assert troubles == []


async def a_network_that_blocks(tab: Page, server: Server) -> None:
    """Its packets go to a port where nobody is; that is explained, and it may join all the same."""

    async def elsewhere(route: Route) -> None:
        answer = await route.fetch()
        text = re.sub(r" \d+ typ host", " 9 typ host", await answer.text())
        await route.fulfill(response=answer, body=text)

    await tab.route("**/whip/*/echo", elsewhere)
    await press_the_button(tab, server.join_url(RIGHT))
    await expect(tab.get_by_test_id("line-verdict")).to_have_attribute("data-verdict", "none")
    await expect(tab.get_by_test_id("line-test")).to_contain_text("UDP")
    await expect(tab.get_by_test_id("join")).to_be_enabled()


async def check_the_dialog(panel: Page) -> None:
    """Figures both ways, the test, ten minutes, noise and lips; a key closes it."""
    await panel.get_by_test_id(f"line-{LEFT}").click()
    await expect(panel.get_by_test_id("line-tested")).to_contain_text("Tự thử")
    await expect(panel.get_by_test_id("both-ways")).to_contain_text("×180")
    history = panel.get_by_test_id("line-history")
    await expect(history.locator("figure")).to_have_count(3)
    await expect(history.locator("[data-line]").first).to_be_attached()
    noise = panel.get_by_test_id("noise-suppression")
    await noise.click()
    await expect(noise).to_have_attribute("aria-pressed", "true")
    shift = panel.get_by_test_id("sound-shift")
    await expect(shift).to_contain_text("Không chỉnh")
    await panel.get_by_test_id("delay-picture").click()
    await expect(shift).to_contain_text("Hình chậm thêm 20 ms")
    for words in ("Không chỉnh", "Tiếng chậm thêm 20 ms"):
        await panel.get_by_test_id("delay-sound").click()
        await expect(shift).to_contain_text(words)
    await panel.keyboard.press("Escape")
    await expect(panel.get_by_test_id("line-dialog")).to_have_count(0)
    await expect(panel.get_by_test_id(f"site-{LEFT}")).to_contain_text("Khử ồn")


class FailingCamera(MarkedCamera):
    """Well, until it is covered, or hangs; and again when it is well."""

    state: Literal["well", "black", "frozen"] = "well"

    def __init__(self, site: int) -> None:
        self._number = 0
        super().__init__(site, clock=self._count_on)

    def _count_on(self, _: float) -> int:
        self._number += self.state == "well"
        return self._number

    async def recv(self) -> av.VideoFrame:
        frame = await super().recv()
        if self.state == "black":
            for plane, level in zip(frame.planes, (16, 128, 128), strict=True):
                plane.update(bytes([level]) * plane.buffer_size)
        return frame


class FailingMicrophone(Beeper):
    """Sends on when it is switched off: nothing that could be heard."""

    on = True

    async def recv(self) -> av.AudioFrame:
        frame = await super().recv()
        if not self.on:
            frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        return frame


MARKS = {
    HALL: ["Hình đứng", "Không có tiếng"],
    RIGHT: ["Hình đen", "Không có tiếng"],
}
"""In the operator's words, of a camera that hangs and of one that is covered."""


def door(server: Server, site: SiteId) -> tuple[str, str]:
    return server.url(f"/whip/{site}"), server.site_tokens[site]


def test_what_is_wrong_with_what_comes_is_marked_while_it_is_so(server: Server) -> None:
    """A black and a standing picture, and silence: the line is good all the while."""
    cameras = {HALL: FailingCamera(1), RIGHT: FailingCamera(2)}
    microphones = {HALL: FailingMicrophone(700), RIGHT: FailingMicrophone(1100)}

    async def story() -> None:
        async with (
            publishing_tracks(*door(server, HALL), cameras[HALL], microphones[HALL]),
            publishing_tracks(*door(server, RIGHT), cameras[RIGHT], microphones[RIGHT]),
            chromium() as browser,
        ):
            panel = await browser.new_page()
            await signed_in(panel, server.operator_url)
            tiles = {site: panel.get_by_test_id(f"site-{site}") for site in MARKS}
            signs = {site: tile.locator(".signs") for site, tile in tiles.items()}
            for tile, sign in zip(tiles.values(), signs.values(), strict=True):
                await expect(tile).to_have_attribute("data-video", "ok")
                await expect(sign).to_have_count(0)
            cameras[HALL].state, cameras[RIGHT].state = "frozen", "black"
            for microphone in microphones.values():
                microphone.on = False
            for site, marks in MARKS.items():
                await expect(signs[site].locator("span")).to_have_text(marks)
                await expect(signs[site]).to_be_in_viewport(ratio=1)
            for site in MARKS:
                cameras[site].state, microphones[site].on = "well", True
            for tile, sign in zip(tiles.values(), signs.values(), strict=True):
                await expect(sign).to_have_count(0)
                await expect(tile).to_have_attribute("data-video", "ok")

    asyncio.run(story())
