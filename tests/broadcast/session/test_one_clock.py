"""The machine's clock is set while the session is live: what runs runs on, and undo works."""

import json

import pytest

from broadcast.session.commands import (
    CallNext,
    ClosePart,
    ConfirmOpening,
    EndTurn,
    GiveTurn,
    PauseClock,
    PauseSession,
    RequestOpening,
    ResumeClock,
    ResumeSession,
)
from broadcast.session.events import ClockSet, dump_event, load_event
from broadcast.session.model import RequestKind
from tests.broadcast.session.clocks import HOUR_MS
from tests.broadcast.session.hearing import Hearing

SPEECH = RequestKind.SPEECH
BY_MS = (-HOUR_MS, HOUR_MS, 86_400_000)


def speaking() -> Hearing:
    """Somebody has the floor, ten seconds of seven minutes."""
    hearing = Hearing("thao-luan")
    hearing.do(GiveTurn(delegate="an", kind=SPEECH))
    return hearing.after(10)


@pytest.mark.parametrize("by_ms", BY_MS)
def test_who_speaks_has_the_time_that_was_left(by_ms: int) -> None:
    hearing = speaking()
    hearing.set_clock(by_ms)
    assert hearing.floor.used_ms(hearing.now_ms) == 10_000
    hearing.after(19).do(EndTurn())
    turn = hearing.state.turns[-1]
    assert turn.ended_at_ms == hearing.now_ms, "the true time"
    assert turn.used_ms(hearing.now_ms) == 30_000


@pytest.mark.parametrize("by_ms", BY_MS)
def test_a_clock_that_stands_stands(by_ms: int) -> None:
    hearing = speaking()
    hearing.do(PauseClock())
    hearing.after(60).set_clock(by_ms)
    assert hearing.floor.used_ms(hearing.now_ms) == 11_000
    hearing.after(60).do(ResumeClock())
    assert hearing.after(5).floor.used_ms(hearing.now_ms) == 16_000


@pytest.mark.parametrize("by_ms", BY_MS)
def test_nor_does_an_item_or_a_break_last_longer(by_ms: int) -> None:
    hearing = speaking()
    hearing.do(PauseSession())
    hearing.set_clock(by_ms)
    hearing.do(ResumeSession())
    assert hearing.floor.used_ms(hearing.now_ms) == 11_000
    clock = hearing.state.item_clocks[hearing.floor.item]
    hearing.set_clock(by_ms)
    clock = hearing.state.item_clocks[hearing.floor.item]
    assert clock.used_ms(hearing.now_ms) == 12_000
    assert hearing.state.started_at_ms == hearing.now_ms - 13_000


@pytest.mark.parametrize("by_ms", BY_MS)
def test_undo_works_across_it(by_ms: int) -> None:
    hearing = speaking()
    hearing.register("chi", SPEECH)
    hearing.do(CallNext())
    assert hearing.speaker == "chi"
    hearing.set_clock(by_ms)
    hearing.after(5).undo()
    assert hearing.speaker == "an", "as it was, and his clock ran all the while"
    assert hearing.floor.used_ms(hearing.now_ms) == 18_000


def test_what_is_to_be_confirmed_in_time_may_be() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(ClosePart(staying=()))
    hearing.do(RequestOpening())
    hearing.set_clock(HOUR_MS)
    hearing.do(ConfirmOpening())
    assert hearing.state.closed_part is None


def test_it_stands_in_the_log() -> None:
    event = ClockSet(at_ms=1, by_ms=-HOUR_MS)
    assert load_event(json.loads(json.dumps(dump_event(event)))) == event
