"""Names at the border."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.session.text import MAX_CHARS, clean


def test_combining_marks_become_one_spelling() -> None:
    typed = unicodedata.normalize("NFD", "Nguyễn Thị Ngọc Ánh")
    assert clean(typed) == "Nguyễn Thị Ngọc Ánh"


def test_spaces_are_tidied() -> None:
    assert clean("  Lò \u00a0 Văn  Ún ") == "Lò Văn Ún"


def test_three_hundred_characters_are_a_name_and_one_more_is_not() -> None:
    decomposed = unicodedata.normalize("NFD", "ễ" * MAX_CHARS)
    assert clean(decomposed) == "ễ" * MAX_CHARS
    with pytest.raises(ValueError, match="at most 300"):
        clean("a" * (MAX_CHARS + 1))


@pytest.mark.parametrize(
    "char",
    ["\x00", "\n", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\u2066", "\ufffe"],
)
def test_nothing_that_controls_is_in_a_name(char: str) -> None:
    with pytest.raises(ValueError, match=f"U\\+{ord(char):04X}"):
        clean(f"Lò{char}Văn")


@pytest.mark.parametrize("char", ["\u00ad", "\u200b", "\u200d", "\u2060", "\ufeff"])
def test_what_cannot_be_seen_makes_no_other_name(char: str) -> None:
    assert clean(f"{char}Lò V{char}ăn Ún") == "Lò Văn Ún"
    assert clean(char) == "", "and is none by itself"
    assert clean(f"a{char}\u0301") == "á"


@given(st.text())
def test_clean_text_stays_as_it_is(text: str) -> None:
    try:
        once = clean(text)
    except ValueError:
        return
    assert clean(once) == once
    assert len(once) <= MAX_CHARS
