"""What the server and its pages say, in Vietnamese and English: `texts/<language>/<room>.json`.

Keys are flat (`room.key`) and values may hold `{param}` places. The rooms of one language are
merged: a key has one owner.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("vi", "en")
FOLDER = Path(__file__).parent / "texts"


class _Params(dict[str, Any]):
    """Leaves a place that has no value as it stands, rather than fail in an error message."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All texts of one language. Read once: a change needs a restart."""
    merged: dict[str, str] = {}
    for path in sorted((FOLDER / language).glob("*.json")):
        merged |= json.loads(path.read_text("utf-8"))
    return merged


def say(language: str, key: str, params: Mapping[str, Any] | None = None) -> str:
    """One sentence; the key itself if nobody wrote it."""
    told = {name: _told(language, value) for name, value in (params or {}).items()}
    return catalogue(language).get(key, key).format_map(_Params(told))


def _told(language: str, value: Any) -> Any:
    """A number with its fraction as the language writes it."""
    if not isinstance(value, float):
        return value
    return str(value).removesuffix(".0").replace(".", "," if language == "vi" else ".")


def knows(key: str) -> bool:
    """Whether there is a sentence for this key."""
    return key in catalogue(LANGUAGES[0])


def preferred(accept_language: str, chosen: str, default: str) -> str:
    """The language to answer in: the one chosen on a page, else the browser's first, else ours.

    `accept_language` is the header of RFC 9110, 12.5.4; only its first preference counts, for a
    Vietnamese office's browser names English somewhere too.
    """
    if chosen in LANGUAGES:
        return chosen
    wishes = [_wish(part) for part in accept_language.split(",") if part.strip()]
    best = max(wishes, key=lambda wish: wish[1], default=("", 0.0))
    return best[0] if best[0] in LANGUAGES else default


def _wish(part: str) -> tuple[str, float]:
    tag, _, quality = part.partition(";q=")
    try:
        weight = float(quality) if quality else 1.0
    except ValueError:
        weight = 0.0
    return tag.strip().lower().partition("-")[0], weight
