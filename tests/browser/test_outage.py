"""A district's line is away for ten seconds: picture and sound go on by themselves, with the
same keys and in the same seat (how soon: `bench/publishing.py`). So does another network.
Real Chromium, in a network of its own."""

import asyncio
import re
import time
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path

from playwright.async_api import Error, Locator, Route, expect
from playwright.async_api import Page as BrowserPage

from tests.chromium import camera_files, chromium, join_as_a_person_would
from tests.live import Page, page
from tests.media import wait_until
from tests.own_network import no_udp, no_udp_from, own_network, udp_ports
from tests.server import LEFT, Server

AWAY_S = 10.0
TRIES = 4
"""A machine that stands still for half a minute loses a connection; what joins anew, each time."""
KEEP_CONNECTIONS = """
const connections = [];
globalThis.used = () => connections.filter(({connectionState}) => connectionState !== "closed");
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...all) {
    super(...all);
    connections.push(this);
  }
};
"""
CONNECTED = "used().every(({connectionState}) => connectionState === 'connected')"
ANSWERED = """() => Promise.all(used().map(async (one) => {
  const pairs = [...(await one.getStats()).values()].filter(({type}) => type === 'candidate-pair');
  return pairs.reduce((sum, {responsesReceived}) => sum + responsesReceived, 0);
}))"""
"""Of each connection: how many checks."""
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


def test_a_line_that_was_away_and_another_network(tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        async with (
            chromium(camera_files(tmp_path, 1, 700)) as browser,
            page(server) as shown,
        ):
            tab = await browser.new_page()
            await tab.add_init_script(KEEP_CONNECTIONS)
            await tab.route(re.compile("/wh[ie]p/"), late)
            asked: list[tuple[str, int]] = []
            tab.on("response", lambda answer: asked.append((answer.request.method, answer.status)))
            await tab.goto(server.join_url(LEFT))
            await join_as_a_person_would(tab)
            await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "the district")
            await moves(tab.get_by_test_id("return-feed"))

            def posted() -> bool:
                return any(method in ("POST", "DELETE") for method, _ in asked)

            async def joined_anew(fault: Awaitable[None]) -> bool:
                asked.clear()
                before = handshakes(server)
                await fault
                return handshakes(server) != before

            async def goes_another_way() -> None:
                await another_network(tab, shown, udp_ports() - {server.settings.media.port})
                await wait_until(
                    lambda: posted() or asked.count(("PATCH", 200)) == 2,
                    "what it sends, and what it gets",
                )
                await checks_go_on(tab)

            for number in range(TRIES):
                if not await joined_anew(the_line_is_away(tab, shown)):
                    break
                assert number < TRIES - 1, "it joined anew when its line was back"
            for number in range(TRIES):
                if not await joined_anew(goes_another_way()) and not posted():
                    break
                assert number < TRIES - 1, "it joined anew by another network"

    with own_network(), Server(tmp_path / "server") as server:
        asyncio.run(story(server))


async def late(route: Route) -> None:
    """On most lines TCP takes longer than a check, and the browser is there by the new way before
    its restart is answered."""
    if route.request.method == "PATCH":
        tab = route.request.frame.page
        # `wait_for_function` asks by `eval`, which our pages forbid.
        await wait_until(lambda: tab.evaluate(CONNECTED), "the new way")
    with suppress(Error):  # a page that waited in vain asks no more
        await route.continue_()


async def checks_go_on(tab: BrowserPage) -> None:
    """Each connection's: they are answered by the new way, too."""
    before: list[int] = await tab.evaluate(ANSWERED)

    async def answered() -> bool:
        now: list[int] = await tab.evaluate(ANSWERED)
        return all(count > old + 2 for count, old in zip(now, before, strict=True))

    await wait_until(answered, "answers to what the browser checks")


async def the_line_is_away(tab: BrowserPage, shown: Page) -> None:
    """What comes back goes on."""
    with no_udp():
        away_s = time.monotonic()
        await expect(tab.get_by_test_id("line-lost")).to_be_visible()
        await shown.until(lambda _: shown.site(LEFT)["line"] == "lost", "the panel's word")
        await asyncio.sleep(max(0, away_s + AWAY_S - time.monotonic()))
    await moves(tab.get_by_test_id("return-feed"))
    await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "its picture")
    await expect(tab.get_by_test_id("line-lost")).to_have_count(0)


async def another_network(tab: BrowserPage, shown: Page, old: set[int]) -> None:
    """ICE is restarted by PATCH (RFC 9725 4.3.3) when the browser says that it is online again."""
    with no_udp_from(old):
        await expect(tab.get_by_test_id("line-lost")).to_be_visible()
        await shown.until(lambda _: shown.site(LEFT)["line"] == "lost", "the panel's word")
        await tab.evaluate("dispatchEvent(new Event('online'))")
        await moves(tab.get_by_test_id("return-feed"))
        await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "its picture")
