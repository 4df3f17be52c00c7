"""Words found without their marks, and people in the order of a Vietnamese list."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.session.vietnamese import (
    has_all,
    name_key,
    plain,
    searchable,
    spelling,
    word_key,
)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Đỗ Thị Hằng", "do thi hang"),
        ("ĐƯỜNG", "duong"),
        ("Ủy ban", "uy ban"),
        (unicodedata.normalize("NFD", "Mường Ẳng"), "muong ang"),
        ("", ""),
    ],
)
def test_without_marks(text: str, bare: str) -> None:
    assert plain(text) == bare


@pytest.mark.parametrize(
    ("wanted", "text", "found"),
    [
        ("dinh", "Giàng A Dính", True),
        ("giang dinh", "Giàng A Dính", True),
        ("đính", "Giàng A Dính", True),
        ("HĐND", "Hội đồng nhân dân tỉnh", True),
        ("hoi dong nhan dan", "Kỳ họp HĐND tỉnh Điện Biên", True),
        ("ubnd tinh", "Chủ tịch Ủy ban nhân dân tỉnh", True),
        ("uỷ ban nhân dân", "UBND tỉnh", True),
        ("quoc hoi", "Đại biểu Quốc hội", True),
        ("đại biểu quốc hội", "ĐBQH tỉnh", True),
        ("kinh tế-xã hội", "Thảo luận kinh tế - xã hội", True),
        ("inh", "Giàng A Dính", False),
        ("chat van giao thong", "Chất vấn", False),
        ("", "Chất vấn", True),
    ],
)
def test_looking_for_words(wanted: str, text: str, found: bool) -> None:
    assert has_all(searchable(wanted), searchable(text)) is found


def test_the_alphabet_and_its_tones() -> None:
    text = "an ăn ân ba bà bả bã bá bạ ban bàn băn ca da đa em êm lan lân no nô nơ tu tư xa ý"
    words = text.split()
    shuffled = random.Random(7).sample(words, len(words))
    assert sorted(shuffled, key=word_key) == words


def test_people_by_their_given_names() -> None:
    people = ["Giàng A Dính", "Trần Ân", "Nguyễn Văn An", "Lò Thị Ân", "Nguyễn Thị An", "Lò Đan"]
    assert sorted(people, key=name_key) == [
        "Nguyễn Thị An",
        "Nguyễn Văn An",
        "Lò Thị Ân",
        "Trần Ân",
        "Giàng A Dính",
        "Lò Đan",
    ]


@given(st.text(max_size=30))
def test_no_text_is_too_strange(text: str) -> None:
    assert has_all(searchable(text), searchable(text))
    assert name_key(text) == name_key(unicodedata.normalize("NFC", text))


def test_a_tone_may_stand_on_either_vowel_but_is_the_same_tone() -> None:
    assert spelling("Nguyễn Thị Hoà") == spelling("NGUYỄN  THỊ HÒA")
    assert len({spelling(name) for name in ("Bình", "Bính", "Binh", "Bỉnh", "Đinh", "Dinh")}) == 6
