"""An operator who has a keyboard and no pointer: from the sign-in of a fresh server to the
recording in the archive. Wherever the focus is, it is seen; whatever is pressed, it is not lost to
<body>, where the keys mean other things."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from broadcast.session.model import AgendaItem, ItemId, ItemKind, Role
from tests.chromium import chromium, complaints
from tests.media import wait_until
from tests.peers import publishing
from tests.server import FEW_PICTURES, HALL, LEFT, Server
from web import setup
from web.accounts import hash_password

NAME, PASSWORD, TITLE = "ky-thuat", "mật khẩu đủ dài của phòng kỹ thuật", "Phiên bằng bàn phím"
FIRST, SECOND = ItemId("thao-luan"), ItemId("bieu-quyet")
AGENDA = (
    AgendaItem(FIRST, "Thảo luận", ItemKind.DISCUSSION, planned_minutes=30),
    AgendaItem(SECOND, "Biểu quyết", ItemKind.OTHER, planned_minutes=10),
)
FARTHEST = 90
"""So many stops of Tab are bearable."""
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return {names: [], seen: false, what: "<body>"};
  const marked = (some) => {
    const style = getComputedStyle(some);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
  };
  const {top, left, bottom, right, width} = one.getBoundingClientRect();
  const inside = width > 0 && bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
  const label = one.closest("label");
  const parts = one.matches("[type^=date]"); // its day, month, year show theirs
  const names = [one, label, one.parentElement].map((some) => some?.dataset.testid);
  names.push(one.name, one.getAttribute("href"));
  return {names: names.filter(Boolean), what: one.outerHTML.slice(0, 120),
    seen: inside && (parts || marked(one) || (label !== null && marked(label)))};
}"""  # noqa: E501 - a page's


class Keys:
    """Presses keys, and looks where the focus is."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab

    async def reach(self, name: str, key: str = "Tab") -> None:
        """Goes on until the focus is on what is called so."""
        passed = list[str]()
        while not (focus := await self.tab.evaluate(FOCUS))["names"] or name not in focus["names"]:
            passed.append(focus["what"][:60])
            assert len(passed) <= FARTHEST, f"{name} is not on the way: {passed}"
            await self.tab.keyboard.press(key)
            await self.seen()

    async def seen(self) -> None:
        """Sooner or later: a page may be scrolling there."""
        focus = {"what": ""}

        async def clear() -> bool:
            focus.update(await self.tab.evaluate(FOCUS))
            return bool(focus["seen"] or focus["what"] == "<body>")

        try:
            await wait_until(clear, "a focus that is seen")
        except TimeoutError as error:
            raise AssertionError(f"nothing shows that the focus is on {focus['what']}") from error

    async def act(self, key: str, done: Callable[[], Awaitable[None]]) -> None:
        """Presses it; when that has shown its effect the focus is still somewhere."""
        await self.tab.keyboard.press(key)
        await done()
        await self.kept()

    async def kept(self) -> None:
        async def somewhere() -> bool:
            return (await self.tab.evaluate(FOCUS))["what"] != "<body>"

        await wait_until(somewhere, "the focus, which was lost")
        await self.tab.evaluate("new Promise((done) => setTimeout(done, 50))")
        assert await somewhere(), "the focus was lost"
        await self.seen()

    async def follow(self, name: str, path: str, key: str = "Tab") -> None:
        """Reaches a link and opens it; until the page behind it has drawn itself."""
        await self.reach(name, key)
        await self.enter(path)

    async def enter(self, path: str) -> None:
        await self.tab.keyboard.press("Enter")
        await self.tab.wait_for_url(path, wait_until="load")
        await self.tab.locator("main").wait_for()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("keyboard"), FEW_PICTURES, agenda=AGENDA) as server:
        with setup.open_store(server.settings) as store:
            setup.put_account(store, NAME, hash_password(PASSWORD), frozenset({Role.OPERATOR}))
        yield server


def test_a_whole_session_by_keyboard_alone(server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        async with chromium(size=(1920, 1080)) as browser:
            tab = await browser.new_page()
            troubles = complaints(tab)
            keys = Keys(tab)
            await sign_in(keys, server)
            session = await prepared(keys, server)
            with setup.open_store(server.settings) as store:
                token = server.tokens(store).issue_join_token(session, LEFT)
            await rehearsing(keys)  # which brings it to the studio
            async with publishing(server.url(f"/whip/{LEFT}"), token, 1, 700):
                await rehearsed(keys)
                await begun(keys)
                await directed(keys)
                await ended(keys)
            await found_again(keys, server)
            assert troubles == []

    asyncio.run(story())


async def sign_in(keys: Keys, server: Server) -> None:
    await keys.tab.goto(server.url("/sign-in"))
    await keys.reach("name")
    await keys.tab.keyboard.type(NAME)
    await keys.reach("password")
    await keys.tab.keyboard.insert_text(PASSWORD)
    await keys.enter(server.url("/"))
    await expect(keys.tab.get_by_test_id("session")).to_have_count(1)


async def prepared(keys: Keys, server: Server) -> str:
    """A template of the session that is there, and another session from it; its id."""
    tab = keys.tab
    await keys.follow(f"/prepare/{server.session}", "**/prepare/*")
    await keys.reach("keep-template")
    await keys.act("Enter", expect(tab.get_by_test_id("toasts")).not_to_be_empty)
    await keys.follow("/", server.url("/"), "Shift+Tab")
    await keys.follow("new-session", "**/new")
    await keys.reach("source-preset:dien_bien_2025")
    template = tab.locator("[data-testid^='source-template:']")
    name = await template.get_attribute("data-testid")
    assert name is not None
    await keys.reach(name, "ArrowDown")
    await keys.reach("keep-agenda")
    await keys.act("Space", expect(tab.get_by_test_id("keep-agenda")).to_be_checked)
    await keys.reach("new-title")
    await tab.keyboard.press("Control+a")
    await tab.keyboard.insert_text(TITLE)
    await keys.follow("create", "**/prepare/*")
    await expect(tab.locator("h1")).to_have_text(TITLE)
    return tab.url.partition("/prepare/")[2].partition("#")[0]


async def rehearsing(keys: Keys) -> None:
    await keys.follow("to-rehearsal", "**/rehearse/*")
    await keys.reach("begin-rehearsal")
    await keys.act("Enter", expect(keys.tab.get_by_test_id(f"walk-{LEFT}")).to_be_visible)


async def rehearsed(keys: Keys) -> None:
    await keys.reach(f"walk-{LEFT}")
    pressed = expect(keys.tab.get_by_test_id("ok-picture"))
    await keys.tab.keyboard.press("Enter")
    await keys.reach("ok-picture")
    await keys.act("Space", lambda: pressed.to_have_attribute("aria-pressed", "true"))


async def begun(keys: Keys) -> None:
    tab, session = keys.tab, keys.tab.url.rpartition("/")[2]
    await keys.follow(f"/operator/{session}", "**/operator/*", "Shift+Tab")
    await expect(tab.get_by_test_id(f"site-{LEFT}")).to_have_attribute("data-video", "ok")
    await weighty(keys, "go_live", "live")
    await expect(tab.get_by_test_id("recording")).to_have_attribute("data-state", "on")
    await weighty(keys, "pause_session", "paused")
    await weighty(keys, "resume_session", "live")


async def weighty(keys: Keys, type_: str, phase: str) -> None:
    """A question is asked first. Its button is gone when it is answered."""
    await keys.reach(type_)
    await keys.act("Enter", expect(keys.tab.get_by_test_id("confirm")).to_be_visible)
    await keys.reach("confirm-do")
    shown = expect(keys.tab.get_by_test_id("phase"))
    await keys.act("Enter", lambda: shown.to_have_attribute("data-phase", phase))


async def directed(keys: Keys) -> None:
    """A site is called, a picture cut, a microphone opened and closed; the next item."""
    tab = keys.tab
    queue, floor = expect(tab.get_by_test_id("queue")), expect(tab.get_by_test_id("floor-name"))
    left, hall = (expect(tab.get_by_test_id(f"site-{site}")) for site in (LEFT, HALL))
    await tab.keyboard.press("r")
    await keys.reach("delegate-search")
    await tab.keyboard.insert_text("dieu thi x")
    await keys.act("Enter", lambda: queue.to_contain_text("Điêu Thị Xuân"))
    await expect(tab.get_by_test_id("delegates")).to_have_count(0)
    await keys.act("n", lambda: floor.to_have_text("Điêu Thị Xuân"))
    await left.to_have_attribute("data-tally", "program")
    await keys.reach("end_turn")
    await keys.act("Enter", lambda: floor.to_have_count(0))

    await keys.reach(f"seat-{HALL}", "Shift+Tab")
    await keys.act("ArrowRight", lambda: expect(tab.get_by_test_id(f"seat-{LEFT}")).to_be_focused())
    await keys.act("Enter", lambda: left.to_have_attribute("data-tally", "preview"))
    await keys.reach(f"microphone-{LEFT}")
    await keys.act("Space", lambda: left.to_have_attribute("data-open", "true"))
    await keys.act("Space", lambda: left.to_have_attribute("data-open", "false"))
    await keys.reach("cut", "Shift+Tab")
    await keys.act("Enter", lambda: left.to_have_attribute("data-tally", "program"))
    await hall.not_to_have_attribute("data-tally", "program")

    await keys.reach(f"item-{SECOND}")
    await keys.act("Enter", expect(tab.get_by_test_id(f"choose-{SECOND}")).to_be_visible)
    await keys.reach(f"choose-{SECOND}")
    agenda = tab.get_by_test_id("agenda").locator("[data-state=current]")
    await keys.act("Enter", lambda: expect(agenda).to_contain_text("Biểu quyết"))


async def ended(keys: Keys) -> None:
    """The end is held, and a key that is held longer than that does not ask again."""
    tab = keys.tab
    await keys.reach("end_session", "Shift+Tab")
    await keys.act("Enter", expect(tab.get_by_test_id("confirm")).to_be_visible)
    await keys.reach("confirm-hold")
    await tab.keyboard.down("Enter")
    await expect(tab.get_by_test_id("confirm")).to_have_count(0)
    await tab.keyboard.down("Enter")  # as it repeats itself
    await tab.keyboard.up("Enter")
    await expect(tab.get_by_test_id("phase")).to_have_attribute("data-phase", "ended")
    await expect(tab.get_by_test_id("confirm")).to_have_count(0)
    await keys.kept()


async def found_again(keys: Keys, server: Server) -> None:
    tab = keys.tab
    await keys.follow("/", server.url("/"), "Shift+Tab")
    await keys.follow("/archive", "**/archive")
    await expect(tab.locator("main")).to_contain_text(TITLE)
    session = await tab.get_by_role("link", name=TITLE).get_attribute("href")
    assert session is not None
    await keys.follow(session, "**/play/*")
    await expect(tab.locator("h1")).to_contain_text(TITLE)
