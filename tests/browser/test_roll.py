"""The clerk calls the roll; the chair sees how many are there, the minutes say who is not."""

import asyncio
from pathlib import Path

from playwright.async_api import Page, expect

from broadcast.session.model import Role
from tests.browser.test_accessible import violations
from tests.chromium import chromium, signed_in
from tests.web.rig import LAY, SESSION, relay, settings_in


def test_from_the_clerk_to_the_chair_and_the_minutes(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            tabs = {}
            for role in (Role.CLERK, Role.CHAIR):
                tab = tabs[role] = await browser.new_page()
                token = rig.tokens.issue_token(role, SESSION)
                await signed_in(tab, rig.url(f"/sign-in#token={token}"))
                await tab.wait_for_url(f"**/{role}/{SESSION}")
            clerk, chair = tabs[Role.CLERK], tabs[Role.CHAIR]
            await expect(chair.get_by_test_id("present")).to_have_count(0)
            await clerk.get_by_test_id("roll-open").click()
            said = clerk.get_by_test_id("roll-said")
            await expect(said).to_have_text("Có mặt 0, vắng 0, chưa điểm danh 3")
            await clerk.get_by_test_id("roll-absent-chua-1").click()
            why = clerk.get_by_test_id("roll-why-chua-1")
            await why.fill("Đi công tác")
            await why.press("Enter")
            await clerk.get_by_test_id("roll-present-chu-toa").click()
            await clerk.get_by_test_id(f"roll-all-{LAY}").click()
            await expect(said).to_have_text("Có mặt 2, vắng 1, chưa điểm danh 0")
            await expect(clerk.get_by_test_id(f"roll-all-{LAY}")).to_be_disabled()
            await expect(why).to_have_value("Đi công tác")
            assert await violations(clerk, "the roll call") == []
            await check_the_paper(clerk)
            await expect(chair.get_by_test_id("present")).to_have_text("Có mặt 2/3")
            pressed = clerk.get_by_test_id("roll-present-chu-toa")
            await pressed.click()
            await expect(pressed).to_have_attribute("aria-pressed", "false")
            await expect(chair.get_by_test_id("present")).to_have_text("Có mặt 1/3")
            await clerk.goto(rig.url(f"/minutes/{SESSION}"))
            await expect(clerk.get_by_test_id("roll")).to_have_text(
                "Có mặt 1/3 đại biểu theo danh sách. "
                "Vắng mặt: Giàng A Dính, Đại biểu (Đi công tác)."
            )

    asyncio.run(scenario())


async def check_the_paper(clerk: Page) -> None:
    """All of it, black on white, and nothing else of the page."""
    await clerk.emulate_media(media="print")
    paper = clerk.get_by_test_id("roll-paper")
    await expect(paper.get_by_role("row").filter(has_text="Giàng A Dính")).to_have_text(
        "1Giàng A DínhĐại biểuVắngĐi công tác"
    )
    await expect(paper.get_by_role("row").filter(has_text="Nguyễn Văn Chủ")).to_contain_text(
        "Có mặt"
    )
    await expect(paper).to_have_css("color", "rgb(0, 0, 0)")
    for away in (clerk.get_by_test_id("roll"), clerk.locator(".clerk")):
        await expect(away).to_be_hidden()
    await clerk.emulate_media(media="screen")
