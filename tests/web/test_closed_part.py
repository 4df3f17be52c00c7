"""The closed part over real HTTP and WebRTC: who is put out, what pages are told, what is kept."""

import asyncio
import csv
import io
from pathlib import Path

import pytest

from tests.peers import publishing
from tests.web.rig import CHUA, ITEM, LAY, SECRET_TITLE, SESSION, Rig, relay, settings_in
from tests.web.test_doorkeeper import _ask
from web.record_files import MARK, as_csv


async def _until_line(rig: Rig, site: str, *, comes: bool) -> None:
    """Whether anything comes from the site, as the panel is told it."""
    async with rig.page("operator", rig.operator) as panel:
        await panel.until(
            lambda page: page.view and (page.view["sites"][site]["video"] == "ok") == comes
        )


def test_a_site_that_was_put_out_is_cut_off_told_and_let_in_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            await rig.command("go_live")
            async with (
                publishing(rig.url(f"/whip/{LAY}"), rig.site(LAY), 1, 500),
                rig.page("site", rig.site(LAY)) as out,
                rig.page("site", rig.site(CHUA)) as inside,
            ):
                await out.until(lambda page: page.view and not page.view["me"]["put_out"])
                await _until_line(rig, LAY, comes=True)
                status, _ = await rig.command("close_part", staying=[CHUA])
                assert status == 200
                await out.until(lambda page: page.view["me"]["put_out"])
                await inside.until(lambda page: page.view and page.view["session"]["closed"])
                assert not inside.view["me"]["put_out"]
                await _until_line(rig, LAY, comes=False)
                for path in (f"/whip/{LAY}", f"/whep/{SESSION}/{LAY}"):
                    assert await _ask(rig, path, rig.site(LAY)) == (403, "put_out")
                path = f"/whep/{SESSION}/{CHUA}"
                assert await _ask(rig, path, rig.site(CHUA)) == (400, "offer"), "it may come in"

                await rig.command("choose_item", item="nhan-su")
                await inside.until(lambda page: SECRET_TITLE in str(page.view))
                await rig.command("give_turn", delegate="chua-1", kind="speech")
                await inside.until(lambda page: page.view.get("floor"))
                assert SECRET_TITLE not in str(out.view)
                assert out.view.get("floor") is None
                assert out.view["queue"] == []

                await rig.command("end_turn")
                status, refused = await rig.command("request_opening")
                assert (status, refused["error"]["code"]) == (409, "item_still_closed")
                await rig.command("choose_item", item=ITEM)
                status, refused = await rig.command("confirm_opening")
                assert (status, refused["error"]["code"]) == (409, "opening_not_requested")
                await rig.command("request_opening")
                await rig.command("confirm_opening")
                async with rig.page("site", rig.site(LAY)) as again:
                    await again.until(lambda page: page.view and not page.view["me"]["put_out"])
                path = f"/whip/{LAY}"
                assert await _ask(rig, path, rig.site(LAY)) == (400, "offer"), "it may come in"

            by = [(one.actor, one.event.type) for one in rig.store.load(SESSION)]
            assert ("operator", "room_closed") in by
            assert [type_ for _, type_ in by][-2:] == ["opening_requested", "room_opened"]

    asyncio.run(scenario())


def test_the_panel_is_told_what_undo_would_do(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            relay(settings_in(tmp_path)) as rig,
            rig.page("operator", rig.operator) as panel,
        ):
            await rig.command("go_live")
            await rig.command("give_turn", delegate="lay-1", kind="speech")
            await panel.until(lambda page: page.view and page.view.get("floor"))
            undo = panel.view["undo"]
            assert (undo["what"], undo["name"]) == ("give_turn", "Điêu Thị Xuân")
            status, _ = await rig.command("undo", act=undo["act"])
            assert status == 200
            await panel.until(lambda page: page.view.get("floor") is None)
            assert panel.view["time_used"]["delegates"] == []

    asyncio.run(scenario())


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t=", "\r=", "\n="])
def test_no_spreadsheet_computes_a_list(begin: str) -> None:
    """One of East Asia takes the wide signs for the narrow ones."""
    people = ["Điêu Thị Xuân", "H’Hen Niê", "Y Blô – tổ 3", ""]
    text = as_csv([[f"{begin}1+1", *people]])
    assert next(csv.reader(io.StringIO(text.removeprefix(MARK), newline=""))) == [
        f"'{begin}1+1",
        *people,
    ]


def test_lists_to_print_and_to_send(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            path = f"/api/v1/sessions/{SESSION}/record/not-heard.csv"
            staff = {"Authorization": f"Bearer {rig.operator}"}
            assert (await rig.get(path)).status == 401
            site = {"Authorization": f"Bearer {rig.site(LAY)}"}
            assert (await rig.get(path, headers=site)).status == 403
            assert (await rig.get(path.replace("not", "never"), headers=staff)).status == 404
            await rig.command("go_live")
            await rig.command("register", delegate="chua-1", kind="speech")
            await rig.command("note_promise", delegate="lay-1", text="=1+1", due="2026-12-31")
            answer = await rig.get(path, headers=staff)
            text = (await answer.read()).decode()
            assert text.startswith("\ufeffSTT,Họ và tên")
            assert "Giàng A Dính,Đại biểu,Tổ Tủa Chùa" in text
            assert f"{SESSION}-not-heard.csv" in answer.headers["Content-Disposition"]
            promises = await rig.get(path.replace("not-heard", "promises"), headers=staff)
            assert "'=1+1" in await promises.text(), "no spreadsheet computes it"
            plain = await rig.get(path.replace("not-heard.csv", "promises.txt"), headers=staff)
            assert "=1+1 · Điêu Thị Xuân · Đại biểu · 2026-12-31" in await plain.text()

    asyncio.run(scenario())
