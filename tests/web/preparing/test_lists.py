"""Lists as offices have them: spellings, encodings, orders; every bad row told by its line."""

import io
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from openpyxl import Workbook

from web.catalogues import LANGUAGES, knows, say
from web.preparing.lists import Known, Reading, read
from web.preparing.tables import NotATable, rows_of

KNOWN = Known(
    sites={
        "hall": "Hội trường HĐND tỉnh",
        "muong-nhe": "Điểm cầu xã Mường Nhé",
        "muong-lay": "Điểm cầu phường Mường Lay",
        "muong-cha": "Điểm cầu xã Mường Chà",
        "h-muong-cha": "Điểm cầu huyện Mường Chà",
    },
    hall="hall",
    people=[
        ("khanh", "Trần Quốc Khánh", "Giám đốc Sở Xây dựng"),
        ("yen", "Chảo Thị Yến", "Giám đốc Sở Y tế"),
        ("un-1", "Lò Văn Ún", "Đại biểu"),
        ("un-2", "Lò Văn Ún", "Đại biểu"),
    ],
)


def reading(text: str | bytes, what: str = "delegates") -> Reading:
    data = text if isinstance(text, bytes) else text.encode()
    return read(rows_of(data), what, KNOWN)


def named(found: Reading) -> list[tuple[Any, ...]]:
    return [(row["name"], row["title"], row["group"], row["site"]) for row in found.rows]


TWO = [
    ("Pờ Mỳ Lế", "Đại biểu", "Tổ 1", "muong-nhe"),
    ("Đặng Thị Ánh", "Phó Trưởng ban", "Tổ 2", "hall"),
]
PLAIN = """Họ và tên;Chức vụ;Tổ đại biểu;Điểm cầu
Pờ Mỳ Lế;Đại biểu;Tổ 1;Mường Nhé
Đặng Thị Ánh;Phó Trưởng ban;Tổ 2;Hội trường
"""


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.replace(";", "\t").encode("utf-16"),
        PLAIN.replace(";", ",").encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        ("sep=;\n" + PLAIN).encode(),
        PLAIN.replace("ế", "ê\u0301").encode(),
        PLAIN.upper().replace("PỜ MỲ LẾ", "Pờ Mỳ Lế").replace("MƯỜNG", "muong").encode(),
    ],
    ids=["utf-8", "bom", "utf-16", "comma", "crlf", "sep", "nfd", "capitals"],
)
def test_the_same_list_however_it_is_written(data: bytes) -> None:
    found = reading(data)
    assert found.faults == []
    assert [(row["name"].casefold(), row["site"]) for row in found.rows] == [
        (name.casefold(), site) for name, _, _, site in TWO
    ]


def test_windows_1258_writes_tones_apart() -> None:
    """As Excel's CSV does on a Vietnamese Windows."""
    import unicodedata

    tones = "\u0300\u0301\u0303\u0309\u0323"
    apart = "".join(
        unicodedata.normalize(
            "NFC", "".join(c for c in unicodedata.normalize("NFD", char) if c not in tones)
        )
        + "".join(c for c in unicodedata.normalize("NFD", char) if c in tones)
        for char in PLAIN
    )
    found = reading(apart.encode("cp1258"))
    assert (found.faults, named(found)) == ([], TWO)


@pytest.mark.parametrize(
    "heading",
    [
        "Điểm cầu;Họ tên;STT;Chức danh;Tổ",
        "NƠI DỰ HỌP;HỌ VÀ TÊN ĐẠI BIỂU;TT;CHỨC VỤ, CHỨC DANH;TỔ ĐẠI BIỂU SỐ",
        "diem cau;ho va ten;so tt;chuc vu;to dai bieu",
        "Điểm cầu (*);Họ, tên;STT.;Chức vụ hiện nay;Đơn vị bầu cử",
    ],
)
def test_headings_in_any_order_and_spelling(heading: str) -> None:
    found = reading(f"{heading}\nMường Nhé;Pờ Mỳ Lế;1;Đại biểu;Tổ 1\n")
    assert (found.faults, named(found)) == ([], TWO[:1])


def test_titles_above_numbers_below_and_a_footer() -> None:
    text = """ỦY BAN NHÂN DÂN TỈNH;;;
DANH SÁCH ĐẠI BIỂU;;;
;;;
STT;Họ và tên đệm;Tên;Chức vụ
(1);(2);(3);(4)
1;Pờ Mỳ;Lế;Đại biểu
;;;
Tổng số: 1 đại biểu;;;
"""
    found = reading(text)
    assert found.faults == []
    assert named(found) == [("Pờ Mỳ Lế", "Đại biểu", "", "hall")]
    assert [code for code, _ in found.notes] == ["all_at_hall"]


def test_a_pasted_list_without_headings() -> None:
    found = reading("1\tPờ Mỳ Lế\tĐại biểu\n2\tĐặng Thị Ánh\tPhó ban\n")
    assert [row["name"] for row in found.rows] == ["Pờ Mỳ Lế", "Đặng Thị Ánh"]
    assert found.notes[0][0] == "no_heading"
    sites = reading("Điểm cầu xã Nà Bủng\n\nĐiểm cầu xã Si Pa Phìn\n", "sites")
    assert [row["name"] for row in sites.rows] == ["Điểm cầu xã Nà Bủng", "Điểm cầu xã Si Pa Phìn"]
    assert [row["line"] for row in sites.rows] == [1, 3]


def workbook(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    book.create_sheet("Danh sách")
    for row in rows:
        book["Danh sách"].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_with_an_empty_first_sheet_and_numbers() -> None:
    data = workbook([
        [None, "Chương trình"],
        ["STT", "Nội dung", "Thời lượng", "Người trình bày", "Người trả lời chất vấn", "Kín"],
        [1, "Chất vấn nhóm thứ nhất", 90.0, None, "Giám đốc Sở Y tế; ông Trần Quốc Khánh"],
        [2, "Công tác nhân sự", "1h30", "Trần Quốc Khánh", None, True],
    ])  # fmt: skip
    found = reading(data, "items")
    assert found.faults == []
    first, second = found.rows
    assert (first["kind"], first["planned_minutes"], first["line"]) == ("questioning", 90, 3)
    assert first["questioned"] == ["yen", "khanh"]
    assert (second["planned_minutes"], second["presenter"]) == (90, "khanh")
    assert (first["closed"], second["closed"]) == (False, True)


def test_of_merged_cells_only_the_first_is_filled_and_that_is_told() -> None:
    rows = [
        ["Họ và tên", "Điểm cầu"],
        ["Lò Văn An", "Mường Nhé"],
        *([f"Lò {n}", None] for n in "AB"),
    ]
    found = reading(workbook(rows))
    assert [row["site"] for row in found.rows] == ["muong-nhe", "hall", "hall"]
    assert found.notes == [("some_at_hall", {"hall": "Hội trường HĐND tỉnh", "lines": "3, 4"})]
    assert "3, 4" in say("vi", "import.note_some_at_hall", found.notes[0][1])


def test_whom_a_tone_tells_apart() -> None:
    known = replace(KNOWN, people=[("binh", "Lò Văn Bình", ""), ("binh-2", "Lò Văn Bính", "")])
    told = "Nội dung;Người trình bày\nMột;ông Lò Văn Bính\nHai;LÒ VĂN BÌNH\nBa;Lò Văn Bỉnh\n"
    found = read(rows_of(told.encode()), "items", known)
    assert [row["presenter"] for row in found.rows] == ["binh-2", "binh"]
    assert [fault.code for fault in found.faults] == ["person_ambiguous"]
    two = reading("Họ và tên\nLò Văn Bình\nLò Văn Bính\n")
    assert (two.faults, len(two.rows)) == ([], 2)


@pytest.mark.parametrize(
    ("what", "row", "code"),
    [
        ("delegates", ";Đại biểu;;", "no_name"),
        ("delegates", "Lò Văn An;;;Mường Tè", "site_unknown_near"),
        ("delegates", "Lò Văn An;;;Hà Nội", "site_unknown"),
        ("delegates", "Lò Văn An;;;Mường Chà", "site_ambiguous"),
        ("delegates", "Pờ Mỳ Lế;;;Mường Nhé", "twice"),
        ("delegates", f"{'a' * 301};;;", "too_long"),
        ("delegates", "Lò Văn\x07 An;;;", "control"),
        ("items", "Thảo luận;chiều nay;;", "minutes_unknown"),
        ("items", "Thảo luận;;Người Lạ;", "person_unknown"),
        ("items", "Thảo luận;;Trần Quốc Khang;", "person_unknown_near"),
        ("items", "Thảo luận;;Lò Văn Ún;", "person_ambiguous"),
        ("items", "Thảo luận;;;văn nghệ", "kind_unknown"),
    ],
)
def test_a_bad_row_is_told_with_its_line(what: str, row: str, code: str) -> None:
    head = {
        "delegates": "Họ và tên;Chức vụ;Tổ;Điểm cầu\nPờ Mỳ Lế;Đại biểu;;Mường Nhé",
        "items": "Nội dung;Số phút;Người trình bày;Loại\nKhai mạc;10;;",
    }[what]
    found = reading(f"{head}\n{row}\n", what)
    assert [(fault.line, fault.code) for fault in found.faults] == [(3, code)]
    for language in LANGUAGES:
        said = say(language, f"import.row_{code}", found.faults[0].params)
        assert said.endswith(".")
        assert "{" not in said


def test_every_fault_is_told_at_once() -> None:
    rows = "\n".join(f"Lò Văn {n};;;nơi khác" for n in range(40))
    found = reading(f"Họ và tên;Chức vụ;Tổ;Điểm cầu\n{rows}\n")
    assert [fault.line for fault in found.faults] == list(range(2, 42))
    assert found.rows == []


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("15", 15), ("15 phút", 15), ("15'", 15), ("1h30", 90), ("1 giờ 30 phút", 90),
        ("2h", 120), ("8h00 - 8h45", 45), ("13h30–15h", 90), ("8 giờ đến 9 giờ", 60), ("", 0),
        ("01:30", 90),
    ],
)  # fmt: skip
def test_minutes_as_people_write_them(text: str, minutes: int) -> None:
    found = reading(f"Nội dung;Thời gian\nThảo luận;{text}\n", "items")
    assert [row["planned_minutes"] for row in found.rows] == [minutes]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xd0\xcf\x11\xe0 an old workbook", "old_excel"),
        (b"PK\x03\x04 no workbook", "excel_damaged"),
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\xff\xfe\x00", "encoding"),
        (b"%PDF-1.7\n\x00\x01", "encoding"),
        (b"a\n" * 2001, "too_many_rows"),
    ],
)
def test_what_is_no_table(data: bytes, code: str) -> None:
    with pytest.raises(NotATable) as caught:
        rows_of(data)
    assert caught.value.code == code
    assert knows(f"import.{code}")


NAMES = st.text(
    st.sampled_from("aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạấầẩẫậốồổỗộỳýỷỹỵ ABCĐ"),
    min_size=2,
    max_size=20,
).filter(lambda text: text.strip() == text and "  " not in text)


@settings(max_examples=60)
@given(
    names=st.lists(NAMES, min_size=1, max_size=12, unique_by=str.casefold),
    delimiter=st.sampled_from(";\t,"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_names_come_out_as_they_went_in(names: list[str], delimiter: str, encoding: str) -> None:
    lines = [f"Họ và tên{delimiter}Chức vụ", *(f"{name}{delimiter}Đại biểu" for name in names)]
    found = reading("\n".join(lines).encode(encoding))
    told = {row["line"]: row["name"] for row in found.rows}
    # Names that differ only in their tones are told as the same person's.
    twice = {fault.line for fault in found.faults if fault.code == "twice"}
    skipped = set(range(2, len(names) + 2)) - told.keys() - twice
    assert all(names[line - 2].casefold().startswith(("cộng", "cong")) for line in skipped)
    assert all(told[line] == names[line - 2] for line in told)


@settings(max_examples=100)
@given(st.binary(max_size=300), st.sampled_from(["sites", "delegates", "items"]))
def test_no_bytes_break_it(data: bytes, what: str) -> None:
    try:
        rows = rows_of(data)
    except NotATable:
        return
    read(rows, what, KNOWN)
