"""A server is upgraded under open pages: each is loaded anew, by itself where that loses nothing,
and a district is in its seat again without being asked. Real Chromium."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from config.settings import Http, Settings
from tests.chromium import Chromium, camera_files, chromium, join_as_a_person_would, signed_in
from tests.upgrade import upgraded
from tests.web.rig import CHUA, LAY, SESSION, Rig, relay, settings_in

PAGES = ("operator", "chair", "clerk", "prepare", "rehearse", "display", "watch")

FETCHED = """() => performance.getEntriesByType("resource").filter(({name, transferSize}) =>
  transferSize && name.includes("/static/") && !name.endsWith(".svg")).map(({name}) => name)"""


async def opened(browser: Chromium, rig: Rig) -> dict[str, Page]:
    """All pages that hear of an upgrade; each knows that it is of before."""
    tabs = {}
    for name in PAGES:
        tab = tabs[name] = await browser.new_page()
        if name in ("display", "watch"):
            await tab.goto(rig.url(f"/{name}/{SESSION}"))
        else:
            await signed_in(tab, rig.url(f"/sign-in?next=/{name}/{SESSION}#token={rig.operator}"))
        await expect(tab.locator(".waiting")).to_have_count(0)
    for site in (LAY, CHUA):
        tab = tabs[site] = await browser.new_page()
        await tab.goto(rig.url(f"/join/{SESSION}/{site}#{rig.site(site)}"))
        await join_as_a_person_would(tab)
        await expect(tab.get_by_test_id("line")).to_contain_text("tốt")
    for tab in tabs.values():
        await tab.evaluate("globalThis.ofBefore = true")
    return tabs


async def is_old(tab: Page) -> bool:
    return bool(await tab.evaluate("Boolean(globalThis.ofBefore)"))


async def is_new(tab: Page) -> None:
    await tab.wait_for_function("() => !globalThis.ofBefore")
    await expect(tab.get_by_test_id("renewal")).to_have_count(0)


async def stays(tab: Page) -> None:
    """Until its reader says so."""
    await expect(tab.get_by_test_id("renewal")).to_contain_text("bản mới")
    assert await is_old(tab)


@asynccontextmanager
async def at(rig: Rig, settings: Settings) -> AsyncIterator[Rig]:
    """The next server, at the same address."""
    http = Http(port=urlsplit(rig.base).port or 0)
    async with relay(settings.model_copy(update={"http": http})) as after:
        yield after


def test_pages_of_before_an_upgrade_are_loaded_anew_where_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        settings = settings_in(tmp_path)
        async with chromium(camera_files(tmp_path, 1, 700)) as browser:
            async with relay(settings) as rig:
                await rig.command("go_live")
                await rig.command("open_microphone", site=CHUA)
                tabs = await opened(browser, rig)
            with upgraded(tmp_path / "web", monkeypatch):
                async with at(rig, settings) as after:
                    await look(tabs, after)

    asyncio.run(story())


async def look(tabs: dict[str, Page], rig: Rig) -> None:
    for name in ("operator", "chair", "clerk", "prepare", "rehearse"):
        await stays(tabs[name])
        await tabs[name].get_by_test_id("renew").press("Enter")
        await is_new(tabs[name])
    await is_new(tabs["display"])
    await stays(tabs["watch"])
    await is_new(tabs[LAY])
    assert await tabs[LAY].evaluate(FETCHED) == [], "all was there before it was loaded anew"
    await expect(tabs[LAY].get_by_test_id("line")).to_contain_text("tốt")
    heard = tabs[CHUA]
    await expect(heard.get_by_test_id("line")).to_contain_text("tốt")
    assert await is_old(heard), "its microphone is open"
    await rig.command("close_microphone", site=CHUA)
    await is_new(heard)
    await expect(heard.get_by_test_id("line")).to_contain_text("tốt")
    await rig.command("end_session")
    await is_new(tabs["watch"])
