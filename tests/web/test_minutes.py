"""The minutes over real HTTP: as a page, and as a Word file that is read back."""

import asyncio
import io
import re
import threading
from datetime import datetime
from pathlib import Path

import pytest
from docx import Document

from broadcast.session.model import Role
from tests.web.rig import (
    CHUA,
    ITEM,
    LAY,
    SECRET,
    SECRET_TITLE,
    SESSION,
    Rig,
    relay,
    settings_in,
)
from web.minutes_paper import organ_of
from web.times import how_long, local_time

PATH = f"/minutes/{SESSION}"


async def _hold(rig: Rig) -> None:
    """A turn and a decision in public, one of each while closed, and open again."""
    await rig.command("mark_roll", delegates=["lay-1", "chua-1"], present=True)
    await rig.command("mark_roll", delegates=["chu-toa"], present=False, reason="Ốm")
    await rig.command("go_live")
    await rig.command("give_turn", delegate="chua-1", kind="speech")
    await rig.command("end_turn")
    await rig.command("write_note", text="Giao Sở báo cáo\ntrước 31/12", kind="decision")
    await rig.command("choose_item", item=SECRET, staying=[LAY])
    await rig.command("give_turn", delegate="lay-1", kind="speech")
    await rig.command("end_turn")
    await rig.command("write_note", text="Giới thiệu ông K")
    await rig.command("choose_item", item=ITEM)
    for step in ("request_opening", "confirm_opening", "end_session"):
        status, told = await rig.command(step)
        assert status == 200, told


@pytest.mark.parametrize("wish", ["", "docx", "closed"])
def test_long_minutes_keep_no_sound_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wish: str
) -> None:
    """Four hundred lines take over 10 ms, to draw or to put into the form of a paper."""
    on_the_loop = []

    def moment(at_ms: int) -> datetime:
        on_the_loop.append(threading.current_thread() is threading.main_thread())
        return local_time(at_ms)

    monkeypatch.setattr("web.minutes.local_time", moment)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            await rig.command("go_live")
            status, _ = await _file(rig, wish, Role.OPERATOR)
            assert (status, True in on_the_loop, on_the_loop != []) == (200, False, True)

    asyncio.run(scenario())


async def _file(rig: Rig, wish: str, role: Role) -> tuple[int, bytes]:
    token = rig.tokens.issue_token(role, SESSION)
    headers = {"Authorization": f"Bearer {token}"}
    answer = await rig.get(f"{PATH}?download={wish}", headers=headers)
    return answer.status, await answer.read()


def _text(file: bytes) -> str:
    """All of it in reading order: cells of a row one after the other."""
    document = Document(io.BytesIO(file))
    found = []
    for element in document.iter_inner_content():
        rows = getattr(element, "rows", None)
        if rows is None:
            found.append(element.text)
        else:
            found += [one.text for row in rows for cell in row.cells for one in cell.paragraphs]
    return "\n".join(found)


def test_a_word_file_in_the_official_form(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            await _hold(rig)
            status, file = await _file(rig, "docx", Role.CLERK)
            assert status == 200
            text = _text(file)
            order = [
                "HỘI ĐỒNG NHÂN DÂN TỈNH\n",
                "Số: ……/BB-HĐND",
                "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
                "Độc lập - Tự do - Hạnh phúc",
                "BIÊN BẢN",
                "Phiên thử",
                "Thời gian bắt đầu:",
                "Địa điểm: Hội trường HĐND tỉnh; Điểm cầu thị xã Mường Lay",
                "Thành phần tham dự: có mặt 2/3 đại biểu theo danh sách; …",
                "Vắng mặt: Nguyễn Văn Chủ, Chủ tịch HĐND tỉnh (Ốm).",
                "Chủ trì (chủ tọa): …",
                "Thư ký (người ghi biên bản): …",
                "Họp kín từ ",
                "Nội dung phiên họp:",
                "1. Thảo luận kinh tế - xã hội",
                "Giàng A Dính (Đại biểu, Điểm cầu huyện Tủa Chùa): phát biểu",
                "Kết luận, quyết định: Giao Sở báo cáo\ntrước 31/12",
                "2. Nội dung họp kín",
                "biên bản của phần này lập riêng",
                "Phiên họp kết thúc vào",
                "THƯ KÝ",
                "CHỦ TỌA",
                "Nơi nhận:",
            ]
            places = [text.find(one) for one in order]
            assert -1 not in places, order[places.index(-1)]
            assert places == sorted(places)
            assert re.search(r", ngày \d\d tháng (0[12]|[3-9]|1[0-2]) năm \d{4}\n", text)
            for secret in (SECRET_TITLE, "ông K", "Điêu Thị Xuân"):
                assert secret not in text
            section = Document(io.BytesIO(file)).sections[0]
            page = [section.page_width, section.page_height, section.left_margin]
            assert [round(one.mm) for one in page if one] == [210, 297, 30]
            assert Document(io.BytesIO(file)).styles["Normal"].font.name == "Times New Roman"

    asyncio.run(scenario())


def test_interpreters_are_no_place_of_the_meeting(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            rows = [{"name": "Cabin tiếng Mông"}, {"name": "Phòng ký hiệu"}]
            await rig.command("import_rows", sites=rows)
            async with rig.page("operator", rig.operator) as panel:
                await panel.until(lambda p: p.view)
                named = {site["name"]: id_ for id_, site in panel.view["sites"].items()}
            mong = {"code": "hmn", "name": "Tiếng Mông"}
            await rig.command("set_booth", site=named["Cabin tiếng Mông"], language=mong)
            await rig.command("set_signer", site=named["Phòng ký hiệu"])
            await _hold(rig)
            _, file = await _file(rig, "docx", Role.CLERK)
            text = _text(file)
            assert "Điểm cầu huyện Tủa Chùa (họp trực tuyến, 3 điểm cầu)." in text

    asyncio.run(scenario())


def test_the_closed_part_has_a_paper_of_its_own_for_those_with_the_right(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            await _hold(rig)
            for role in (Role.OPERATOR, Role.CHAIR):
                status, file = await _file(rig, "closed", role)
                text = _text(file)
                assert status == 200
                for told in ("BIÊN BẢN PHẦN HỌP KÍN", SECRET_TITLE, "ông K", "Điêu Thị Xuân"):
                    assert told in text
                assert "Giàng A Dính" not in text, "what was public stands in the other"
            status, refused = await _file(rig, "closed", Role.CLERK)
            assert (status, "ông K" in refused.decode()) == (403, False)
            for headers in ({}, {"Authorization": f"Bearer {rig.site(CHUA)}"}):
                for wish in ("", "?download", "?download=docx", "?download=closed"):
                    answer = await rig.get(PATH + wish, headers=headers)
                    assert answer.status == 303, (wish, headers)
            notes = [one.note for one in rig.store.audit() if one.note.what == "closed_minutes"]
            assert [(one.role, one.outcome) for one in notes] == [
                ("operator", "done"),
                ("chair", "done"),
                ("clerk", "forbidden"),
            ]
            clerk = rig.tokens.issue_token(Role.CLERK, SESSION)
            for token, offered in ((rig.operator, True), (clerk, False)):
                page = await rig.get(PATH, headers={"Authorization": f"Bearer {token}"})
                text = await page.text()
                assert ("download-closed" in text) == offered
                assert "download-docx" in text
                assert SECRET_TITLE not in text

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("texts", "organ", "place"),
    [
        (
            ("Về cấp nước", "Phiên giải trình của Thường trực HĐND tỉnh Điện Biên, lần thứ 2"),
            "THƯỜNG TRỰC HỘI ĐỒNG NHÂN DÂN TỈNH ĐIỆN BIÊN",
            "Điện Biên",
        ),
        (("HĐND xã Mường Nhé khóa XXII",), "HỘI ĐỒNG NHÂN DÂN XÃ MƯỜNG NHÉ", "Mường Nhé"),
        (("Hội trường HĐND tỉnh, ngày 9",), "HỘI ĐỒNG NHÂN DÂN TỈNH", ""),
        (("Họp giao ban",), "", ""),
    ],
)
def test_the_paper_is_that_of_the_council_that_is_named(
    texts: tuple[str, ...], organ: str, place: str
) -> None:
    assert organ_of(*texts) == (organ, place)


def test_how_long_somebody_spoke_is_no_time_of_day() -> None:
    """Beside 08:15:03, a 1:03 would be read as one."""
    assert [how_long("vi", s) for s in (63, 9.9)] == ["1 phút 03 giây", "9 giây"]
    assert [how_long("en", s) for s in (18_725, 3599, 0.5)] == ["5 h 12 min", "59 min 59 s", "0 s"]
