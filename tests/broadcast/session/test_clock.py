"""A clock is a start and a limit; limits come from the rules of procedure."""

import pytest

from broadcast.session.commands import (
    CallNext,
    EndTurn,
    ExtendTurn,
    GiveTurn,
    PauseClock,
    ResumeClock,
)
from broadcast.session.model import RequestKind
from tests.broadcast.session.hearing import PROCEDURE, Hearing

SPEECH = RequestKind.SPEECH


def speak(hearing: Hearing, delegate: str, kind: RequestKind = SPEECH) -> int:
    """The limit they got."""
    hearing.do(GiveTurn(delegate=delegate, kind=kind))
    limit_ms = hearing.floor.limit_ms
    hearing.do(EndTurn())
    return limit_ms


def test_seven_minutes_the_first_time_three_the_second() -> None:
    """Art. 18.3a."""
    hearing = Hearing("thao-luan")
    assert speak(hearing, "an") == 7 * 60_000
    assert speak(hearing, "an") == 3 * 60_000
    assert speak(hearing, "an") == 3 * 60_000
    assert speak(hearing, "chi") == 7 * 60_000


@pytest.mark.parametrize(
    ("item", "delegate", "kind", "minutes"),
    [
        ("bao-cao", "bo", RequestKind.PRESENTATION, 15),
        ("thao-luan", "an", RequestKind.DEBATE, 3),
        ("thao-luan", "bo", RequestKind.EXPLANATION, 10),
        ("chat-van", "bo", RequestKind.OPENING, 5),
        ("chat-van", "an", RequestKind.QUESTION, 1),
    ],
)
def test_limits_by_kind(item: str, delegate: str, kind: RequestKind, minutes: int) -> None:
    assert speak(Hearing(item), delegate, kind) == minutes * 60_000


def test_the_warning_comes_with_the_turn() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(GiveTurn(delegate="an", kind=SPEECH))
    assert hearing.floor.warn_ms == PROCEDURE.warn_ms == 30_000


def test_time_that_stood_is_not_used() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(GiveTurn(delegate="an", kind=SPEECH))
    hearing.after(9).do(PauseClock())
    assert hearing.floor.used_ms(hearing.now_ms + 60_000) == 10_000
    hearing.after(19).do(ResumeClock())
    assert hearing.floor.paused_ms == 20_000
    assert hearing.after(5).floor.used_ms(hearing.now_ms) == 15_000


def test_a_turn_that_ends_while_its_clock_stands_keeps_what_was_used() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(GiveTurn(delegate="an", kind=SPEECH))
    hearing.after(9).do(PauseClock())
    hearing.after(99).do(EndTurn())
    turn = hearing.state.turns[-1]
    assert turn.used_ms(hearing.now_ms + 1_000_000) == 10_000
    assert turn.paused_at_ms is None


def test_the_chair_extends_and_shortens() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(GiveTurn(delegate="an", kind=SPEECH))
    hearing.do(ExtendTurn(by_ms=60_000))
    assert hearing.floor.limit_ms == 8 * 60_000
    hearing.do(ExtendTurn(by_ms=-6 * 60_000))
    assert hearing.floor.limit_ms == 2 * 60_000
    assert hearing.refused(ExtendTurn(by_ms=-2 * 60_000)) == "limit_out_of_range"
    assert hearing.refused(ExtendTurn(by_ms=4 * 3600_000)) == "limit_out_of_range"


def test_nobody_is_cut_off_by_the_machine() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(GiveTurn(delegate="an", kind=SPEECH))
    assert hearing.after(3600).speaker == "an"


def test_a_switch_that_stands_as_wished_is_no_event() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(GiveTurn(delegate="an", kind=SPEECH))
    assert hearing.do(ResumeClock()) == ()
    hearing.do(PauseClock())
    assert hearing.do(PauseClock()) == ()
    assert hearing.do(ExtendTurn(by_ms=0)) == ()


def test_no_clock_without_a_speaker() -> None:
    hearing = Hearing("thao-luan")
    for command in (PauseClock(), ResumeClock(), ExtendTurn(by_ms=1000), EndTurn()):
        assert hearing.refused(command) == "nobody_speaking"
    assert hearing.refused(CallNext()) == "queue_empty"
