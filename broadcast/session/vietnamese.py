"""The Vietnamese way with letters: looking for words without their marks, and the order of names.

Pure, and small enough to need no ICU: the alphabet has 29 letters, each vowel six tones.
"""

import re
import unicodedata
from functools import cache

_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
"""Huyền, hỏi, ngã, sắc, nặng, in the order of dictionaries; none of them comes first."""
_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANK = {unicodedata.normalize("NFD", letter): rank for rank, letter in enumerate(_ALPHABET, 1)}

_FORMS = (
    ("hội đồng nhân dân", "HĐND"),
    ("ủy ban nhân dân", "UBND"),
    ("mặt trận tổ quốc", "MTTQ"),
    ("đại biểu quốc hội", "ĐBQH"),
    ("kinh tế - xã hội", "KTXH"),
    ("thành phố", "TP"),
    ("thị xã", "TX"),
    ("nghị quyết", "NQ"),
)
"""What offices write short and people look for long, or the other way round."""


def plain(text: str) -> str:
    """Without marks and capitals, đ as d, single spaces: "Đỗ Thị  Hằng" → "do thi hang"."""
    bare = "".join(
        char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char)
    )
    return " ".join(bare.replace("đ", "d").replace("Đ", "d").casefold().split())


def spelling(name: str) -> tuple[tuple[str, str], ...]:
    """Of each word its letters and its marks: the same for capitals and for where a tone stands
    ("Hoà", "Hòa"), another for another tone. "Bình" and "Bính" are two people."""
    words = unicodedata.normalize("NFD", name.casefold()).split()
    return tuple(
        (
            "".join(char for char in word if not unicodedata.combining(char)),
            "".join(sorted(filter(unicodedata.combining, word))),
        )
        for word in words
    )


def searchable(text: str) -> str:
    """Plain words, a space before each; of an abbreviation both forms, whichever stood there."""
    words = " ".join(re.findall(r"\w+", plain(text)))
    more = [
        other
        for form, other in _both_ways()
        if f" {form} " in f" {words} " and f" {other} " not in f" {words} "
    ]
    return "".join(f" {one}" for one in (words, *more))


@cache
def _both_ways() -> tuple[tuple[str, str], ...]:
    pairs = [
        (" ".join(plain(long).replace("-", " ").split()), plain(short)) for long, short in _FORMS
    ]
    return tuple(pairs + [(short, long) for long, short in pairs])


def has_all(wanted: str, text: str) -> bool:
    """Whether each word of `wanted` begins a word of `text`; both `searchable` already."""
    return all(f" {word}" in text for word in wanted.split())


def name_key(name: str) -> tuple[object, ...]:
    """For sorting people: by given name, which stands last, then family and middle names."""
    words = unicodedata.normalize("NFC", name).split()
    return tuple(word_key(word) for word in words[-1:] + words[:-1])


def word_key(word: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Letters count before tones: "ba" < "bà" < "bả" < "bã" < "bá" < "bạ" < "băn"."""
    letters, tones = [], []
    for char in unicodedata.normalize("NFC", word.casefold()):
        decomposed = unicodedata.normalize("NFD", char)
        base, marks = decomposed[0], decomposed[1:]
        tones.append(next((_TONES[mark] for mark in marks if mark in _TONES), 0))
        letter = base + "".join(mark for mark in marks if mark not in _TONES)
        letters.append(_RANK.get(letter, 1000 + ord(base)))
    return tuple(letters), tuple(tones)
