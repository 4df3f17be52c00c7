"""What hands do that a page must not mistake: the other button of a mouse, a press whose answer is
lost, letters that are typed while others are on their way. Real Chromium."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import Page, Route, expect

from broadcast.session.model import Role
from tests.chromium import camera_files, chromium, join_as_a_person_would, signed_in
from tests.web.rig import LAY, SESSION, Rig, relay, settings_in

HELD = re.compile(r"\bheld\b")


async def desk(tab: Page, rig: Rig, role: Role) -> None:
    token = rig.tokens.issue_token(role, SESSION)
    await signed_in(tab, rig.url(f"/sign-in#token={token}"))
    await tab.wait_for_url(f"**/{role}/*")
    await expect(tab.locator(".waiting")).to_have_count(0)


def test_only_the_main_button_of_a_mouse_ends_a_session(tmp_path: Path) -> None:
    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            tab = await browser.new_page()
            await desk(tab, rig, Role.CHAIR)
            await rig.command("go_live")
            await tab.get_by_test_id("end_session").click()
            hold = tab.get_by_test_id("confirm-hold")
            await hold.hover()
            await tab.mouse.down(button="right")
            await expect(hold).not_to_have_class(HELD)
            await tab.mouse.up(button="right")
            await tab.mouse.down()
            await expect(tab.get_by_test_id("phase")).to_have_attribute("data-phase", "ended")

    asyncio.run(story())


def test_whoever_hears_no_answer_is_told_to_look_first(tmp_path: Path) -> None:
    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            tab = await browser.new_page()
            await desk(tab, rig, Role.CHAIR)
            await rig.command("go_live")
            await rig.command("give_turn", delegate="lay-1", kind="speech")

            async def lost(route: Route) -> None:
                """It is done, and nobody hears of it."""
                await rig.command("extend_turn", by_ms=60_000)
                await route.abort()

            await tab.route("**/commands", lost)
            await tab.get_by_test_id("extend").click()
            await expect(tab.get_by_test_id("toasts")).to_contain_text("có thể đã thực hiện")
            await expect(tab.get_by_test_id("clock")).to_contain_text("07:")

    asyncio.run(story())


async def held_back(tab: Page) -> asyncio.Event:
    """Commands of the page wait for it."""
    lets = asyncio.Event()

    async def hold(route: Route) -> None:
        await lets.wait()
        await route.continue_()

    await tab.route("**/commands", hold)
    return lets


def test_what_a_clerk_types_is_not_lost(tmp_path: Path) -> None:
    """While the note before is on its way, while it is refused, and while another is rewritten."""

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            tab = await browser.new_page((1920, 1080))
            await desk(tab, rig, Role.CLERK)
            field, notes = tab.get_by_test_id("note-text"), tab.get_by_test_id("note")
            waits = await held_back(tab)
            await field.fill("Bắt đầu")
            await field.press("Control+Enter")
            await field.press_sequentially("Tiếp theo")
            waits.set()
            await expect(notes).to_have_count(1)
            await expect(field).to_have_value("Tiếp theo")
            await tab.get_by_test_id("kind-decision").click()
            await tab.get_by_test_id("rewrite").click()
            await expect(field).to_have_value("Bắt đầu")
            await tab.get_by_test_id("note-cancel").click()
            await expect(field).to_have_value("Tiếp theo")
            await expect(tab.get_by_test_id("kind-decision")).to_have_attribute(
                "aria-pressed", "true"
            )
            await tab.unroute("**/commands")
            await tab.route("**/commands", lambda route: route.abort())
            await field.press("Control+Enter")
            await expect(tab.get_by_test_id("toasts")).to_contain_text("có thể đã thực hiện")
            await expect(field).to_have_value("Tiếp theo")
            await expect(tab.get_by_test_id("kind-decision")).to_have_attribute(
                "aria-pressed", "true"
            )

    asyncio.run(story())


def test_what_a_room_writes_next_is_not_lost_while_the_last_is_sent(tmp_path: Path) -> None:
    async def story() -> None:
        camera = camera_files(tmp_path, 1, 700)
        async with relay(settings_in(tmp_path)) as rig, chromium(camera) as browser:
            room = await browser.new_page()
            await room.goto(rig.url(f"/join/{SESSION}/{LAY}#{rig.site(LAY)}"))
            await join_as_a_person_would(room)
            await room.get_by_text("Nhắn phòng điều khiển").click()
            field, waits = room.get_by_test_id("chat-text"), await held_back(room)
            await field.fill("Mất tiếng")
            await field.press("Enter")
            await field.press_sequentially("Đã có lại")
            waits.set()
            await expect(room.get_by_test_id("messages")).to_contain_text("Mất tiếng")
            await expect(field).to_have_value("Đã có lại")

    asyncio.run(story())
