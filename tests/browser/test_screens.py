"""Chair, clerk, hall screen and a district through a questioning, each on a page of its own."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page as BrowserPage
from playwright.async_api import expect

from broadcast.session.model import Role
from tests.chromium import Chromium, chromium, complaints, join_as_a_person_would
from tests.live import page
from tests.server import LEFT, Server
from web import setup

SLOW_MS = 20_000
expect.set_options(timeout=SLOW_MS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("screens")) as server:
        server.command(
            "put_item", title="Chất vấn về nước sạch", kind="questioning", questioned=["chu-toa"]
        )
        yield server


def link(server: Server, role: Role) -> str:
    """A sign-in link; it leads to the role's own page."""
    store = setup.open_store(server.settings)
    try:
        token = server.tokens(store).issue_token(role, server.session)
    finally:
        store.close()
    return server.url(f"/sign-in#token={token}")


async def opened(browser: Chromium, url: str, troubles: list[list[str]]) -> BrowserPage:
    tab = await browser.new_page()
    troubles.append(complaints(tab))
    await tab.goto(url)
    return tab


@pytest.mark.timeout(240)
def test_a_questioning_on_all_screens(server: Server) -> None:
    async def story() -> None:
        async with page(server) as shown, chromium(size=(1180, 820)) as browser:
            troubles: list[list[str]] = []
            chair = await opened(browser, link(server, Role.CHAIR), troubles)
            clerk = await opened(browser, link(server, Role.CLERK), troubles)
            wall = await opened(browser, server.url(f"/display/{server.session}"), troubles)
            district = await opened(browser, server.join_url(LEFT), troubles)
            await join_as_a_person_would(district)
            item = next(one for one in shown.view["agenda"] if one["kind"] == "questioning")
            server.command("choose_item", item=item["id"])
            await begin(chair, wall)
            await a_round(server, chair, wall, district)
            await written_down(clerk, district, chair)
            await corrected(clerk)
            await talk(server, district)
            await into_secrecy(server, chair, wall)
            assert troubles == [[], [], [], []]

    asyncio.run(story())


async def begin(chair: BrowserPage, wall: BrowserPage) -> None:
    await expect(wall.get_by_test_id("standing")).to_contain_text("sắp bắt đầu")
    await chair.get_by_test_id("go_live").click()
    await chair.get_by_test_id("confirm-do").click()
    await expect(wall.get_by_test_id("item")).to_contain_text("Nguyễn Văn Chủ")


async def a_round(
    server: Server, chair: BrowserPage, wall: BrowserPage, district: BrowserPage
) -> None:
    """Two ask, by name; the chair calls them together, and one after the other."""
    await district.get_by_test_id("who-lay-1").check()
    await district.get_by_test_id("ask-question").click()
    await expect(chair.get_by_test_id("queue")).to_contain_text("Điêu Thị Xuân")
    server.command("register", delegate="chua-1", kind="question")
    await expect(wall.get_by_test_id("upcoming")).to_contain_text("Giàng A Dính")
    await chair.get_by_test_id("call_round").click()
    await chair.get_by_test_id("call_next").click()
    await expect(wall.get_by_test_id("speaker")).to_contain_text("Điêu Thị Xuân")
    await expect(wall.get_by_test_id("clock")).to_contain_text(re.compile(r"00:[0-5]\d|01:00"))
    await expect(district.get_by_test_id("standing")).to_contain_text("ĐANG PHÁT")
    await chair.get_by_test_id("extend").click()
    await expect(wall.get_by_test_id("clock")).to_contain_text(re.compile(r"01:\d\d|02:00"))


async def written_down(clerk: BrowserPage, district: BrowserPage, chair: BrowserPage) -> None:
    """A caption reaches the district; a decision the minutes."""
    await clerk.get_by_test_id("caption-input").fill("Kính thưa Hội đồng")
    await clerk.get_by_test_id("caption-input").press("Enter")
    await expect(district.get_by_test_id("caption")).to_have_text("Kính thưa Hội đồng")
    await clerk.get_by_test_id("kind-decision").click()
    await clerk.get_by_test_id("note-text").fill("Giao Sở báo cáo trước 31/12")
    await clerk.get_by_test_id("note-save").click()
    await expect(clerk.get_by_test_id("note")).to_contain_text("Giao Sở báo cáo")
    await chair.get_by_test_id("end_turn").click()
    await expect(chair.get_by_test_id("floor")).to_have_attribute("data-taken", "false")


async def corrected(clerk: BrowserPage) -> None:
    """Somebody else had spoken: list and minutes say so."""
    await clerk.get_by_test_id("correct").click()
    await clerk.get_by_test_id("correct-delegate").select_option("lay-2")
    await clerk.get_by_test_id("correct-reason").fill("Đọc thay")
    await clerk.get_by_test_id("correct-save").click()
    await expect(clerk.get_by_test_id("spoken-row")).to_contain_text("Lỳ Thị Phượng")
    async with clerk.context.expect_page() as opening:
        await clerk.get_by_test_id("minutes").click()
    minutes = await opening.value
    await expect(minutes.locator("table")).to_contain_text("Lỳ Thị Phượng")
    await expect(minutes.locator("table")).to_contain_text("Giao Sở báo cáo trước 31/12")
    await minutes.close()


async def talk(server: Server, district: BrowserPage) -> None:
    """A message stands across the district's page until somebody has seen it."""
    server.command("send_message", text="Nhờ bật thêm đèn", site=LEFT)
    await expect(district.get_by_test_id("new-message")).to_contain_text("Nhờ bật thêm đèn")
    await district.get_by_test_id("message-read").click()
    await expect(district.get_by_test_id("new-message")).to_have_count(0)


async def into_secrecy(server: Server, chair: BrowserPage, wall: BrowserPage) -> None:
    """Whatever the way into it, the wall then names nobody."""
    server.command("choose_item", item="kin")
    await expect(wall.get_by_test_id("standing")).to_contain_text("HỌP KÍN")
    await expect(chair.get_by_test_id("closed")).to_be_visible()
    assert "Điêu Thị Xuân" not in await wall.inner_text("body")
