"""An overlay's fields as its template gets them: complete, typed, cleaned, bounded (pure).

Whatever the fields hold, or lack, the result has every key a template reads. A moment has become
what the clock reads at it, so equal contents are equal pictures.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from broadcast.overlay.fit import clean
from broadcast.overlay.ticking import read
from broadcast.program import Overlay

Fields = dict[str, Any]

AGENDA_ROWS = 4
QUEUE_ROWS = 3
_STATES = ("done", "current", "coming")
_MODES = ("waiting", "pause", "closed", "ended", "title")
_MAX_NUMBER = 9_999
_MAX_MS = 2**53
"""Beyond this a number is no moment; also JavaScript's limit."""


def prepare(overlay: Overlay, now_ms: int) -> Fields:
    """The template's variables for an overlay at a moment."""
    shape = _SHAPES.get(overlay.name, _texts)
    return shape(overlay.fields, now_ms)


def _lower_third(fields: Fields, _now_ms: int) -> Fields:
    return {key: _text(fields, key) for key in ("name", "title", "site")}


def _agenda(fields: Fields, _now_ms: int) -> Fields:
    items = [
        {
            "number": _number(item, "number", index),
            "title": _text(item, "title"),
            "state": _one_of(item, "state", _STATES, "coming"),
        }
        for index, item in enumerate(_list(fields, "items"), 1)
    ]
    current = next((i for i, item in enumerate(items) if item["state"] == "current"), None)
    return {
        "items": _window(items, current, AGENDA_ROWS),
        "current": 0 if current is None else items[current]["number"],
        "total": len(items),
    }


def _window(items: list[Fields], current: int | None, size: int) -> list[Fields]:
    """Rows around the current one: one of the past, the rest to come."""
    past = sum(item["state"] == "done" for item in items)
    first = (past if current is None else current) - 1
    first = max(0, min(first, len(items) - size))
    return items[first : first + size]


def _queue(fields: Fields, _now_ms: int) -> Fields:
    rows = [
        {
            "number": _number(row, "number", index),
            **{key: _text(row, key) for key in ("name", "site", "kind")},
        }
        for index, row in enumerate(_list(fields, "rows"), 1)
    ]
    more = _number(fields, "more", 0) + max(0, len(rows) - QUEUE_ROWS)
    questioning = fields.get("questioning") is True
    return {"questioning": questioning, "rows": rows[:QUEUE_ROWS], "more": more}


def _clock(fields: Fields, now_ms: int) -> Fields:
    paused_at_ms = fields.get("paused_at_ms")
    limit_ms = _number(fields, "limit_ms", 0, _MAX_MS)
    reading = read(
        now_ms,
        _number(fields, "started_at_ms", now_ms, _MAX_MS),
        limit_ms,
        None if paused_at_ms is None else _number(fields, "paused_at_ms", now_ms, _MAX_MS),
        _number(fields, "paused_ms", 0, _MAX_MS),
        _number(fields, "warn_ms", 30_000, _MAX_MS),
    )
    return {"kind": _text(fields, "kind"), **asdict(reading)}


def _slate(fields: Fields, _now_ms: int) -> Fields:
    texts = {key: _text(fields, key) for key in ("title", "subtitle", "text")}
    return {"mode": _one_of(fields, "mode", _MODES, "waiting"), **texts, **_clear(fields)}


def _signal_lost(fields: Fields, _now_ms: int) -> Fields:
    """`absent`: the site never came."""
    absent = fields.get("absent") is True
    return {"site": _text(fields, "site"), "absent": absent, **_clear(fields)}


def _clear(fields: Fields) -> Fields:
    """The share of the width that stays free at each side, for the interpreter's box."""
    value = fields.get("clear")
    return {"clear": max(0.0, min(0.4, value)) if isinstance(value, int | float) else 0.0}


def _card(fields: Fields, _now_ms: int) -> Fields:
    return {key: _text(fields, key) for key in ("title", "reading")}


def _texts(fields: Fields, _now_ms: int) -> Fields:
    """Of an overlay that is none of ours: every text and number at the top."""
    return {
        key: clean(value) if isinstance(value, str) else value
        for key, value in fields.items()
        if isinstance(value, (str, int, float))
    }


def _named(key: str) -> Callable[[Fields, int], Fields]:
    return lambda fields, _now_ms: {key: _text(fields, key)}


_SHAPES: dict[str, Callable[[Fields, int], Fields]] = {
    "lower_third": _lower_third,
    "agenda": _agenda,
    "queue": _queue,
    "clock": _clock,
    "live": lambda _fields, _now_ms: {},
    "logo": _named("text"),
    "slate": _slate,
    "signal_lost": _signal_lost,
    "seat_title": _named("site"),
    "card": _card,
}

NAMES = tuple(_SHAPES)
"""Every overlay that we have a template for."""


def _text(fields: Fields, key: str) -> str:
    value = fields.get(key, "")
    return clean(value) if isinstance(value, str) else ""


def _number(fields: Fields, key: str, default: int, most: int = _MAX_NUMBER) -> int:
    value = fields.get(key)
    return max(0, min(most, value)) if isinstance(value, int) else default


def _one_of(fields: Fields, key: str, known: tuple[str, ...], default: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) and value in known else default


def _list(fields: Fields, key: str) -> list[Fields]:
    value = fields.get(key)
    rows = value if isinstance(value, (list, tuple)) else ()
    return [row for row in rows if isinstance(row, dict)]
