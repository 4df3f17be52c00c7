"""Who chose a language hears the interpreter over the room, live and in the archive; he is in no
other sound. Chromium plays it, and its own analyser says what is heard."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from broadcast.interpreters import Language
from broadcast.session.model import Role, Site
from streams.frames import SiteId
from tests.chromium import SEEN, chromium, complaints
from tests.live import page
from tests.media import wait_until
from tests.peers import publishing
from tests.server import DELEGATES, LEFT, RIGHT, SITES, Server

CABIN = SiteId("cabin")
HMONG = Language("hmn", "Tiếng Mông")
ROOM_HZ, CABIN_HZ = 700, 1900
LISTEN = """async (hz) => {
  const video = document.querySelector('[data-testid="player"]');
  video.muted = false;
  const context = window.listening ??= new AudioContext();
  await context.resume();
  if (!window.ear) {
    window.ear = context.createAnalyser();
    window.ear.fftSize = 8192;
    window.ear.smoothingTimeConstant = 0;
    context.createMediaElementSource(video).connect(window.ear);
  }
  const bins = new Float32Array(window.ear.frequencyBinCount);
  const at = Math.round(hz * window.ear.fftSize / context.sampleRate);
  let loudest = -200;
  for (let times = 0; times < 30; times++) {
    await new Promise((later) => setTimeout(later, 50));
    window.ear.getFloatFrequencyData(bins);
    const level = Math.max(...bins.subarray(at - 2, at + 3));
    const beside = Math.max(...bins.subarray(at - 20, at - 8), ...bins.subarray(at + 9, at + 21));
    if (level > beside + 6) loudest = Math.max(loudest, level); // a crack is as loud beside
  }
  return loudest;
}"""
HEARD_DB, SILENT_DB = -60, -75


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    sites = (*SITES[:2], Site(CABIN, "Cabin phiên dịch"))
    seated = [one for one in DELEGATES if one.site != RIGHT]
    with Server(tmp_path_factory.mktemp("interpreting"), sites=sites, delegates=seated) as server:
        yield server


async def hears(tab: Page, hz: int, *, heard: bool) -> None:
    async def so() -> bool:
        level: float = await tab.evaluate(LISTEN, hz)
        return level > HEARD_DB if heard else level < SILENT_DB

    await wait_until(so, f"{hz} Hz is {'heard' if heard else 'silent'}")


def test_a_language_from_the_booth_to_the_archive(server: Server) -> None:
    async def story() -> None:
        whip = {site: server.url(f"/whip/{site}") for site in (LEFT, CABIN)}
        async with chromium() as browser:
            desk, watch = await browser.new_page(), await browser.new_page()
            troubles = complaints(watch)
            await set_up_the_booth(desk, server)
            async with (
                page(server) as shown,
                publishing(whip[LEFT], server.site_tokens[LEFT], 1, ROOM_HZ),
                publishing(whip[CABIN], server.site_tokens[CABIN], 2, CABIN_HZ),
            ):
                server.command("go_live")
                server.cut("full", LEFT)
                server.command("open_microphone", site=LEFT)
                server.command("open_microphone", site=CABIN)
                await shown.until(lambda v: v["outputs"].get("recorded_s", 0) > 4, "a beginning")
                await desk.goto(server.url(f"/operator/{server.session}"))
                await expect(desk.get_by_test_id(f"booth-{CABIN}")).to_have_text("Tiếng Mông")
                await desk.screenshot(path=str(SEEN / "interpreting-operator.png"))
                await watch.bring_to_front()
                await watch.goto(server.url(f"/watch/{server.session}"))
                await watch.get_by_test_id("player").wait_for()
                await hears(watch, ROOM_HZ, heard=True)
                await hears(watch, CABIN_HZ, heard=False)
                await watch.get_by_test_id("listen").select_option("hmn")
                await hears(watch, CABIN_HZ, heard=True)
                await watch.screenshot(path=str(SEEN / "interpreting-watch.png"))
                await watch.get_by_test_id("listen").select_option("")
                await hears(watch, CABIN_HZ, heard=False)
                await hears(watch, ROOM_HZ, heard=True)
            server.command("end_session")
            await watch.goto(server.url(f"/play/{server.session}#t=2"))
            await watch.get_by_test_id("listen").select_option("hmn")
            await watch.get_by_test_id("player").evaluate(
                "(video) => { video.muted = true; void video.play(); }"
            )
            await hears(watch, CABIN_HZ, heard=True)
            await watch.screenshot(path=str(SEEN / "interpreting-play.png"))
            assert troubles == []

    asyncio.run(story())


async def set_up_the_booth(desk: Page, server: Server) -> None:
    await desk.goto(server.link(Role.OPERATOR))
    await desk.wait_for_url(f"**/operator/{server.session}")
    await desk.goto(server.url(f"/prepare/{server.session}#sites"))
    await desk.get_by_test_id(f"edit-booth-{CABIN}").click()
    form = desk.get_by_test_id("booth-form")
    await form.get_by_label("Ngôn ngữ phiên dịch").fill("tieng mong")
    await expect(form.locator('[name="code"]')).to_have_value("hmn")
    await form.get_by_label("Ngôn ngữ phiên dịch").fill("Tiếng Mông")
    await desk.screenshot(path=str(SEEN / "interpreting-prepare.png"))
    await form.get_by_test_id("save").click()
    await expect(desk.get_by_test_id("site-list")).to_contain_text(
        re.compile("cabin phiên dịch Tiếng Mông")
    )
