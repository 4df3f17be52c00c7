"""Which column is which: headings as people write them, in any order. Pure."""

import re
from collections.abc import Mapping, Sequence

from broadcast.session.vietnamese import plain
from web.preparing.tables import Row

Columns = Mapping[str, int]
"""Field → number of its column."""

DELEGATES: Mapping[str, tuple[str, ...]] = {
    "name": ("ho va ten", "ho ten", "ten dai bieu", "ho ten dai bieu", "dai bieu", "name", "ten"),
    "family": ("ho va ten dem", "ho dem", "ho va dem", "ho va chu dem", "ho"),
    "title": ("chuc vu", "chuc danh", "chuc vu chuc danh", "title"),
    "unit": ("don vi cong tac", "don vi", "co quan", "noi cong tac"),
    "group": ("to dai bieu", "to", "doan", "nhom", "don vi bau cu", "group"),
    "site": ("diem cau", "ten diem cau", "noi du hop", "noi du", "dia diem", "site"),
}
SITES: Mapping[str, tuple[str, ...]] = {
    "name": (
        "ten diem cau", "diem cau", "ten don vi", "don vi", "dia diem", "ten xa", "xa phuong",
        "xa", "huyen", "ten", "name",
    ),
}  # fmt: skip
ITEMS: Mapping[str, tuple[str, ...]] = {
    "title": (
        "ten noi dung", "noi dung", "noi dung chuong trinh", "noi dung cong viec", "chuong trinh",
        "muc", "nhom van de", "title",
    ),
    "kind": ("loai noi dung", "loai", "hinh thuc", "kind"),
    "presenter": (
        "nguoi trinh bay", "trinh bay", "bao cao vien", "nguoi bao cao", "nguoi thuc hien",
        "presenter",
    ),
    "minutes": (
        "thoi luong", "so phut", "phut", "thoi gian", "thoi gian du kien", "planned minutes",
        "minutes",
    ),
    "questioned": (
        "nguoi bi chat van", "nguoi tra loi chat van", "nguoi tra loi", "nguoi duoc chat van",
        "nguoi giai trinh", "questioned",
    ),
    "closed": ("hop kin", "kin", "closed"),
}  # fmt: skip
ORDERS = {
    "delegates": ("name", "title", "group", "site"),
    "sites": ("name",),
    "items": ("title", "minutes", "presenter"),
}
"""What columns without headings are taken for."""
WORDS = {"delegates": DELEGATES, "sites": SITES, "items": ITEMS}
REQUIRED = {"delegates": "name", "sites": "name", "items": "title"}
_LOOK_AT = 15
"""Above the headings stands the name of the office, of the list, the date."""
_NO_BEGINNINGS = {"diem cau", "dia diem", "don vi", "huyen", "dai bieu"}
"""What a name itself may begin with: "Điểm cầu xã Nà Bủng" is no heading."""
_NUMBERS = {"stt", "so tt", "so thu tu", "tt", "no", "so"}


def bare(text: str) -> str:
    """Letters and digits only: "Họ, tên (*)" → "ho ten"."""
    return " ".join(re.findall(r"[a-z0-9]+", plain(text)))


def find(rows: Sequence[Row], what: str) -> tuple[int, Columns] | None:
    """The row of headings and its columns, if one of the first rows is that."""
    best: tuple[int, Columns] | None = None
    for number, row in enumerate(rows[:_LOOK_AT]):
        columns = _columns(row, WORDS[what])
        words = sum(bool(cell) for cell in row.cells)
        known = len(columns) + sum(bare(cell) in _NUMBERS for cell in row.cells)
        # A line like "Danh sách đại biểu" has one cell; a row of headings knows most of its own.
        enough = REQUIRED[what] in columns and known * 2 >= words
        if enough and (best is None or len(columns) > len(best[1])):
            best = number, columns
    return best


def _columns(row: Row, words: Mapping[str, tuple[str, ...]]) -> Columns:
    """Each field once: the heading that says it best."""
    told = [
        (score, -column, field)
        for column, cell in enumerate(row.cells)
        for field, names in words.items()
        if (score := _score(bare(cell), names))
    ]
    found: dict[str, int] = {}
    for _, column, field in sorted(told, reverse=True):
        if field not in found and -column not in found.values():
            found[field] = -column
    return found


def _score(heading: str, names: tuple[str, ...]) -> int:
    """How well one of the names fits: whole, or as the heading's beginning; longer is surer."""
    if heading in names:
        return 1000 + len(heading)
    starts = (
        len(name)
        for name in names
        if len(name) > 3 and name not in _NO_BEGINNINGS and heading.startswith(name + " ")
    )
    return max(starts, default=0)


def by_order(rows: Sequence[Row], what: str) -> Columns:
    """Without headings: a column of numbers is passed over."""
    width = max(len(row.cells) for row in rows)
    filled = [
        column
        for column in range(width)
        if any(len(row.cells) > column and row.cells[column] for row in rows)
    ]
    if len(filled) > 1 and _is_count(rows, filled[0]):
        filled = filled[1:]
    return dict(zip(ORDERS[what], filled, strict=False))


def _is_count(rows: Sequence[Row], column: int) -> bool:
    return all(
        not cell or cell.rstrip(".").isdigit()
        for row in rows
        for cell in row.cells[column : column + 1]
    )
