"""What somebody sees and hears whose browser has no H.264, or no AAC either: a Chromium that a
distribution built without them, a Firefox on a system that has none."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from broadcast.session.model import Role
from tests.browser.test_district import KNOWS_ONLY
from tests.chromium import camera_files, chromium, join_as_a_person_would, signed_in
from tests.media import wait_until
from tests.peers import publishing
from tests.server import LEFT, RIGHT, Server

CANNOT = """const real = MediaSource.isTypeSupported;
MediaSource.isTypeSupported = (type) =>
  !%s.some((one) => type.includes(one)) && real.call(MediaSource, type);"""
"""hls.js asks the same, and plays what is left of the list."""
NO_H264, NEITHER = '["avc1"]', '["avc1", "mp4a"]'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("lacking")) as server:
        yield server


async def is_heard(player: Locator) -> None:
    """Two more seconds of it."""
    at = "(player) => player.currentTime"
    await player.wait_for()
    began = await player.evaluate(at)

    async def further() -> bool:
        return bool(await player.evaluate(at) > began + 2)

    await wait_until(further, "sound")


async def lacking(tab: Page, formats: str, pictures: str = '["video/VP8"]') -> Page:
    await tab.add_init_script(CANNOT % formats)
    await tab.add_init_script(KNOWS_ONLY % pictures)
    return tab


def test_a_browser_without_our_formats_says_so_and_lets_hear_what_it_can(server: Server) -> None:
    async def story() -> None:
        watch = server.url(f"/watch/{server.session}")
        play = server.url(f"/play/{server.session}")
        async with (
            chromium() as browser,
            publishing(server.url(f"/whip/{LEFT}"), server.site_tokens[LEFT], 1, 700),
        ):
            server.command("go_live")
            server.cut("full", LEFT)
            for formats in (NO_H264, NEITHER):
                tab = await lacking(await browser.new_page(), formats)
                await tab.goto(watch)
                await expect(tab.locator(".stage")).to_contain_text("Chrome, Edge")
                await expect(tab.get_by_test_id("quick")).to_have_count(0)
                await is_heard(tab.get_by_test_id("sound-player"))
                await expect(tab.locator(".sound-state")).to_be_empty()
                await tab.close()
            # Firefox plays by WebRTC what it cannot play as a list, once it has OpenH264.
            other = await lacking(await browser.new_page(), NEITHER, '["video/H264"]')
            await other.goto(watch)
            await is_heard(other.get_by_test_id("quick-player"))
            await expect(other.get_by_test_id("quick")).to_be_checked()
            await other.close()
            hears = await lacking(await browser.new_page(), NO_H264)
            await hears.goto(play)
            await expect(hears.get_by_test_id("no-picture")).to_contain_text("nghe được tiếng")
            await hears.get_by_test_id("player").evaluate("(video) => video.play()")
            await is_heard(hears.get_by_test_id("player"))
            await hears.close()
            mute = await lacking(await browser.new_page(), NEITHER)
            await mute.goto(play)
            await expect(mute.get_by_test_id("no-picture")).to_contain_text("Chrome, Edge")
            await expect(mute.get_by_test_id("chapter").first).to_be_visible()
            await expect(mute.get_by_test_id("player")).to_have_count(0)
            await expect(mute.get_by_test_id("download")).to_have_count(0)
            await signed_in(mute, server.link(Role.OPERATOR))
            await mute.goto(play)
            await expect(mute.get_by_test_id("download")).to_be_visible()

    asyncio.run(story())


def test_a_district_without_h264_hears_the_session(server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        async with chromium(camera_files(tmp_path, 1, 700)) as browser:
            tab = await browser.new_page()
            await tab.add_init_script(KNOWS_ONLY % '["video/VP8"]')
            await tab.goto(server.join_url(RIGHT))
            await join_as_a_person_would(tab)
            await is_heard(tab.get_by_test_id("return-feed"))

    asyncio.run(story())
