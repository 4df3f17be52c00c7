"""Overlays to draw in tests: as they are every day, and as nobody should send them."""

from typing import Any

from broadcast.overlay.contents import NAMES
from broadcast.program import Overlay

NOW_MS = 1_700_000_000_000

USUAL: dict[str, dict[str, Any]] = {
    "lower_third": {
        "name": "Lường Thị Ngoãn",
        "title": "Phó Chủ tịch HĐND tỉnh",
        "site": "Điểm cầu huyện Mường Nhé",
    },
    "agenda": {
        "items": [
            {"number": 1, "title": "Khai mạc", "state": "done"},
            {"number": 2, "title": "Chất vấn về cấp nước sạch vùng cao", "state": "current"},
            {"number": 3, "title": "Bế mạc", "state": "coming"},
        ],
    },
    "queue": {
        "questioning": True,
        "rows": [
            {"number": 1, "name": "Giàng A Dính", "site": "Huyện Tủa Chùa", "kind": "question"},
            {"number": 2, "name": "Lò Thị Ếm", "site": "Huyện Mường Ảng", "kind": "rebuttal"},
        ],
        "more": 2,
    },
    "clock": {
        "kind": "question",
        "started_at_ms": NOW_MS - 20_000,
        "limit_ms": 60_000,
        "paused_at_ms": None,
        "paused_ms": 0,
        "warn_ms": 30_000,
    },
    "live": {},
    "logo": {"text": "HĐND TỈNH ĐIỆN BIÊN"},
    "slate": {
        "mode": "pause",
        "title": "Kỳ họp thứ mười lăm, HĐND tỉnh Điện Biên khóa XV",
        "subtitle": "Điện Biên Phủ, ngày 8 tháng 7 năm 2026",
        "text": "Phiên họp sẽ tiếp tục trong ít phút nữa",
    },
    "signal_lost": {"site": "Điểm cầu huyện Mường Nhé"},
    "seat_title": {"site": "Điểm cầu thị xã Mường Lay"},
    "card": {"title": "Phiên họp bắt đầu sau", "reading": "04:59"},
}
assert set(USUAL) == set(NAMES)

HOSTILE = (
    "",
    " ",
    "Nguyễn Văn " * 27,
    "Ẵ" * 300,
    "W" * 300,
    "a" + "\u0301" * 300,
    "e\u0302\u0309 u\u031b\u0300 " * 30,
    "👩‍👩‍👧‍👦🇻🇳⏸️🔴 Ếch",
    "\u202eمرحبا بالعالم\u202c שלום",
    "Nguyễn\x00 Văn\x1b[31m\x07 A\r\n\tB\u2028C\ufeff\ufffe\ud800",
    "</text><script>alert(1)</script> & &amp; <![CDATA[ ]]> \" ' {{ 7 * 7 }} {% raw %}",
    "𝐍𝐠𝐮𝐲ễ𝐧 Ｖăｎ ﬁ № ½ ĳ",
    "漢字かな 한글 ไทย ລາວ",
)


def filled_with(name: str, text: str) -> Overlay:
    """The overlay with `text` wherever it takes one."""
    return Overlay(name, {key: _filled(value, text) for key, value in USUAL[name].items()})


def _filled(value: object, text: str) -> object:
    if isinstance(value, str):
        return text
    if isinstance(value, list):
        return [{key: _filled(inner, text) for key, inner in row.items()} for row in value] * 5
    return value


def usual(name: str) -> Overlay:
    return Overlay(name, USUAL[name])
