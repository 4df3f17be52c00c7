"""A district's line is away for ten seconds: picture and sound go on by themselves, at once, with
the same keys and in the same seat. Real Chromium, in a network of its own."""

import asyncio
import re
import time
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.chromium import camera_files, chromium, join_as_a_person_would
from tests.live import page
from tests.media import wait_until
from tests.own_network import no_udp, no_udp_from, own_network, udp_ports
from tests.server import LEFT, Server

pytestmark = pytest.mark.alone
AWAY_S = 10.0
BACK_S = 2.0
SLOW_MS = 30_000
PLAYED = "video => video.getVideoPlaybackQuality().totalVideoFrames"


async def moves(feed: Locator) -> None:
    """Until the return feed shows new pictures."""
    before = await feed.evaluate(PLAYED)
    await wait_until(lambda: _more(feed, before + 2), "the return feed")


async def _more(feed: Locator, than: int) -> bool:
    return bool(await feed.evaluate(PLAYED) > than)


def handshakes(server: Server) -> str:
    told = server.get("/metrics").body.decode()
    found = re.search(r"^diemcau_port_handshakes_total (\S+)", told, re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.timeout(180)
def test_a_line_that_was_away_goes_on_at_once(tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        async with (
            chromium(camera_files(tmp_path, 1, 700)) as browser,
            page(server) as shown,
        ):
            tab = await browser.new_page()
            await tab.goto(server.join_url(LEFT))
            await join_as_a_person_would(tab)
            await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "the district", 60)
            feed = tab.get_by_test_id("return-feed")
            await moves(feed)
            before = handshakes(server)
            with no_udp():
                away_s = time.monotonic()
                await expect(tab.get_by_test_id("line-lost")).to_be_visible(timeout=SLOW_MS)
                await shown.until(lambda _: shown.site(LEFT)["line"] == "lost", "the panel's word")
                await asyncio.sleep(max(0, away_s + AWAY_S - time.monotonic()))
            back_s = time.monotonic()
            await moves(feed)
            assert time.monotonic() - back_s < BACK_S
            await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "its picture")
            assert time.monotonic() - back_s < BACK_S + 2, "the panel looks twice a second"
            await expect(tab.get_by_test_id("line-lost")).to_have_count(0)
            assert handshakes(server) == before, "nobody joined anew"

    with own_network(), Server(tmp_path / "server") as server:
        asyncio.run(story(server))


@pytest.mark.timeout(180)
def test_another_network_costs_no_handshake_and_no_seat(tmp_path: Path) -> None:
    """ICE is restarted by PATCH (RFC 9725 4.3.3) when the browser says that it is online again."""

    async def story(server: Server) -> None:
        async with (
            chromium(camera_files(tmp_path, 1, 700)) as browser,
            page(server) as shown,
        ):
            tab = await browser.new_page()
            asked: list[tuple[str, int]] = []
            tab.on("response", lambda answer: asked.append((answer.request.method, answer.status)))
            await tab.goto(server.join_url(LEFT))
            await join_as_a_person_would(tab)
            await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "the district", 60)
            feed = tab.get_by_test_id("return-feed")
            await moves(feed)
            before, old = handshakes(server), udp_ports() - {server.settings.media.port}
            asked.clear()
            with no_udp_from(old):
                await expect(tab.get_by_test_id("line-lost")).to_be_visible(timeout=SLOW_MS)
                await shown.until(lambda _: shown.site(LEFT)["line"] == "lost", "the panel's word")
                await tab.evaluate("dispatchEvent(new Event('online'))")
                await moves(feed)
                await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "its picture")
            assert asked.count(("PATCH", 200)) == 2, "what it sends, and what it gets"
            assert not [method for method, _ in asked if method in ("POST", "DELETE")]
            assert handshakes(server) == before

    with own_network(), Server(tmp_path / "server") as server:
        asyncio.run(story(server))
