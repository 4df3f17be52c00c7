"""The relay and then the studio are killed under open pages: the pages return by themselves."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.chromium import camera_files, chromium, join_as_a_person_would, signed_in
from tests.live import page
from tests.media import wait_until
from tests.peers import watching
from tests.server import FEW_PICTURES, LEFT, Server

PLAYED = "video => video.getVideoPlaybackQuality().totalVideoFrames"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("return"), FEW_PICTURES) as server:
        yield server


async def on_air_again(server: Server) -> None:
    """The district's picture is in the public's program, made after this moment."""
    async with watching(server.url(f"/whep/{server.session}")) as public:
        marks: set[int] = set()

        def moves() -> bool:
            mark = public.mark()
            if mark is not None:
                marks.add(mark.number)
            return len(marks) > 20

        await wait_until(moves, "the district's moving picture")


def test_pages_return_by_themselves(server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            chromium(camera_files(tmp_path, 1, 700)) as browser,
            page(server) as shown,
        ):
            district, operator = await browser.new_page(), await browser.new_page()
            await district.goto(server.join_url(LEFT))
            await join_as_a_person_would(district)
            await signed_in(operator, server.operator_url)
            await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "the district")
            server.command("go_live")
            server.command("give_turn", delegate="lay-1", kind="speech")
            await on_air_again(server)
            for victim in ("relay", "studio"):
                before = shown.snapshots
                pid = server.kill(victim)
                await asyncio.to_thread(server.wait_for_child, victim, pid)
                if victim == "relay":
                    await wait_until(lambda n=before: shown.snapshots > n, "a snapshot")
                await shown.until(
                    lambda _: shown.site(LEFT)["video"] == "ok", f"the district after {victim}"
                )
                await on_air_again(server)
                await pages_are_back(operator, district)

    asyncio.run(story())


async def pages_are_back(operator: Page, district: Page) -> None:
    await expect(operator.get_by_test_id("connection-lost")).to_have_text("")
    await expect(operator.get_by_test_id("floor-name")).to_contain_text("Điêu")
    await expect(district.get_by_test_id("room")).to_have_attribute("data-standing", "on-air")
    feed = district.get_by_test_id("return-feed")
    played = await feed.evaluate(PLAYED)

    async def goes_on() -> bool:
        return bool(await feed.evaluate(PLAYED) > played + 20)

    await wait_until(goes_on, "the district's return feed")
