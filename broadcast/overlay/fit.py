"""Makes any text drawable, and makes it fit. Pure, and it never raises, whatever the text.

Sizes and widths are in the caller's unit (a template's: 1/1280 of the picture's width).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from broadcast.overlay.breaks import break_lines, words_of
from broadcast.overlay.fonts import EM, face, has_glyph

MAX_CHARS = 1000
"""More than fits on any slate; what is longer is cut before any work is spent on it."""
MAX_MARKS = 2
"""Combining marks left on one letter after NFC. Vietnamese needs none; more are a prank."""
ELLIPSIS = "…"
_GAPS = re.compile(f"{ELLIPSIS}(?: ?{ELLIPSIS})+")
LEADING = 1.28
"""Line distance in font sizes: a mark above (Ễ) clears a mark below (ậ) of the line before."""
CAPITALS = 0.71
"""Height of a capital letter in font sizes."""
_SLACK = 1.01
"""librsvg and Pillow agree on widths to about 0.5 %."""


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """What of `text` can be drawn, composed (NFC), on one line with single spaces.

    Controls and emoji vanish; look-alikes (𝐍, Ａ, ﬁ) become plain letters; a run of letters that
    the typeface lacks becomes one ellipsis, which says that something is missing.
    """
    visible = "".join(" " if c.isspace() else c for c in text[:MAX_CHARS] if _is_visible(c))
    drawable = "".join(_drawable(c) for c in unicodedata.normalize("NFC", visible))
    composed = unicodedata.normalize("NFC", _without_piles(drawable))
    # What was composed only now may be a letter that the typeface lacks.
    whole = "".join(_drawable(c) for c in composed)
    return _GAPS.sub(ELLIPSIS, " ".join(whole.split()))


def _is_visible(char: str) -> bool:
    return char.isspace() or not unicodedata.category(char).startswith("C")


def _drawable(char: str) -> str:
    if has_glyph(char):
        return char
    plain = unicodedata.normalize("NFKC", char)
    if all(has_glyph(c) for c in plain):
        return plain
    return ELLIPSIS if unicodedata.category(char)[0] in "LN" else ""


def _without_piles(text: str) -> str:
    kept, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text as it is to be drawn: `size` is the font size, `width` that of the widest line."""

    lines: tuple[str, ...]
    size: float
    width: float
    weight: int

    @property
    def leading(self) -> float:
        """From baseline to baseline."""
        return self.size * LEADING

    @property
    def height(self) -> float:
        """Of all lines together."""
        return self.leading * len(self.lines)

    def baseline(self, top: float, height: float) -> float:
        """Of the first line, for the block to stand in the middle of `top` … `top + height`."""
        return top + (height - (len(self.lines) - 1) * self.leading + CAPITALS * self.size) / 2


def measure(text: str, size: float, weight: int = 400) -> float:
    """Width of a cleaned text on one line."""
    return _length(text, weight) * size / EM * _SLACK


def fit(
    text: str,
    width: float,
    size: float,
    least: float | None = None,
    lines: int = 1,
    weight: int = 400,
) -> Fitted:
    """As large as it goes within `width` and `lines`: from `size` down to `least`, then cut.

    Lines break where it reads well. No text gives no lines.
    """
    text, width, lines = clean(text), max(1.0, width), max(1, lines)
    least = size if least is None else min(size, least)
    words = words_of(text)
    for candidate in _sizes(size, least):
        found = _wrap(words, width, candidate, weight, lines)
        if found is not None:
            return _fitted(found, candidate, weight)
    return _fitted(_cut(text, width, least, weight, lines), least, weight)


def _sizes(size: float, least: float) -> Iterator[float]:
    while size > least:
        yield size
        size -= 1
    yield least


def _fitted(lines: list[str], size: float, weight: int) -> Fitted:
    widest = max((measure(line, size, weight) for line in lines), default=0.0)
    return Fitted(tuple(lines), size, widest, weight)


@lru_cache(maxsize=8192)
def _length(text: str, weight: int) -> float:
    """At `EM` pixels to the em."""
    return face(weight).getlength(text)


def _wrap(words: list[str], width: float, size: float, weight: int, lines: int) -> list[str] | None:
    scale = size / EM * _SLACK
    lengths = [_length(word, weight) * scale for word in words]
    return break_lines(words, lengths, _length(" ", weight) * scale, width, lines)


def _cut(text: str, width: float, size: float, weight: int, lines: int) -> list[str]:
    """Fills the lines, words broken where they must be; the last one ends in an ellipsis."""
    done: list[str] = []
    rest = text
    while rest and len(done) < lines - 1:
        line = _fill(rest, width, size, weight)
        done.append(line.rstrip())
        rest = rest[len(line) :].lstrip()
    if rest and measure(rest, size, weight) > width:
        room = width - measure(ELLIPSIS, size, weight)
        rest = _last(rest, room, size, weight).rstrip(" ,.;:–-" + ELLIPSIS) + ELLIPSIS
    return [*done, rest] if rest else done


def _fill(text: str, width: float, size: float, weight: int) -> str:
    """The first line of it: up to a space if there is one."""
    line = _prefix(text, width, size, weight)
    if len(line) == len(text) or text[len(line)] == " ":
        return line
    space = line.rfind(" ")
    return line[:space] if space > 0 else line


def _last(text: str, width: float, size: float, weight: int) -> str:
    """What fits of it, in whole words where that leaves most of the line full."""
    letters, words = (cut(text, width, size, weight) for cut in (_prefix, _fill))
    return words if len(words) > len(letters) * 2 / 3 else letters


def _prefix(text: str, width: float, size: float, weight: int) -> str:
    """As many letters as fit, at least one, and no mark is torn from its letter."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle], size, weight) <= width:
            low = middle
        else:
            high = middle - 1
    while low < len(text) and low > 1 and unicodedata.combining(text[low]):
        low -= 1
    return text[:low]
