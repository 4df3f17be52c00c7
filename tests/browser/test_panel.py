"""The operator's page by hand: a hearing directed with its buttons and keys, in real Chromium."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Page as BrowserPage
from playwright.async_api import expect

from broadcast.program import PLAYER, Transition, TransitionKind
from broadcast.session.events import PictureCut
from broadcast.session.model import Role
from tests.cast import has_more_time, left_s
from tests.chromium import camera_files, chromium, complaints, signed_in
from tests.films import film
from tests.live import Page, page
from tests.media import wait_until
from tests.peers import publishing, watching
from tests.server import FEW_PICTURES, HALL, LEFT, Server

VOICE_HZ = 1900.0
PRESSED = """(button) => {
  const told = ["pointerdown", "pointerup"].map((kind) => new PointerEvent(kind, {bubbles: true}));
  for (const one of told) button.dispatchEvent(one);
  button.click();
}"""
"""At once: where a machine stands still between a mouse's two events, the button is held."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("panel"), FEW_PICTURES) as server:
        yield server


def test_a_hearing_directed_by_hand(server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        hall = publishing(server.url(f"/whip/{HALL}"), server.site_tokens[HALL], 3, 300)
        left = publishing(server.url(f"/whip/{LEFT}"), server.site_tokens[LEFT], 1, 700)
        voice = camera_files(tmp_path, 7, VOICE_HZ)
        async with (
            hall,
            left,
            page(server) as shown,
            chromium(voice, size=(1920, 1080)) as browser,
        ):
            tab = await browser.new_page()
            troubles = complaints(tab)
            await signed_in(tab, server.operator_url)
            await check_tiles(tab)
            await tab.get_by_test_id("go_live").click()
            await tab.get_by_test_id("confirm-do").click()
            await expect(tab.get_by_test_id("phase")).to_have_attribute("data-phase", "live")
            await check_pictures(tab, shown)
            await check_switches(tab, shown)
            await check_an_inset(tab, shown, server)
            await check_the_player(tab, shown, film(tmp_path / "Phim khai mạc.mp4", g="25"))
            await check_a_talk(tab, shown, server)
            await check_a_turn(tab, shown)
            await check_a_refusal(tab, shown)
            await expect(tab.get_by_test_id("recording")).to_have_attribute("data-state", "on")
            await expect(tab.get_by_test_id("disk")).to_contain_text("GB")
            # Chromium writes down the refusal that was asked for.
            assert [row for row in troubles if "409" not in row] == []
            await check_a_lost_server(tab, server)
            await check_the_end(tab, shown)

    asyncio.run(story())


async def check_tiles(tab: BrowserPage) -> None:
    """A moving picture, a name, a line in words."""
    tile = tab.get_by_test_id(f"site-{LEFT}")
    await expect(tile).to_have_attribute("data-video", "ok")
    await expect(tile).to_contain_text("Mường Lay")
    await expect(tab.get_by_test_id(f"line-{LEFT}")).to_contain_text("tốt")
    first = await tile.screenshot()

    async def moved() -> bool:
        return await tile.screenshot() != first

    await wait_until(moved, "the tile's next picture")


async def check_pictures(tab: BrowserPage, shown: Page) -> None:
    """Preview by key and by click, cut by key and by button, layouts."""
    await tab.keyboard.press("2")
    await shown.until(lambda v: v["preview"] == {"layout": "full", "sources": [LEFT]}, "preview")
    await expect(tab.get_by_test_id(f"site-{LEFT}")).to_have_attribute("data-tally", "preview")
    await tab.keyboard.press("Space")
    await expect(tab.get_by_test_id(f"site-{LEFT}")).to_have_attribute("data-tally", "program")
    await tab.get_by_test_id("layout-side-by-side").click()
    await shown.until(lambda v: v["preview"]["layout"] == "side-by-side", "the layout")
    await expect(tab.get_by_test_id("preview")).to_have_attribute("data-layout", "side-by-side")
    await tab.get_by_test_id("cut").click()
    await shown.until(lambda v: v["program"]["layout"] == "side-by-side", "the cut")
    await expect(tab.get_by_test_id(f"site-{HALL}")).to_have_attribute("data-tally", "program")


async def check_switches(tab: BrowserPage, shown: Page) -> None:
    """Overlays and microphones."""
    await tab.get_by_test_id("overlay-logo").click()
    await shown.until(lambda v: v["overlays"]["logo"], "the logo")
    await expect(tab.get_by_test_id("overlay-logo")).to_have_attribute("aria-pressed", "true")
    await tab.get_by_test_id(f"microphone-{HALL}").click()
    await expect(tab.get_by_test_id(f"site-{HALL}")).to_have_attribute("data-open", "true")
    await tab.keyboard.press("m")
    await expect(tab.get_by_test_id(f"site-{HALL}")).to_have_attribute("data-open", "false")


async def check_an_inset(tab: BrowserPage, shown: Page, server: Server) -> None:
    """The small picture where and as large as wished; a dissolve, and back to cuts."""
    await tab.get_by_test_id("layout-picture-in-picture").click()
    await tab.get_by_test_id("inset-corner").select_option("bottom-left")
    await shown.until(lambda v: _inset(v).get("corner") == "bottom-left", "the corner")
    await expect(tab.get_by_test_id("inset-corner")).to_have_value("bottom-left")
    await tab.get_by_test_id("inset-size").select_option("0.36")
    await shown.until(lambda v: _inset(v) == {"corner": "bottom-left", "share": 0.36}, "the size")
    before = shown.view["program"]
    await tab.get_by_test_id("transition").select_option("dissolve")
    await tab.get_by_test_id("transition-time").select_option("1000")
    await tab.get_by_test_id("cut").click()
    await shown.until(lambda v: v["program"].get("inset", {}).get("share") == 0.36, "on air")
    cuts = [event for event in server.events() if isinstance(event, PictureCut)]
    assert cuts[-1].transition == Transition(TransitionKind.DISSOLVE, 1000)
    await tab.get_by_test_id("transition").select_option("cut")
    await tab.get_by_test_id("cut").click()
    await shown.until(lambda v: v["program"] == before, "the picture before")


def _inset(view: dict[str, Any]) -> dict[str, Any]:
    inset: dict[str, Any] = view["preview"].get("inset", {})
    return inset


async def check_the_player(tab: BrowserPage, shown: Page, file: Path) -> None:
    """A film is brought, put on air and heard; what was asked for, and nothing before. A countdown
    takes its place."""
    await tab.get_by_test_id("player-open").click()
    await tab.get_by_test_id("player-file").set_input_files(file)
    await tab.get_by_test_id(f"load-{file.name}").click()
    await shown.until(lambda view: view["player"] and view["player"]["ready"], "the film is open")
    assert not shown.view["player"]["sound"]
    await tab.get_by_test_id("player-loop").click()  # else its end may come first
    await shown.until(lambda view: view["player"]["loop"], "it goes on and on")
    await tab.get_by_test_id("player-to-preview").click()
    await expect(tab.get_by_test_id("player-dialog")).to_have_count(0)
    await wait_until(lambda: PLAYER in shown.stills, "its still")
    tile = tab.get_by_test_id("player-tile")
    await tile.get_by_test_id("start-heard").click()
    await shown.until(lambda view: view["player"]["sound"], "it is heard")
    await tab.get_by_test_id("cut").click()
    await expect(tile).to_have_attribute("data-tally", "program")
    await tile.get_by_test_id("player-pause").click()
    await shown.until(lambda view: not view["player"]["sound"], "it stands, and is silent")
    await tab.get_by_test_id("cut").click()
    await tab.get_by_test_id("player-open").click()
    await tab.get_by_test_id("load-countdown").click()
    await shown.until(lambda view: view["player"]["kind"] == "countdown", "a countdown")
    await check_slides(tab, shown, file.parent)
    await tab.get_by_test_id("player-clear").click()
    await expect(tile).to_have_count(0)
    await tab.keyboard.press("Escape")


async def check_slides(tab: BrowserPage, shown: Page, folder: Path) -> None:
    """Any page of a long report is gone to at once. What cannot be played is told before."""
    report, broken = folder / "Báo cáo.pdf", folder / "Tờ trình.pdf"
    pages = [Image.new("RGB", (64, 36))] * 9
    pages[0].save(report, save_all=True, append_images=pages[1:])
    broken.write_text("%PDF-")
    await tab.get_by_test_id("player-file").set_input_files([report, broken])
    await tab.get_by_test_id(f"load-{report.name}").click()
    await tab.get_by_test_id("page-go-to").fill("7")
    await tab.get_by_test_id("page-go-to").press("Enter")
    await shown.until(lambda view: view["player"]["page"] == 7, "that page")
    row = tab.locator("li", has_text=broken.name)
    await expect(row).to_contain_text("Không đọc được tệp")


async def check_a_talk(tab: BrowserPage, shown: Page, server: Server) -> None:
    """While held, the site hears the operator, nobody else does; an open microphone ends it."""
    feed, tokens = f"/whep/{server.session}", server.site_tokens
    async with (
        watching(server.url(f"{feed}/{LEFT}"), tokens[LEFT]) as left,
        watching(server.url(f"{feed}/{HALL}"), tokens[HALL]) as hall,
        watching(server.url(feed)) as public,
    ):
        await wait_until(lambda: left.sound and hall.sound and public.sound, "the return feeds")
        mark = tab.get_by_test_id(f"talk-mark-{LEFT}")
        await tab.get_by_test_id(f"talk-{LEFT}").hover()
        await tab.mouse.down()
        await shown.until(lambda _: shown.site(LEFT)["talked_to"], "it is told who talks")
        await expect(mark).to_have_attribute("data-on", "true")
        await wait_until(lambda: left.heard(VOICE_HZ) > -30, "the voice")
        for others in (hall, public):
            assert others.leaked(VOICE_HZ, 2) < -60
        server.command("open_microphone", site=LEFT)
        await shown.until(lambda _: not shown.site(LEFT)["talked_to"], "it is over")
        await expect(mark).to_have_count(0)
        await tab.mouse.up()
        await expect(tab.get_by_test_id(f"talk-{LEFT}")).to_be_disabled()
        server.command("close_microphone", site=LEFT)
        for others in (hall, public):
            assert others.leaked(VOICE_HZ, 4) < -60


async def check_a_turn(tab: BrowserPage, shown: Page) -> None:
    """Registered on behalf without diacritics, called by N, extended, ended."""
    await tab.keyboard.press("r")
    await tab.get_by_test_id("delegate-search").fill("dieu thi x")
    await expect(tab.get_by_test_id("delegate-lay-1")).to_be_visible()
    await tab.get_by_test_id("register-submit").click()
    await expect(tab.get_by_test_id("queue")).to_contain_text("Điêu Thị Xuân")
    # Keys are the dialog's until it has closed.
    await expect(tab.get_by_test_id("delegate-search")).to_be_hidden()
    await tab.keyboard.press("n")
    await expect(tab.get_by_test_id("floor-name")).to_have_text("Điêu Thị Xuân")
    await expect(tab.get_by_test_id("clock")).to_contain_text(re.compile("0[0-6]:[0-5]"))
    await expect(tab.get_by_test_id(f"site-{LEFT}")).to_have_attribute("data-open", "true")
    await expect(tab.get_by_test_id("program")).to_have_attribute("data-layout", "full")
    before_s = await left_s(tab)
    await tab.get_by_test_id("extend").click()
    await has_more_time(tab, before_s)
    await tab.keyboard.press("e")
    await expect(tab.get_by_test_id("floor-name")).to_have_count(0)
    await shown.until(lambda v: v["program"]["layout"] == "side-by-side", "the picture before")


async def check_a_refusal(tab: BrowserPage, shown: Page) -> None:
    """Nobody waits: the server says so, and nothing changes."""
    before = shown.view["queue"], shown.view["program"]
    await tab.keyboard.press("n")
    await expect(tab.get_by_test_id("toasts")).to_contain_text("Không còn ai")
    assert (shown.view["queue"], shown.view["program"]) == before
    assert shown.view.get("floor") is None


async def check_a_lost_server(tab: BrowserPage, server: Server) -> None:
    """The page keeps what it knew, locks its buttons, and comes back by itself."""
    lost = tab.get_by_test_id("connection-lost")
    with server.without("relay"):
        await expect(lost).to_contain_text("nối lại")
        await expect(tab.get_by_test_id("cut")).to_be_disabled()
    await expect(lost).to_have_text("")
    await expect(tab.get_by_test_id("cut")).to_be_enabled()


async def check_the_end(tab: BrowserPage, shown: Page) -> None:
    """A press is not enough: the end is held."""
    await tab.get_by_test_id("end_session").click()
    hold = tab.get_by_test_id("confirm-hold")
    await expect(hold).to_be_enabled()
    await hold.evaluate(PRESSED)
    assert shown.view["session"]["phase"] == "live"
    await hold.hover()
    await tab.mouse.down()
    await expect(tab.get_by_test_id("play-link")).to_be_visible()
    await tab.mouse.up()


def test_each_role_sees_what_it_may(server: Server) -> None:
    left = f"microphone-{LEFT}"

    async def story() -> None:
        async with chromium() as browser:
            chair, clerk = await browser.new_page(), await browser.new_page()
            await sees(
                chair, server, Role.CHAIR, {"call_next", "queue"}, {"cut", "overlay-logo", left}
            )
            await sees(
                clerk, server, Role.CLERK,
                {"register-open", "queue"}, {"call_next", "cut", "end_session"},
            )  # fmt: skip

    asyncio.run(story())


async def sees(
    tab: BrowserPage, server: Server, role: Role, there: set[str], absent: set[str]
) -> None:
    await tab.goto(server.url(f"/operator/{server.session}"))
    await expect(tab.get_by_test_id("sign-in")).to_be_visible()
    await signed_in(tab, server.link(role))
    await tab.wait_for_url(f"**/{role}/{server.session}")
    await tab.goto(server.url(f"/operator/{server.session}"))
    for name in there:
        await expect(tab.get_by_test_id(name)).to_be_visible()
    for name in absent:
        await expect(tab.get_by_test_id(name)).to_have_count(0)
