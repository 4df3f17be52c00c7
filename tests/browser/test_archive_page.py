"""The archive in real Chromium, as somebody searches it who was not there."""

import asyncio
from pathlib import Path

from playwright.async_api import expect

from tests.chromium import chromium
from tests.web.rig import relay, settings_in
from tests.web.test_archive import hold


def test_whoever_comes_back_finds_what_was_found(tmp_path: Path) -> None:
    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            hold(rig)
            tab = await browser.new_page()
            await tab.goto(rig.url("/archive"))
            kind, search = tab.get_by_test_id("kind"), tab.get_by_test_id("search")
            await kind.select_option(index=1)
            chosen = await kind.input_value()
            await search.fill("thao luan")
            places = tab.get_by_test_id("place")
            await expect(places.first).to_be_visible()
            found, address = await places.all_text_contents(), tab.url
            await places.first.click()
            await tab.wait_for_url("**/play/**")
            await tab.go_back()
            await expect(search).to_have_value("thao luan")
            await expect(kind).to_have_value(chosen)
            await expect(places).to_have_text(found)
            another = await browser.new_page()
            await another.goto(address)
            await expect(another.get_by_test_id("place")).to_have_text(found)
            await another.get_by_text("Bỏ mọi điều kiện").click()
            await expect(another).to_have_url(rig.url("/archive"))

    asyncio.run(story())
