"""Names and ids at the border: one spelling, nothing invisible, bounded."""

import re
import unicodedata
from collections.abc import Container
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from broadcast.session.vietnamese import plain

MAX_CHARS = 300
"""The longest title of an agenda item we met has about 200 characters."""

_BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""They let a name rewrite what stands beside it (UAX #9; CVE-2021-42574)."""

_NO_XML = "\ufffe\uffff"
"""No Word file may hold them (XML 1.0, 2.2): of such a name no minutes could be written."""


def _is_seen(char: str) -> bool:
    """Not a soft hyphen, a joiner or a byte order mark, which come along with what is pasted: two
    names that look the same are the same. What rewrites its neighbours is refused, not lost."""
    return char in _BIDI_CONTROLS or unicodedata.category(char) != "Cf"


def clean(text: str, most_chars: int = MAX_CHARS) -> str:
    """NFC, single spaces, no space at the ends, nothing that cannot be seen. Raises ValueError for
    what no name contains."""
    normal = unicodedata.normalize("NFC", "".join(char for char in text if _is_seen(char)))
    for char in normal:
        control = unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in _BIDI_CONTROLS
        if control or char in _NO_XML:
            raise ValueError(f"U+{ord(char):04X} is a control character; no text may contain it")
    tidy = " ".join(normal.split())
    if len(tidy) > most_chars:
        raise ValueError(f"has {len(tidy)} characters; at most {most_chars} are allowed")
    return tidy


def _some(text: str) -> str:
    if not text:
        raise ValueError("is empty; a name is needed")
    return text


def slug(text: str, taken: Container[str], most: int = 28) -> str:
    """An id that a person recognises, and that is not `taken`: "Mường Nhé" → "muong-nhe"."""
    words = "-".join(re.findall(r"[a-z0-9]+", plain(text)))[:most].strip("-") or "x"
    number, found = 1, words
    while found in taken:
        number += 1
        found = f"{words}-{number}"
    return found


Text = Annotated[str, AfterValidator(clean)]
"""May be empty."""
Name = Annotated[Text, AfterValidator(_some)]
Id = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9_-]{1,64}\z")]
"""Of a session, item, delegate, request or turn: goes into URLs and file names as it is."""
SiteName = Annotated[str, StringConstraints(pattern=r"\A[a-z0-9-]{1,32}\z")]
SeatName = Annotated[str, StringConstraints(pattern=r"\A((@screen:)?[a-z0-9-]{1,32}|@player)\z")]
"""What can take a seat: a site, what it shares of its screen, or the media player."""


def _plain(name: str) -> str:
    """Raises ValueError for what is no file of one folder."""
    if name in {"", ".", ".."} or name[0] == "." or set(name) & set('/\\:*?"<>|'):
        raise ValueError("is no plain file name; use letters, digits, spaces, dots and dashes")
    if len(name.encode()) > MAX_FILE_BYTES:
        raise ValueError(f"is longer than {MAX_FILE_BYTES} bytes; shorten the name")
    return name


MAX_FILE_BYTES = 200
"""File systems allow 255, and what is half uploaded has a longer name."""
FileName = Annotated[Text, AfterValidator(_plain)]
