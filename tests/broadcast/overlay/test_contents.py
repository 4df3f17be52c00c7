"""Whatever an overlay's fields hold, its template gets what it needs."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.overlay.contents import AGENDA_ROWS, NAMES, QUEUE_ROWS, prepare
from broadcast.program import Overlay
from tests.broadcast.overlay.samples import NOW_MS, USUAL

KEYS = sorted({key for fields in USUAL.values() for key in fields})
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ROWS = st.dictionaries(
    st.sampled_from(("number", "title", "state", "name", "site", "kind")), SCALARS
)
FIELDS = st.dictionaries(st.sampled_from(KEYS), SCALARS | st.lists(SCALARS | ROWS, max_size=8))


@settings(deadline=None)
@given(st.sampled_from(NAMES), FIELDS, st.integers(0, 2**45))
def test_every_variable_of_the_template_is_there(
    name: str, fields: dict[str, object], now_ms: int
) -> None:
    content = prepare(Overlay(name, fields), now_ms)
    assert content.keys() == prepare(Overlay(name, USUAL[name]), NOW_MS).keys()
    json.dumps(content, allow_nan=False)


def _agenda(states: str) -> list[int]:
    letters = {"d": "done", "x": "current", "c": "coming"}
    items = [
        {"number": number, "title": "x", "state": letters[letter]}
        for number, letter in enumerate(states, 1)
    ]
    return [item["number"] for item in prepare(Overlay("agenda", {"items": items}), 0)["items"]]


def test_the_agenda_shows_one_item_of_the_past_and_what_comes() -> None:
    assert AGENDA_ROWS == 4
    assert _agenda("xcc") == [1, 2, 3]
    assert _agenda("xccccc") == [1, 2, 3, 4]
    assert _agenda("dddxccccc") == [3, 4, 5, 6]
    assert _agenda("ddddddx") == [4, 5, 6, 7]
    assert _agenda("cccccc") == [1, 2, 3, 4]
    assert _agenda("dddddd") == [3, 4, 5, 6]


def test_a_long_queue_says_how_many_more() -> None:
    rows = [{"name": str(i)} for i in range(9)]
    content = prepare(Overlay("queue", {"rows": rows, "more": 4}), 0)
    assert len(content["rows"]) == QUEUE_ROWS
    assert content["more"] == 4 + 9 - QUEUE_ROWS


def test_an_overlay_of_a_theme_gets_its_texts_and_numbers() -> None:
    fields = {"line": "e\u0302", "count": 3, "list": [1]}
    assert prepare(Overlay("ticker", fields), 0) == {"line": "ê", "count": 3}
