"""Any text becomes drawable, and fits."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.overlay.fit import ELLIPSIS, MAX_CHARS, clean, fit, measure
from tests.broadcast.overlay.samples import HOSTILE

TEXTS = st.one_of(st.text(max_size=400), st.sampled_from(HOSTILE))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  Lò  Thị\tẾm\n", "Lò Thị Ếm"),
        (unicodedata.normalize("NFD", "Mường Nhé, Điện Biên"), "Mường Nhé, Điện Biên"),
        ("Nguyễn\u200b Văn\u202e A\x07", "Nguyễn Văn A"),
        ("𝐍𝐠𝐮𝐲ễ𝐧 Ｖăｎ", "Nguyễn Văn"),
        ("Ông 🇻🇳 A 👩‍👩‍👧‍👦", "Ông A"),
        ("A 漢字 B", f"A {ELLIPSIS} B"),
        ("مرحبا بالعالم", ELLIPSIS),
        ("a" + "\u0301" * 50, "á\u0301\u0301"),
        ("x\ud800y", "xy"),
        ("50 % – “đúng”; A&B <C>", "50 % – “đúng”; A&B <C>"),
    ],
)
def test_what_is_drawn_of_a_text(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@settings(deadline=None)
@given(TEXTS)
def test_a_clean_text_is_composed_and_visible(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == unicodedata.normalize("NFC", cleaned) == clean(cleaned)
    assert not any(unicodedata.category(char).startswith("C") for char in cleaned)
    assert len(cleaned) <= 20 * MAX_CHARS


@settings(deadline=None)
@given(st.text(alphabet="aăâeêioôơuưyđ \u0300\u0301\u0303\u0309\u0323"))
def test_composed_and_decomposed_are_one_text(text: str) -> None:
    assert clean(unicodedata.normalize("NFD", text)) == clean(unicodedata.normalize("NFC", text))


@settings(max_examples=200, deadline=None)
@given(
    TEXTS,
    st.floats(1, 1500),
    st.floats(8, 80),
    st.floats(8, 80),
    st.integers(1, 4),
    st.sampled_from((400, 500, 600, 700)),
)
def test_it_fits_whatever_it_is(
    text: str, width: float, size: float, least: float, lines: int, weight: int
) -> None:
    fitted = fit(text, width, size, least, lines, weight)
    assert len(fitted.lines) <= lines
    assert min(size, least) <= fitted.size <= size
    # A single letter may be wider than the room for it: it is drawn all the same.
    one_letter = measure("WW" + ELLIPSIS, fitted.size, weight)
    assert fitted.width <= max(width + 0.001, one_letter)


@settings(deadline=None)
@given(st.text(alphabet="Nguyễn Thị Lò Ếm abc ", max_size=60))
def test_a_short_text_is_drawn_whole(text: str) -> None:
    fitted = fit(text, 4000, 30)
    assert " ".join(fitted.lines) == clean(text)


def test_it_shrinks_before_it_wraps_and_wraps_before_it_is_cut() -> None:
    text = "Phó Chủ tịch Thường trực Hội đồng nhân dân tỉnh"
    whole = fit(text, 2000, 40, 20)
    shrunk = fit(text, 700, 40, 20)
    cut = fit(text, 300, 40, 20)
    assert whole.size == 40
    assert 20 <= shrunk.size < 40
    assert shrunk.lines == (text,)
    assert cut.lines[0].endswith(ELLIPSIS)
    assert text.startswith(cut.lines[0][:-1])
    assert fit(text, 300, 40, 20, lines=3).lines != cut.lines


def test_it_is_cut_between_words_unless_that_leaves_a_gap() -> None:
    (line,) = fit("Nguyễn Hoàng Phương Thảo Công Tằng Tôn Nữ", 400, 30).lines
    assert line == f"Nguyễn Hoàng Phương{ELLIPSIS}"
    (line,) = fit("Huyện Nghiêngngảnghiêngngả", 200, 30).lines
    assert line.startswith("Huyện Ngh")


def test_a_cut_text_is_as_long_as_it_goes() -> None:
    text = "Ẵ" * 300
    fitted = fit(text, 500, 30)
    assert fitted.width > 500 - measure("Ẵ", 30) - measure(ELLIPSIS, 30)
    assert fit(text, 500, 30, lines=2).lines[0] == "Ẵ" * len(fit(text, 500, 30, lines=2).lines[0])


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        (
            "Kỳ họp thứ mười lăm, HĐND tỉnh Điện Biên khóa XV, nhiệm kỳ 2021 – 2026",
            1000,
            ("Kỳ họp thứ mười lăm, HĐND tỉnh", "Điện Biên khóa XV, nhiệm kỳ 2021 – 2026"),
        ),
        (
            "Chất vấn Giám đốc Sở Nông nghiệp và Môi trường về cấp nước sạch",
            680,
            ("Chất vấn Giám đốc Sở Nông nghiệp", "và Môi trường về cấp nước sạch"),
        ),
        (
            "Phiên họp tạm nghỉ, mời quý vị theo dõi",
            400,
            ("Phiên họp tạm nghỉ,", "mời quý vị theo dõi"),
        ),
    ],
)
def test_lines_break_where_it_reads_well(text: str, width: float, lines: tuple[str, ...]) -> None:
    assert fit(text, width, 34, lines=3, weight=600).lines == lines


def test_no_text_gives_no_lines() -> None:
    assert fit(" \x00 ", 100, 20, lines=2).lines == ()
    assert fit("", 100, 20).height == 0
