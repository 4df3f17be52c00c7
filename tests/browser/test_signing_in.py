"""Signing in with a second factor in real Chromium: led through it, wrong codes, and out."""

import asyncio
from pathlib import Path

import pyotp
from playwright.async_api import Page, expect

from broadcast.session.model import Role
from tests.chromium import chromium
from tests.media import wait_until
from tests.server import CONFIG, Server
from web import setup
from web.accounts import hash_password

NAME, PASSWORD = "ky-thuat", "mười ba con vịt"
SECOND_FACTOR = f'{CONFIG}\n[security]\nsecond_factor = ["operator"]\n'


async def signs_in(tab: Page, password: str) -> None:
    """As somebody would who begins in the first field."""
    await tab.get_by_label("Tên đăng nhập").fill(NAME)
    await tab.keyboard.press("Tab")
    await tab.keyboard.insert_text(password)
    await tab.keyboard.press("Enter")


async def selects(tab: Page, field: str) -> None:
    """That is what the next key replaces."""

    async def is_so() -> bool:
        found: str = await tab.evaluate("""() => {
          const {name, selectionStart, selectionEnd, value} = document.activeElement;
          return selectionStart === 0 && selectionEnd === value?.length && value ? name : "";
        }""")
        return found == field

    await wait_until(is_so, f"{field} to be written anew")


def test_led_through_a_second_factor_and_out_again(tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        async with chromium() as browser:
            tab = await browser.new_page()
            await tab.goto(server.url("/sign-in"))
            await signs_in(tab, "không phải")
            await expect(tab.get_by_test_id("refused")).to_be_visible()
            await selects(tab, "password")
            await tab.keyboard.insert_text(PASSWORD)
            await tab.keyboard.press("Enter")
            totp, paper = await enrols(tab)
            await tab.get_by_test_id("sign-out").click()
            await expect(tab.get_by_test_id("sign-out")).to_have_count(0)
            await tab.goto(server.url("/sign-in"))
            await signs_in(tab, PASSWORD)
            await expect(tab.get_by_test_id("code")).to_be_focused()
            await tab.keyboard.insert_text(totp.at(0))
            await tab.keyboard.press("Enter")
            await expect(tab.get_by_test_id("refused")).to_contain_text("không đúng")
            await selects(tab, "code")
            await tab.keyboard.insert_text(paper)
            await tab.keyboard.press("Enter")
            await expect(tab.get_by_test_id("account")).to_be_visible()
            server.stop()
            await tab.get_by_test_id("sign-out").click()
            await expect(tab.get_by_test_id("stayed")).to_contain_text("Chưa nhận được trả lời")

    with Server(tmp_path, SECOND_FACTOR) as server:
        with setup.open_store(server.settings) as store:
            hashed = hash_password(PASSWORD)
            setup.put_account(store, NAME, hashed, frozenset({Role.OPERATOR}))
        asyncio.run(story(server))


async def enrols(tab: Page) -> tuple[pyotp.TOTP, str]:
    """What the phone holds then, and one of the recovery codes."""
    await expect(tab.get_by_test_id("enrol")).to_be_visible()
    totp = pyotp.TOTP(await tab.get_by_test_id("secret").inner_text())
    code, password = tab.get_by_label("Mã 6 số trên điện thoại"), tab.get_by_label("Mật khẩu hiện")
    await code.fill(totp.at(0))
    await password.fill(PASSWORD)
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_test_id("told")).to_be_in_viewport()
    await selects(tab, "code")
    await tab.keyboard.insert_text(totp.now())
    await tab.keyboard.press("Enter")
    recovery = tab.get_by_test_id("recovery")
    await expect(recovery).to_be_focused()
    await expect(tab.get_by_test_id("enrol")).to_have_count(0)
    paper = await recovery.locator("code").first.inner_text()
    await tab.keyboard.press("Tab")
    await tab.keyboard.press("Tab")
    await tab.keyboard.press("Enter")  # they are kept
    await expect(tab.get_by_test_id("sign-out")).to_be_visible()
    await expect(recovery).to_have_count(0)
    return totp, paper
