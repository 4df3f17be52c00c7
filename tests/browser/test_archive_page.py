"""The archive in real Chromium, as somebody searches it who was not there."""

import asyncio
import shutil
from pathlib import Path

from playwright.async_api import expect

from broadcast.session.model import Role
from tests.chromium import chromium
from tests.server import AGENDA
from tests.web.rig import relay, settings_in
from tests.web.test_archive import hold
from tests.web.test_proof import TITLE, recorded, was_live_for
from tests.web.test_retire import WHY, media
from web.cli import main
from web.setup import put_account

__all__ = ["recorded"]  # the fixture


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
            await another.get_by_test_id("search").fill("thao")
            await expect(another.get_by_test_id("count")).to_have_text("Đang tìm…")
            await another.get_by_text("Bỏ mọi điều kiện").click()
            await expect(another.get_by_test_id("count")).not_to_have_text("Đang tìm…")

    asyncio.run(story())


def test_an_old_recording_leaves_and_the_page_says_where_it_is(
    recorded: Path, tmp_path: Path
) -> None:
    data, copy = shutil.copytree(recorded, tmp_path / "data"), tmp_path / "copy"
    was_live_for(data, 4, AGENDA)
    main(("backup", str(copy), "--data-dir", str(data)))

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            put_account(rig.store, "quan-tri", "", frozenset({Role.CHAIR}), admin=True)
            account = rig.store.account("quan-tri")
            assert account is not None
            stranger, office = await browser.new_page(), await browser.new_page()
            cookie = {"name": "diemcau", "value": rig.tokens.cookie_for_account(account)}
            await office.context.add_cookies([{**cookie, "url": rig.base}])
            for tab in (stranger, office):
                await tab.goto(rig.url("/archive"))
                await expect(tab.get_by_text(TITLE).first).to_be_visible()
            await expect(stranger.get_by_test_id("retire")).to_have_count(0)

            async def retire(folder: Path) -> None:
                await office.get_by_test_id("retire").click()
                dialog = office.get_by_test_id("retire-dialog")
                await dialog.locator("[name=kept_in]").fill(str(folder))
                await dialog.locator("[name=why]").fill(WHY)
                await dialog.get_by_test_id("retire-do").click()
                await expect(dialog).to_have_count(0)

            before = media(data)
            await retire(tmp_path)
            await expect(office.get_by_test_id("retiring")).to_contain_text("Không có gì bị xóa")
            assert media(data) == before
            await retire(copy)
            away = office.get_by_test_id("retired")
            await expect(away).to_contain_text(str(copy))
            await expect(away).to_contain_text(f"quan-tri: {WHY}")
            await expect(office.get_by_test_id("retiring")).to_have_count(0)
            for one in ("retire", "half-retired"):
                await expect(office.get_by_test_id(one)).to_have_count(0)
            assert not media(data)
            note = rig.store.newest_note("x", ("recording_retired",))
            assert note is not None
            assert (note.who, note.where.means) == ("quan-tri", "account")
            assert note.where.address == "127.0.0.1"

            await stranger.reload()
            await expect(stranger.get_by_test_id("retired")).to_contain_text("hỏi Văn phòng")
            await expect(stranger.get_by_test_id("retired")).not_to_contain_text(str(copy))
            await stranger.get_by_text("Xem mục lục").click()
            await expect(stranger.get_by_test_id("retired")).to_contain_text("hỏi Văn phòng")
            await expect(stranger.get_by_test_id("player")).to_have_count(0)
            chapters = stranger.get_by_test_id("chapter")
            await expect(chapters.first).to_be_visible()
            await expect(chapters.locator("a, button")).to_have_count(0)  # nothing would play
            await stranger.goto(rig.url("/watch/x"))
            await expect(stranger.get_by_test_id("not-live")).to_contain_text("hỏi Văn phòng")
            await office.get_by_text("Xem mục lục").click()
            await expect(office.get_by_test_id("to-minutes")).to_be_visible()
            await office.get_by_text("Bản ghi phần họp kín").click()
            await expect(office.get_by_test_id("retired")).to_contain_text("hỏi Văn phòng")
            await expect(office.get_by_test_id("sealed-download")).to_have_count(0)
            said = data / "archive/x/retired.json"  # as after a power cut
            said.write_text(said.read_text("utf-8").replace('"ended":true', '"ended":false'))
            await office.goto(rig.url("/archive"))
            await expect(office.get_by_test_id("half-retired")).to_be_visible()
            await expect(office.get_by_test_id("retire")).to_be_enabled()
            for path in ("/archive/x/master.m3u8", "/api/v1/sessions/x/film.mp4"):
                assert (await rig.get(path)).status in {401, 403, 404}
            (row,) = (await (await rig.get("/api/v1/sessions")).json())["sessions"]
            assert not row["has_archive"]

    asyncio.run(story())
