"""The operator's page with fifty sites, as on a province's communes, and with a hundred and fifty.

The relay and the pages are real. Most sites are no more than their page: what is looked at is what
an operator finds on one screen, and that costs nobody fifty cameras.
"""

import asyncio
import itertools
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from broadcast.session.model import Role
from streams.wire import Kind, Note
from tests import day
from tests.browser.test_accessible import DRAWN
from tests.chromium import chromium, complaints, signed_in
from tests.media import wait_until
from tests.trembling import studio
from tests.web.rig import SECRET, SESSION, Rig, now_ms, relay, settings_in
from web.setup import open_store

NAMES = (
    "Mường Nhé",
    "Nà Tấu",
    "Sín Thầu",
    "Mường Pồn",
    "Pu Nhi",
    "Tìa Dình",
    "Na Sang",
    "Núa Ngam",
)
ASKING = (7, 20, 33)
INSIDE = """(tile) => {
  const [own, room] = [tile, tile.parentElement].map((one) => one.getBoundingClientRect());
  return own.top >= room.top - 1 && own.bottom <= room.bottom + 1 && room.bottom <= innerHeight;
}"""
IN_ITS_LIST = """(item) => {
  const [own, room] = [item, item.parentElement].map((one) => one.getBoundingClientRect());
  return own.top >= room.top - 1 && own.bottom <= room.bottom + 1;
}"""
PHONE = (390, 844)
WHOLE_NAME = """(tile) => {
  const name = tile.querySelector(".name");
  return name.scrollWidth <= name.clientWidth;
}"""
IN_SIGHT = """(one) => {
  const {left, top, width, height} = one.getBoundingClientRect();
  return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""
A_HAND_MOVES = """() => {
  const tiles = document.querySelector(".tiles");
  const move = () => tiles.dispatchEvent(new PointerEvent("pointermove", {bubbles: true}));
  move();
  setInterval(move, 50);
}"""
SCROLLS_NOT = "document.documentElement.scrollHeight <= innerHeight"


def rows(first: int, last: int) -> list[dict[str, Any]]:
    return [{"name": f"Xã {NAMES[at % len(NAMES)]} {at}"} for at in range(first, last)]


async def send(rig: Rig, type_: str, **fields: Any) -> None:
    status, answer = await rig.command(type_, **fields)
    assert status == 200, answer


async def listed(rig: Rig, what: str) -> Any:
    async with rig.page("operator", rig.operator) as panel:
        await panel.until(lambda p: p.view)
        return panel.view[what]


async def all_tiles(tab: Page, script: str, what: str) -> None:
    """Sooner or later: the page lays them out when it knows their number, and has its letters."""
    amiss = list[str]()

    async def none_amiss() -> bool:
        tiles = "(all) => all.filter((one) => !(%s)(one)).map((one) => one.innerText)"
        amiss[:] = await tab.locator(".tile").evaluate_all(tiles % script)
        return not amiss

    await wait_until(none_amiss, f"all tiles {what}")


def test_fifty_sites_are_seen_and_directed_on_one_screen(tmp_path: Path) -> None:
    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium(size=(1920, 1080)) as browser:
            await send(rig, "import_rows", sites=rows(3, 50))
            ids = list(await listed(rig, "sites"))
            for at in ASKING:
                await send(rig, "put_delegate", name=f"Lò Thị {at}", site=ids[at])
            tab = await browser.new_page()
            troubles = complaints(tab)
            token = rig.tokens.issue_token(Role.OPERATOR, SESSION)
            await signed_in(tab, rig.url(f"/sign-in?next=/operator/{SESSION}#token={token}"))
            async with AsyncExitStack() as away, AsyncExitStack() as here:
                for at, site in enumerate(ids):
                    stack = away if at % 10 == 9 else here
                    await stack.enter_async_context(rig.page("site", rig.site(site)))
                await expect(tab.get_by_text("50/50 có mặt")).to_be_visible()
                await away.aclose()
                await directed(tab, rig, ids)
                await many_more(tab, rig)
            assert troubles == []

    asyncio.run(story())


async def directed(tab: Page, rig: Rig, ids: list[str]) -> None:
    """All in sight, no name cut; who was lost is told; who asks is called, who speaks is seen."""
    await expect(tab.locator(".tile")).to_have_count(50)
    await all_tiles(tab, INSIDE, "in sight")
    await all_tiles(tab, WHOLE_NAME, "with a whole name")
    await expect(tab.locator(".tile[data-video=lost]")).to_have_count(5)
    await send(rig, "go_live")
    people = {one["name"]: one["id"] for one in await listed(rig, "delegates")}
    for at in ASKING:
        await send(rig, "register", delegate=people[f"Lò Thị {at}"], kind="speech")
    await expect(tab.get_by_test_id("queue")).to_contain_text("Lò Thị 33")
    await tab.keyboard.press("n")
    await expect(tab.get_by_test_id("floor-name")).to_have_text("Lò Thị 7")
    speaking = tab.get_by_test_id(f"site-{ids[7]}")
    await expect(speaking).to_have_attribute("data-open", "true")
    await expect(speaking).to_have_attribute("data-tally", "program")
    await tab.get_by_test_id(f"seat-{ids[48]}").click()
    await expect(tab.get_by_test_id(f"site-{ids[48]}")).to_have_attribute("data-tally", "preview")


async def many_more(tab: Page, rig: Rig) -> None:
    """They do not fit any more: the grid scrolls, and nothing else of the page does."""
    await send(rig, "import_rows", sites=rows(50, 150))
    await expect(tab.locator(".tile")).to_have_count(150)
    last = tab.locator(".tile").last

    async def narrow_enough() -> bool:
        width = await last.evaluate("(tile) => tile.clientWidth")
        return bool(80 < width < 130)

    await wait_until(narrow_enough, "tiles that can be read")
    await wait_until(lambda: tab.evaluate(SCROLLS_NOT), "a page that does not scroll")
    await last.get_by_role("button").first.click()
    await expect(last).to_have_attribute("data-tally", "preview")


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)])
def test_one_of_a_hundred_and_fifty_is_found_by_its_name(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    """Without marks, by who sits there, or because of what is wrong with it; and put to air."""

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium(size=size) as browser:
            tab = await browser.new_page()
            troubles = complaints(tab)
            await signed_in(tab, rig.url(f"/sign-in?next=/operator/{SESSION}#token={rig.operator}"))
            keys = tab.get_by_test_id("help")
            await expect(tab.locator(".tile")).to_have_count(3)
            await tab.keyboard.press("Shift+?")
            await expect(keys).to_contain_text("Phím tắt")
            await expect(keys).not_to_contain_text("Tìm điểm cầu")
            await tab.keyboard.press("Escape")
            await expect(keys).to_have_count(0)
            free = "document.activeElement === document.body"
            await wait_until(lambda: tab.evaluate(free), "the keys belong to no room")
            await send(rig, "import_rows", sites=rows(3, 150))
            ids = list(await listed(rig, "sites"))
            await send(rig, "put_delegate", name="Quàng Thị Đào", site=ids[140])
            await send(rig, "go_live")
            shown = tab.locator(".tile:visible")
            await expect(shown).to_have_count(150)
            await sought(tab, "muong nhe 128", "Xã Mường Nhé 128", 1)
            far = tab.get_by_test_id(f"site-{ids[128]}")
            await tab.keyboard.press("Enter")
            await expect(far).to_have_attribute("data-tally", "preview")
            await expect(shown).to_have_count(150)
            await wait_until(lambda: far.evaluate(INSIDE), "the tile that was found in sight")
            await tab.keyboard.press("Space")
            await expect(far).to_have_attribute("data-tally", "program")
            await sought(tab, "quang thi dao", f"Xã {NAMES[140 % len(NAMES)]} 140", 1)
            await sought(tab, "tx. mường", "Điểm cầu thị xã Mường Lay", 1)
            await sought(tab, "nhé", "Xã Mường Nhé 8", 18)
            await tab.keyboard.press("ArrowDown")
            await expect(tab.get_by_test_id(f"seat-{ids[8]}")).to_be_focused()
            await tab.keyboard.press("ArrowRight")
            await expect(tab.get_by_test_id(f"seat-{ids[16]}")).to_be_focused()
            await tab.keyboard.press("Escape")
            await expect(shown).to_have_count(150)
            async with rig.page("site", rig.site(ids[90])):
                await expect(tab.get_by_test_id("worries")).to_contain_text("3")
                await tab.get_by_test_id("worries").click()  # and the two that are in the picture
                await expect(shown).to_have_count(3)
                await expect(tab.get_by_test_id(f"site-{ids[90]}")).to_be_visible()
            await tab.get_by_test_id("worries").click()
            await expect(shown).to_have_count(150)
            await tab.keyboard.press("Shift+?")
            await expect(keys).to_contain_text("Tìm điểm cầu")
            assert troubles == []

    asyncio.run(story())


async def sought(tab: Page, text: str, first: str, count: int) -> None:
    """As with an input method: nothing of it is taken for a key of the page."""
    await tab.keyboard.press("f")
    await expect(tab.get_by_test_id("find-site")).to_be_focused()
    await tab.keyboard.press("ControlOrMeta+a")
    await tab.keyboard.insert_text(text)
    await expect(tab.locator(".tile:visible")).to_have_count(count)
    await expect(tab.locator(".tile[data-first=true] .name")).to_have_attribute("title", first)


def test_the_tile_of_who_is_called_comes_into_sight(tmp_path: Path) -> None:
    """Not while a hand is among the tiles."""

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium(size=(1366, 768)) as browser:
            await send(rig, "import_rows", sites=rows(3, 150))
            ids = list(await listed(rig, "sites"))
            await send(rig, "go_live")
            tab = await browser.new_page()
            await signed_in(tab, rig.url(f"/sign-in?next=/operator/{SESSION}#token={rig.operator}"))
            await expect(tab.locator(".tile")).to_have_count(150)
            for at in (140, 20, 100):
                await send(rig, "put_delegate", name=f"Lò Thị {at}", site=ids[at])
            people = {one["name"]: one["id"] for one in await listed(rig, "delegates")}
            for at in (140, 20, 100):
                await send(rig, "register", delegate=people[f"Lò Thị {at}"], kind="speech")
            await expect(tab.get_by_test_id("queue")).to_contain_text("Lò Thị 100")
            called = tab.get_by_test_id(f"site-{ids[140]}")
            await tab.keyboard.press("n")
            await expect(called).to_have_attribute("data-tally", "program")
            await wait_until(lambda: called.evaluate(INSIDE), "who is called in sight")
            await tab.evaluate(A_HAND_MOVES)
            top = await tab.locator(".tiles").evaluate("(tiles) => tiles.scrollTop")
            await send(rig, "end_turn")
            await send(rig, "call_next")  # as the chair does
            await expect(tab.get_by_test_id("floor-name")).to_have_text("Lò Thị 20")
            tally = tab.get_by_test_id(f"site-{ids[20]}")
            await expect(tally).to_have_attribute("data-tally", "program")
            assert await tab.locator(".tiles").evaluate("(tiles) => tiles.scrollTop") == top

    asyncio.run(story())


@pytest.mark.parametrize("page", ["operator", "chair", "clerk"])
def test_a_closed_part_is_led_on_the_smallest_screen(tmp_path: Path, page: str) -> None:
    """With all fifty in it, and in English: who takes part, the way back and the agenda."""

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium(size=(1280, 720)) as browser:
            await send(rig, "import_rows", sites=rows(3, 50))
            await send(rig, "go_live")
            await send(rig, "choose_item", item=SECRET)
            await send(rig, "close_part", staying=list(await listed(rig, "sites")))
            tab = await browser.new_page()
            await tab.context.add_cookies([{"name": "lang", "value": "en", "url": rig.base}])
            await signed_in(tab, rig.url(f"/sign-in?next=/{page}/{SESSION}#token={rig.operator}"))
            agenda = tab.get_by_test_id("agenda")
            await expect(tab.get_by_test_id("closed-band")).to_contain_text("46 other sites")
            for button in ("Who takes part…", "Open to the public…"):
                await reached(tab, agenda, agenda.get_by_role("button", name=button))
            for row in (0, -1):
                await reached(tab, agenda, agenda.locator(".rows > li").nth(row))

    asyncio.run(story())


def test_a_long_agenda_is_at_what_the_session_is_at(tmp_path: Path) -> None:
    """Its list alone: on a phone the page stays where it is."""

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium(size=(1366, 768)) as browser:
            for number in range(12):
                await send(rig, "put_item", title=f"Tờ trình số {number}", kind="report")
            items = [one["id"] for one in await listed(rig, "agenda")]
            await send(rig, "go_live")
            await send(rig, "choose_item", item=items[-1])
            for desk, size in (("operator", None), ("clerk", None), ("operator", PHONE)):
                tab = await browser.new_page(size)
                token = f"#token={rig.operator}"
                await signed_in(tab, rig.url(f"/sign-in?next=/{desk}/{SESSION}{token}"))
                agenda = tab.get_by_test_id("agenda").locator(".rows")
                for item in (items[-1], items[5]):
                    await send(rig, "choose_item", item=item)
                    now = agenda.get_by_test_id(f"item-{item}")
                    await expect(now).to_have_attribute("aria-current", "step")
                    await wait_until(lambda now=now: now.evaluate(IN_ITS_LIST), "it in its list")
                assert await tab.evaluate("scrollY") == 0
                if size is None:
                    await tab.set_viewport_size({"width": 1366, "height": 720})
                    await wait_until(lambda now=now: now.evaluate(IN_ITS_LIST), "it, in less room")
                    await agenda.evaluate("(list) => { list.scrollTop = 0; }")
                    await tab.evaluate(DRAWN)  # the page hears of it then
                    await tab.set_viewport_size({"width": 1366, "height": 730})
                    await tab.evaluate(DRAWN)
                    assert await agenda.evaluate("(list) => list.scrollTop") == 0, "who reads on"

    asyncio.run(story())


async def reached(tab: Page, room: Locator, what: Locator) -> None:
    """By turning the wheel over the room, down and up."""
    await room.locator("header").first.hover()
    turns = itertools.cycle([60] * 40 + [-60] * 40)

    async def in_sight() -> bool:
        if await what.evaluate(IN_SIGHT):
            return True
        await tab.mouse.wheel(0, next(turns))
        return False

    await wait_until(in_sight, f"sight of {what}")


def test_whatever_is_wrong_with_a_site_its_figures_are_a_click_away(tmp_path: Path) -> None:
    """On the smallest tile too, where a sign or a problem takes the place of the line's word."""
    settings = settings_in(tmp_path)
    with open_store(settings) as store:
        day.prepare(store, SESSION, now_ms())
    silent, black, gone = (site.id for site in day.SITES[7:10])

    async def story() -> None:
        async with (
            relay(settings) as rig,
            studio(settings) as said,
            chromium(size=(1920, 1080)) as browser,
        ):
            tab = await browser.new_page()
            await signed_in(tab, rig.url(f"/sign-in?next=/operator/{SESSION}#token={rig.operator}"))
            await said.look()
            await expect(tab.locator(".tile[data-present=true]")).to_have_count(len(day.SITES))
            there = said.status()
            cameras = [one for one in there["cameras"] if one["site"] != gone]
            signs = {silent: ["silent"], black: ["black", "silent"]}
            await said.say(Note(Kind.STATUS, there | {"cameras": cameras, "signs": signs}))
            await expect(tab.get_by_test_id(f"site-{gone}")).to_have_attribute("data-video", "lost")
            await expect(tab.get_by_test_id(f"sign-black-{black}")).to_be_visible()
            for site in (silent, black, gone):
                await tab.get_by_test_id(f"line-{site}").click()
                await expect(tab.get_by_test_id("line-dialog")).to_be_visible()
                await tab.keyboard.press("Escape")

    asyncio.run(story())
