"""A district tests its line before it joins, and the control room sees it: real Chromium."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, Route, expect

from tests.chromium import chromium, complaints, join_as_a_person_would
from tests.media import wait_until
from tests.server import LEFT, RIGHT, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("line")) as server:
        yield server


IN_SIGHT = """(one) => {
  const {x, width, bottom} = one.getBoundingClientRect();
  return one.contains(document.elementFromPoint(x + width / 2, bottom - 4));
}"""


async def press_the_button(tab: Page, url: str) -> None:
    """Opens the page and presses the button, as a person would, who then sees the answer."""
    await tab.goto(url)
    await tab.get_by_test_id("line-test-start").click()
    await expect(tab.get_by_test_id("line-test-start")).to_be_disabled()
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
            await panel.goto(server.operator_url)
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
    """Figures both ways, the test, ten minutes, the switch for noise; a key closes it."""
    await panel.get_by_test_id(f"line-{LEFT}").click()
    await expect(panel.get_by_test_id("line-tested")).to_contain_text("Tự thử")
    await expect(panel.get_by_test_id("both-ways")).to_contain_text("×180")
    history = panel.get_by_test_id("line-history")
    await expect(history.locator("figure")).to_have_count(3)
    await expect(history.locator("[data-line]").first).to_be_attached()
    noise = panel.get_by_test_id("noise-suppression")
    await noise.click()
    await expect(noise).to_have_attribute("aria-pressed", "true")
    await panel.keyboard.press("Escape")
    await expect(panel.get_by_test_id("line-dialog")).to_have_count(0)
    await expect(panel.get_by_test_id(f"site-{LEFT}")).to_contain_text("Khử ồn")
