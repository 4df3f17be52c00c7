"""A session made ready by hand in real Chromium: created, its list imported, its sheets printed,
a site rehearsed. Nothing is clicked that a technician would not click."""

import asyncio
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from openpyxl import Workbook
from playwright.async_api import FilePayload, Page, expect

from broadcast.session.model import Role
from tests.chromium import chromium, complaints, signed_in
from tests.server import FEW_PICTURES, Server
from tests.web.rig import SESSION, relay, settings_in
from web import setup
from web.accounts import hash_password

NAME, PASSWORD = "ky-thuat", "mật khẩu đủ dài của phòng kỹ thuật"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("preparing"), FEW_PICTURES) as server:
        store = setup.open_store(server.settings)
        setup.put_account(store, NAME, hash_password(PASSWORD), frozenset({Role.OPERATOR}))
        store.close()
        yield server


def sheet(name: str, *rows: tuple[Any, ...]) -> FilePayload:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data.getvalue()}


HEAD = [("DANH SÁCH ĐẠI BIỂU",), ("STT", "Họ và tên", "Chức vụ", "Điểm cầu")]
GOOD = [(1, "Vàng A Lử", "Đại biểu", "Mường Nhé"), (2, "Lò Thị Ún", "Phó Trưởng ban", "Na Son")]
BAD = [(3, "", "Đại biểu", "Sín Thầu"), (4, "Vừ A Tu", "Đại biểu", "Mường Tè")]


def test_from_nothing_to_printed_sheets_and_a_rehearsal(server: Server) -> None:
    async def story() -> None:
        async with chromium(size=(1366, 900)) as browser:
            tab = await browser.new_page()
            troubles = complaints(tab)
            await sign_in_and_create(tab, server)
            await import_a_list(tab)
            await add_an_item_with_a_document(tab)
            await print_the_sheets(tab)
            await rehearse_a_site(tab)
            assert troubles == []

    asyncio.run(story())


def test_who_rehearses_takes_over_from_who_directs(server: Server) -> None:
    """On the page where he was refused."""

    async def story() -> None:
        async with chromium(size=(1366, 900)) as browser:
            first, second = await browser.new_page(), await browser.new_page()
            await sign_in_and_create(first, server)
            await first.get_by_test_id("step-links").click()
            session = urlsplit(first.url).path.rpartition("/")[2]
            await first.goto(server.url(f"/operator/{session}"))
            await expect(first.locator(".console")).to_be_visible()
            await sign_in(second, server)
            await expect(second.get_by_test_id("new-session")).to_be_visible()
            await second.goto(server.url(f"/rehearse/{session}"))
            await second.get_by_test_id("take-control").click()
            await second.get_by_test_id("confirm-do").click()
            await expect(second.get_by_test_id("control")).to_have_count(0)
            await second.get_by_test_id("begin-rehearsal").click()
            await expect(second.get_by_test_id("walk-hall")).to_be_visible()

    asyncio.run(story())


async def sign_in(tab: Page, server: Server) -> None:
    await tab.goto(server.url("/sign-in"))
    await tab.locator("input[name=name]").fill(NAME)
    await tab.locator("input[name=password]").fill(PASSWORD)
    await tab.get_by_test_id("sign-in").click()


async def sign_in_and_create(tab: Page, server: Server) -> None:
    await sign_in(tab, server)
    await tab.get_by_test_id("new-session").click()
    await tab.get_by_test_id("kind-explanation").click()
    await tab.get_by_test_id("source-preset:dien_bien_2025").click()
    await tab.get_by_test_id("new-title").fill("Phiên giải trình tháng Mười một")
    await tab.get_by_test_id("create").click()
    await expect(tab.get_by_test_id("step-sites")).to_contain_text("46")
    await tab.get_by_test_id("title").fill("Phiên giải trình tháng 11")
    await tab.get_by_test_id("onward").click()
    await expect(tab.locator("h1")).to_have_text("Phiên giải trình tháng 11")


@pytest.mark.parametrize("step", ["about", "agenda", "links"])
def test_on_a_phone_a_step_begins_on_the_first_screen(tmp_path: Path, step: str) -> None:
    """Under a title as long as they are; which step it is stays in sight, and nothing is wider."""
    title = "Kỳ họp thứ mười hai (thường lệ giữa năm) Hội đồng nhân dân tỉnh Điện Biên khóa XV"

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium(size=(390, 844)) as browser:
            await rig.command("describe_session", title=f"{title}, phiên chất vấn và trả lời")
            tab = await browser.new_page()
            await signed_in(tab, rig.url(f"/sign-in#token={rig.operator}"))
            await tab.wait_for_url("**/operator/*")
            await tab.goto(rig.url(f"/prepare/{SESSION}#{step}"))
            await expect(tab.get_by_test_id(f"step-{step}")).to_be_in_viewport(ratio=1)
            begins = await tab.locator("main .panel").first.bounding_box()
            assert begins is not None
            assert begins["y"] < 844 / 2
            assert await tab.evaluate("document.documentElement.scrollWidth") == 390

    asyncio.run(story())


def test_a_start_is_the_councils_on_a_computer_of_another_zone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who prepares it may be abroad, or his computer as it came from the shop."""
    monkeypatch.setenv("TZ", "America/New_York")
    starts_at_ms = datetime(2026, 12, 24, 1, 30, tzinfo=UTC).timestamp() * 1000

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium(size=(1366, 900)) as browser:
            tab = await browser.new_page()
            await signed_in(tab, rig.url(f"/sign-in#token={rig.operator}"))
            await tab.wait_for_url("**/operator/*")
            await tab.goto(rig.url(f"/prepare/{SESSION}#about"))
            zone = await tab.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
            assert zone == "America/New_York"
            start = tab.get_by_test_id("start")
            await start.fill("2026-12-24T08:30")
            words = "08:30, thứ Năm, ngày 24 tháng 12 năm 2026"
            await expect(tab.get_by_test_id("start-in-words")).to_have_text(words)
            await tab.get_by_test_id("save-about").click()
            async with rig.page("operator", rig.operator) as panel:
                await panel.until(
                    lambda page: (
                        page.view
                        and page.view["session"].get("planned_start_at_ms") == starts_at_ms
                    )
                )
            await tab.reload()
            await expect(start).to_have_value("2026-12-24T08:30")

    asyncio.run(story())


async def import_a_list(tab: Page) -> None:
    """Two bad rows keep all four out."""
    await tab.get_by_test_id("step-delegates").click()
    await tab.get_by_test_id("import-delegates").click()
    file = tab.get_by_test_id("import-file-delegates")
    await file.set_input_files(sheet("loi.xlsx", *HEAD, *GOOD, *BAD))
    faults = tab.get_by_test_id("import-faults")
    await expect(faults).to_contain_text("Dòng 5:")
    await expect(faults).to_contain_text("Dòng 6:")
    await expect(tab.get_by_test_id("step-delegates")).to_contain_text("0")
    await file.set_input_files(sheet("dung.xlsx", *HEAD, *GOOD))
    await tab.get_by_test_id("import-do").click()
    await expect(tab.get_by_test_id("delegate-list")).to_contain_text("Lò Thị Ún")
    await expect(tab.get_by_test_id("delegate-list")).to_contain_text("Điểm cầu xã Mường Nhé")


async def add_an_item_with_a_document(tab: Page) -> None:
    await tab.get_by_test_id("step-agenda").click()
    await tab.get_by_test_id("add-item").click()
    form = tab.get_by_test_id("item-form")
    await form.locator("input[name=title]").fill("Thảo luận tổ")
    await form.locator("input[name=minutes]").fill("45")
    await form.get_by_test_id("save").click()
    await expect(tab.get_by_test_id("item-thao-luan-to")).to_contain_text("45 phút")
    await tab.get_by_test_id("upload-thao-luan-to").set_input_files(
        {"name": "Tờ trình 12.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF\n"}
    )
    await expect(tab.get_by_test_id("document")).to_contain_text("Tờ trình 12")


async def print_the_sheets(tab: Page) -> None:
    """One page of paper for each site, whatever its name."""
    await tab.get_by_test_id("step-links").click()
    async with tab.expect_popup() as opened:
        await tab.get_by_test_id("to-sheets").click()
    sheets = await opened.value
    await expect(sheets.get_by_test_id("sheet")).to_have_count(46)
    shown = sheets.get_by_test_id("sheet").filter(has_text="Điểm cầu xã Mường Nhé")
    await expect(shown).to_contain_text("Vàng A Lử")
    paper = await sheets.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 46
    await sheets.close()


async def rehearse_a_site(tab: Page) -> None:
    await tab.get_by_test_id("to-rehearsal").click()
    await tab.get_by_test_id("begin-rehearsal").click()
    await tab.get_by_test_id("walk-xa-muong-nhe").click()
    await tab.get_by_test_id("ok-picture").click()
    await tab.get_by_test_id("failed-echo").click()
    await expect(tab.get_by_test_id("try-echo")).to_contain_text("Giảm âm lượng loa")
    await tab.reload()
    await expect(tab.get_by_test_id("walk-xa-muong-nhe")).to_contain_text("1 lỗi")
    await tab.get_by_test_id("report-open").click()
    row = tab.get_by_test_id("report").locator("tr", has_text="Điểm cầu xã Mường Nhé")
    await expect(row).to_contain_text("✓")
    await expect(row).to_contain_text("✗")
