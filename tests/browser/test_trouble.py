"""What pages say when something does not go: one that may not be opened, a database that fails, and
a server that goes away under a district on air and under the public. Real Chromium."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from playwright.async_api import Route, expect

from broadcast.session.model import Role
from tests.chromium import camera_files, chromium, join_as_a_person_would, signed_in
from tests.server import FEW_PICTURES, LEFT, RIGHT, Server
from tests.web.rig import SESSION, relay, settings_in
from web.setup import DATABASE

WHAT_IT_SAYS = """() => {
  const said = [];
  const [line, standing, own] = ["line", "standing", "own-microphone"].map((id) =>
    document.querySelector(`[data-testid="${id}"]`));
  new MutationObserver(() => {
    const words = standing.textContent + own.textContent;
    const away = line.textContent.includes("nối lại");
    const untrue = away && /ĐANG PHÁT|ĐANG MỞ/.test(words);
    said.push({untrue, unknown: words.includes("CHƯA RÕ")});
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
  return said;
}"""
"""At each change of the page: whether it claims to be on air while it says that the line is away,
and whether it says that nobody knows."""
NOWHERE = "/watch/nowhere"
BUSY = "Máy chủ đang bận. Hãy thử lại."


@contextmanager
def no_events(server: Server) -> Iterator[None]:
    """The database is there, and its log is not."""

    def rename(old: str, new: str) -> None:
        with closing(sqlite3.connect(server.settings.storage.data_dir / DATABASE)) as database:
            database.execute(f"ALTER TABLE {old} RENAME TO {new}")

    rename("events", "gone")
    try:
        yield
    finally:
        rename("gone", "events")


def test_pages_that_do_not_open_say_how_to_go_on(tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        async with chromium(size=(390, 844)) as browser:
            tab = await browser.new_page()
            await signed_in(tab, server.link(Role.CLERK))
            await tab.wait_for_url("**/clerk/*")
            sealed = f"/sealed/{server.session}"
            await tab.goto(server.url(sealed))
            await expect(tab.get_by_test_id("enter")).to_have_attribute(
                "href", f"/sign-in?next={sealed}"
            )
            with no_events(server):
                answer = await tab.goto(server.url(NOWHERE))
                assert answer is not None
                assert answer.status == 503
                await expect(tab.get_by_test_id("retry")).to_be_focused()
                await expect(tab.get_by_test_id("error")).to_contain_text("tự thử lại")
            await expect(tab.get_by_test_id("error")).to_contain_text("Không có trang")

    with Server(tmp_path, FEW_PICTURES) as server:
        asyncio.run(story(server))


def test_sheets_that_do_not_come_and_a_reader_who_is_out_are_told(tmp_path: Path) -> None:
    """They were being drawn for ever, or stood there as if the links on them were good."""

    async def busy(route: Route) -> None:
        await route.fulfill(status=503, json={"error": {"code": "busy", "message": BUSY}})

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium(size=(390, 844)) as browser:
            tab = await browser.new_page()
            await signed_in(tab, rig.url(f"/sign-in#token={rig.operator}"))
            await tab.route("**/sheets", busy)
            await tab.goto(rig.url(f"/sheets/{SESSION}"))
            await expect(tab.get_by_role("alert")).to_have_text(BUSY)
            await tab.unroute("**/sheets")
            await tab.get_by_role("button", name="Thử lại").click()
            await expect(tab.get_by_test_id("sheet")).to_have_count(3)
            rig.tokens.revoke_tokens(Role.OPERATOR, SESSION)
            await expect(tab.get_by_test_id("bye")).to_contain_text("thu hồi")
            await expect(tab.get_by_test_id("sheet")).to_have_count(0)

    asyncio.run(story())


def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    """And for as long as nobody knows whether a room is still seen, nothing is said of that."""

    async def story(server: Server) -> None:
        async with chromium(camera_files(tmp_path, 1, 700)) as browser:
            district, watch = await browser.new_page(), await browser.new_page()
            testing = await browser.new_page()
            await testing.goto(server.join_url(RIGHT))
            await expect(testing.get_by_test_id("join")).to_be_enabled()
            await expect(testing.get_by_test_id("away")).to_have_count(0)
            await district.goto(server.join_url(LEFT))
            await join_as_a_person_would(district)
            server.command("go_live")
            server.command("give_turn", delegate="lay-1", kind="speech")
            standing, own = (
                district.get_by_test_id("standing"),
                district.get_by_test_id("own-microphone"),
            )
            await expect(standing).to_contain_text("ĐANG PHÁT")
            await expect(district.get_by_test_id("line")).to_contain_text("tốt")
            await watch.goto(server.url(f"/watch/{server.session}"))
            await expect(watch.get_by_test_id("player")).not_to_have_js_property("currentTime", 0)
            await expect(watch.locator(".over-picture")).to_have_count(0)
            await expect(watch.get_by_test_id("current-item")).to_have_text("Thảo luận")
            words = await district.evaluate_handle(WHAT_IT_SAYS)
            server.stop()
            await expect(testing.get_by_test_id("away")).to_contain_text("Không tới được máy chủ")
            await expect(standing).to_contain_text("không thấy, không nghe")
            await expect(own).to_contain_text("không nghe thấy phòng này")
            await expect(watch.locator(".over-picture")).to_contain_text("Mất kết nối")
            assert await words.evaluate("(said) => said.filter((one) => one.untrue)") == []
            assert await words.evaluate("(said) => said.some((one) => one.unknown)")
            server.start()
            await expect(testing.get_by_test_id("away")).to_have_count(0)
            await expect(standing).to_contain_text("ĐANG PHÁT")
            await expect(own).to_contain_text("ĐANG MỞ")
            await expect(watch.locator(".over-picture")).to_have_count(0)

    with Server(tmp_path / "server", FEW_PICTURES) as server:
        asyncio.run(story(server))
