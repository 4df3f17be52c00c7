"""The operator puts a sign-language interpreter into the picture by keys alone, sees him leave and
return, and takes him out; in real Chromium, with sites that really send."""

import asyncio
from pathlib import Path

from playwright.async_api import Page as BrowserPage
from playwright.async_api import expect

from tests.chromium import chromium, complaints, signed_in
from tests.live import page
from tests.peers import publishing
from tests.server import FEW_PICTURES, HALL, LEFT, Server
from tests.web.rig import LAY, SESSION, relay, settings_in

PUT = {"site": LEFT, "corner": "bottom-right", "share": 0.21}


def test_he_is_put_in_moved_lost_and_taken_out_by_keys(tmp_path: Path) -> None:
    async def story() -> None:
        with Server(tmp_path, FEW_PICTURES) as server:
            hall = publishing(server.url(f"/whip/{HALL}"), server.site_tokens[HALL], 3, 300)
            async with hall, page(server) as shown, chromium(size=(1366, 768)) as browser:
                left = publishing(server.url(f"/whip/{LEFT}"), server.site_tokens[LEFT], 1, 700)
                tab = await browser.new_page()
                troubles = complaints(tab)
                async with left:
                    await signed_in(tab, server.operator_url)
                    await expect(tab.get_by_test_id(f"site-{LEFT}")).to_have_attribute(
                        "data-video", "ok"
                    )
                    await choose_by_keys(tab)
                    await shown.until(lambda v: v["signer"] == PUT, "he is put in")
                    await expect(tab.get_by_test_id(f"site-{LEFT}")).to_have_attribute(
                        "data-tally", "program"
                    )
                    await expect_state(tab, "on")
                    await open_by_key(tab)
                    await tab.get_by_test_id("signer-bottom-right").focus()
                    await tab.keyboard.press("ArrowLeft")
                    moved = PUT | {"corner": "bottom-left"}
                    await shown.until(lambda v: v["signer"] == moved, "seen at once")
                    await tab.keyboard.press("Escape")
                    await expect(tab.get_by_test_id("signer-dialog")).to_have_count(0)
                await expect_state(tab, "lost")
                alarm = tab.locator("[data-code=signer_lost]")
                await expect(alarm).to_contain_text("ngôn ngữ ký hiệu")
                async with publishing(
                    server.url(f"/whip/{LEFT}"), server.site_tokens[LEFT], 1, 700
                ):
                    await expect_state(tab, "on")
                    await expect(alarm).to_have_count(0)
                    await open_by_key(tab)
                    await tab.get_by_test_id("signer-out").focus()
                    await tab.keyboard.press("Enter")
                    await shown.until(lambda v: not v.get("signer"), "he is taken out")
                await expect_state(tab, "off")
                assert troubles == []

    asyncio.run(story())


async def open_by_key(tab: BrowserPage) -> None:
    await tab.keyboard.press("k")
    await expect(tab.get_by_test_id("signer-site")).to_be_focused()


async def choose_by_keys(tab: BrowserPage) -> None:
    await open_by_key(tab)
    await expect(tab.get_by_test_id("signer-put")).to_be_disabled()
    await tab.get_by_test_id("signer-site").select_option(LEFT)
    await expect(tab.get_by_test_id("signer-put")).to_be_enabled()
    await tab.get_by_test_id("signer-put").focus()
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_test_id("signer-dialog")).to_have_count(0)


async def expect_state(tab: BrowserPage, state: str) -> None:
    await expect(tab.get_by_test_id("signer-open")).to_have_attribute("data-state", state)


def test_he_is_named_in_the_preparation(tmp_path: Path) -> None:
    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium(size=(1280, 800)) as browser:
            tab = await browser.new_page()
            await signed_in(tab, rig.url(f"/sign-in#token={rig.operator}"))
            await tab.wait_for_url("**/operator/*")
            await tab.goto(rig.url(f"/prepare/{SESSION}#sites"))
            switch = tab.get_by_test_id(f"signer-{LAY}")
            await expect(switch).to_have_attribute("aria-pressed", "false")
            await switch.click()
            await expect(switch).to_have_attribute("aria-pressed", "true")
            row = tab.get_by_test_id("site-list").locator("li", has=switch)
            await expect(row).to_contain_text("Phiên dịch ngôn ngữ ký hiệu")
            await tab.screenshot(path=tmp_path / "prepare.png")
            await switch.click()
            await expect(switch).to_have_attribute("aria-pressed", "false")

    asyncio.run(story())
