"""Who chose a language hears the interpreter over the room, live and in the archive; he is in no
other sound. Chromium plays it, and its own analyser says what is heard."""

import asyncio
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from broadcast.interpreters import Language
from broadcast.session.model import Role, Site
from streams.frames import SiteId
from tests.chromium import (
    SEEN,
    camera_files,
    chromium,
    complaints,
    join_as_a_person_would,
    signed_in,
)
from tests.live import page
from tests.media import wait_until
from tests.peers import publishing
from tests.server import DELEGATES, FEW_PICTURES, HALL, LEFT, RIGHT, SITES, Server

CABIN = SiteId("cabin")
HMONG = Language("hmn", "Tiếng Mông")
ROOM_HZ, CABIN_HZ, OWN_HZ = 700, 1900, 2900
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
HEAR = """async (hz) => {
  const stream = document.querySelector('[data-testid="%s"]').srcObject;
  if (!stream?.getAudioTracks().length) return null;
  const context = window.listening ??= new AudioContext();
  await context.resume();
  const ear = context.createAnalyser();
  ear.fftSize = 8192;
  ear.smoothingTimeConstant = 0;
  context.createMediaStreamSource(stream).connect(ear);
  const bins = new Float32Array(ear.frequencyBinCount);
  const at = Math.round(hz * ear.fftSize / context.sampleRate);
  await new Promise((later) => setTimeout(later, 400));
  let loudest = -200;
  for (let times = 0; times < 30; times++) {
    await new Promise((later) => setTimeout(later, 50));
    ear.getFloatFrequencyData(bins);
    loudest = Math.max(loudest, ...bins.subarray(at - 2, at + 3));
  }
  ear.disconnect();
  return loudest;
}"""
"""The same of what comes by WebRTC; null before it does."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    sites = (*SITES[:2], Site(CABIN, "Cabin phiên dịch"))
    seated = [one for one in DELEGATES if one.site != RIGHT]
    with Server(tmp_path / "server", FEW_PICTURES, sites=sites, delegates=seated) as server:
        yield server


async def hears(tab: Page, hz: int, *, heard: bool, live: str = "") -> None:
    """`live`: the name of a player of WebRTC."""

    async def so() -> bool:
        level: float | None = await tab.evaluate(HEAR % live if live else LISTEN, hz)
        if level is None:
            return False
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
                "(video) => { video.muted = video.loop = true; void video.play(); }"
            )
            await hears(watch, CABIN_HZ, heard=True)
            await watch.screenshot(path=str(SEEN / "interpreting-play.png"))
            assert troubles == []

    asyncio.run(story())


def test_a_district_hears_the_interpreter(server: Server, tmp_path: Path) -> None:
    """Of a session of its own: chosen in the page, on the same connection, remembered; and the
    public's page of low latency."""

    async def story() -> None:
        async with chromium(camera_files(tmp_path, 1, OWN_HZ)) as browser:
            tab, watch = await browser.new_page(), await browser.new_page()
            troubles, offers = complaints(tab), list[str]()
            tab.on("request", lambda one: offers.append(f"{one.method} {urlsplit(one.url).path}"))
            async with (
                page(server) as shown,
                publishing(server.url(f"/whip/{HALL}"), server.site_tokens[HALL], 1, ROOM_HZ),
                publishing(server.url(f"/whip/{CABIN}"), server.site_tokens[CABIN], 2, CABIN_HZ),
            ):
                server.command(
                    "set_booth", site=CABIN, language={"code": "hmn", "name": "Tiếng Mông"}
                )
                server.command("go_live")
                server.cut("full", HALL)
                server.command("open_microphone", site=HALL)
                server.command("open_microphone", site=CABIN)
                await tab.goto(server.join_url(LEFT))
                await join_as_a_person_would(tab)
                await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "the district")
                back = partial(hears, tab, live="return-feed")
                await back(ROOM_HZ, heard=True)
                await back(CABIN_HZ, heard=False)
                await tab.get_by_test_id("listen").select_option("hmn")
                await back(CABIN_HZ, heard=True)
                await tab.screenshot(path=str(SEEN / "interpreting-join.png"))
                server.command("open_microphone", site=LEFT)
                await expect(tab.get_by_test_id("own-microphone")).to_have_attribute(
                    "data-state", "open"
                )
                await back(CABIN_HZ, heard=True)
                await back(OWN_HZ, heard=False)
                assert offers.count(f"POST /whep/{server.session}/{LEFT}") == 1
                await tab.reload()
                await expect(tab.get_by_test_id("listen")).to_have_value("hmn")
                await back(CABIN_HZ, heard=True)
                await tab.get_by_test_id("listen").select_option("")
                await back(CABIN_HZ, heard=False)
                await back(ROOM_HZ, heard=True)
                await watch.goto(server.url(f"/watch/{server.session}"))
                await watch.get_by_test_id("quick").check()
                await watch.get_by_test_id("quick-player").wait_for()
                await watch.get_by_test_id("listen").select_option("hmn")
                await hears(watch, CABIN_HZ, heard=True, live="quick-player")
                await hears(watch, OWN_HZ, heard=True, live="quick-player")
                await watch.get_by_test_id("listen").select_option("")
                await hears(watch, CABIN_HZ, heard=False, live="quick-player")
            assert troubles == []

    asyncio.run(story())


async def set_up_the_booth(desk: Page, server: Server) -> None:
    await signed_in(desk, server.link(Role.OPERATOR))
    await desk.wait_for_url(f"**/operator/{server.session}")
    await desk.goto(server.url(f"/prepare/{server.session}#sites"))
    await desk.get_by_test_id(f"edit-booth-{CABIN}").click()
    form = desk.get_by_test_id("booth-form")
    await expect(form).to_contain_text("Cabin phiên dịch: ")
    await form.get_by_label("Ngôn ngữ phiên dịch").fill("tieng mong")
    await expect(form.locator('[name="code"]')).to_have_value("hmn")
    await form.locator('[name="code"]').fill("")
    await form.get_by_test_id("save").click()
    await expect(form.locator('[name="code"]:invalid')).to_be_focused()
    await form.get_by_label("Ngôn ngữ phiên dịch").fill("Tiếng Mông")
    await desk.screenshot(path=str(SEEN / "interpreting-prepare.png"))
    await form.get_by_test_id("save").click()
    await expect(desk.get_by_test_id("site-list")).to_contain_text(
        re.compile("cabin phiên dịch Tiếng Mông")
    )
    await desk.goto(server.url(f"/sheets/{server.session}"))
    own = desk.get_by_test_id("sheet").filter(has_text="khi bắt đầu phiên dịch")
    await expect(own).to_have_count(1)  # of all sheets
