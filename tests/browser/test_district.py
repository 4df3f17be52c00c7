"""The page of a district when something is not as it should be: plain words, and what to do."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urldefrag

import pytest
from playwright.async_api import expect

from tests.chromium import chromium, join_as_a_person_would
from tests.peers import publishing
from tests.server import LEFT, RIGHT, Server

SLOW_MS = 20_000
expect.set_options(timeout=SLOW_MS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("district")) as server:
        yield server


def test_devices_that_are_refused_are_explained(server: Server) -> None:
    async def story() -> None:
        async with chromium(allows=False) as browser:
            tab = await browser.new_page()
            await tab.goto(server.join_url(LEFT))
            await expect(tab.get_by_test_id("camera-trouble")).to_contain_text("chưa được phép")
            await expect(tab.get_by_test_id("microphone-trouble")).to_contain_text("Cho phép")
            await expect(tab.get_by_test_id("join")).to_be_disabled()

    asyncio.run(story())


def test_links_that_do_not_open(server: Server) -> None:
    """Without its secret, with another's, and with a good one: it never stays in the address."""

    async def story() -> None:
        async with chromium() as browser:
            tab = await browser.new_page()
            bare = urldefrag(server.join_url(LEFT)).url
            await tab.goto(bare)
            await expect(tab.get_by_test_id("stop")).to_contain_text("phòng điều khiển")
            await tab.goto("about:blank")
            await tab.goto(f"{bare}#{server.site_tokens[RIGHT][:-3]}xyz")
            await join_as_a_person_would(tab)
            await expect(tab.get_by_test_id("stop")).to_contain_text("phòng điều khiển")
            await tab.goto("about:blank")
            await tab.goto(server.join_url(LEFT))
            await expect(tab.get_by_test_id("device-test")).to_be_visible()
            assert tab.url == bare

    asyncio.run(story())


def test_a_seat_that_is_taken_is_told_and_taken_over_when_free(server: Server) -> None:
    async def story() -> None:
        whip, token = server.url(f"/whip/{LEFT}"), server.site_tokens[LEFT]
        async with chromium() as browser:
            tab = await browser.new_page()
            async with publishing(whip, token, 1, 700):
                await tab.goto(server.join_url(LEFT))
                await join_as_a_person_would(tab)
                await expect(tab.get_by_test_id("line-lost")).to_be_visible()
            await expect(tab.get_by_test_id("line")).to_contain_text("tốt")
            await expect(tab.get_by_test_id("line-lost")).to_have_count(0)
            await expect(tab.get_by_test_id("own-microphone")).to_have_attribute(
                "data-state", "closed"
            )

    asyncio.run(story())
