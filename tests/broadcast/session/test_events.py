"""The log's JSON: stable for decades, and loud about what it does not know."""

import json
from typing import Any, get_args

import pytest

from broadcast.session.commands import CallNext
from broadcast.session.events import Event, EventError, dump_event, load_event
from broadcast.session.model import RequestKind
from tests.broadcast.session.hearing import PREPARED, Hearing


def test_as_it_was_written_in_the_first_version() -> None:
    """Never change these lines: they stand in archives."""
    stored: dict[str, Any] = json.loads(
        '{"type": "turn_started", "at_ms": 1780000004000, "turn": "id-4", "request": "id-3",'
        ' "delegate": "an", "kind": "speech", "item": "thao-luan", "site": "muong-nhe",'
        ' "limit_ms": 420000, "warn_ms": 30000, "answers": [], "in_order": true}'
    )
    hearing = Hearing("thao-luan")
    hearing.register("an", RequestKind.SPEECH)
    started = hearing.do(CallNext())[0]
    assert dump_event(started) == stored
    assert load_event(stored) == started


def test_the_first_event_keeps_every_name() -> None:
    stored = dump_event(PREPARED)
    assert load_event(json.loads(json.dumps(stored))) == PREPARED
    assert stored["sites"][1] == {
        "id": "muong-nhe",
        "name": "Điểm cầu huyện Mường Nhé",
        "kind": "district",
        "booth": None,
        "sound_later_ms": 0,
    }


def test_types_are_said_once() -> None:
    types = [event.__dataclass_fields__["type"].default for event in get_args(Event)]
    assert len(set(types)) == len(types)


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        ({"type": "hologram_shown", "at_ms": 1}, "'hologram_shown'"),
        ({"at_ms": 1}, "None"),
        ({"type": "turn_ended", "at_ms": 1}, "turn"),
        ({"type": "turn_ended", "at_ms": 1, "turn": "t", "colour": "red"}, "colour"),
        ({"type": "turn_ended", "at_ms": "soon", "turn": "t"}, "at_ms"),
    ],
)
def test_an_event_that_cannot_be_read_says_so(stored: dict[str, Any], says: str) -> None:
    with pytest.raises(EventError, match=says):
        load_event(stored)
