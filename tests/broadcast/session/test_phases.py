"""Prepared → live ⇄ paused → ended."""

import pytest

from broadcast.layout import Layout
from broadcast.program import Scene
from broadcast.session.commands import (
    CallNext,
    ChooseItem,
    CloseMicrophone,
    Command,
    Cut,
    EndSession,
    EndTurn,
    ExtendTurn,
    GoLive,
    OpenMicrophone,
    PauseClock,
    PauseSession,
    Register,
    ResumeClock,
    ResumeSession,
    SceneWish,
)
from broadcast.session.model import Phase, RequestKind
from tests.broadcast.session.hearing import CHUA, HALL, NHE, Hearing

SPEECH = RequestKind.SPEECH


def speaking(delegate: str = "an") -> Hearing:
    hearing = Hearing("thao-luan")
    hearing.register(delegate, SPEECH)
    hearing.do(CallNext())
    return hearing


def test_going_live_shows_the_hall() -> None:
    hearing = Hearing()
    assert hearing.state.phase is Phase.LIVE
    assert hearing.state.started_at_ms == hearing.now_ms
    assert hearing.state.program == Scene(Layout.FULL, (HALL,))


def test_going_live_keeps_a_picture_that_was_chosen() -> None:
    hearing = Hearing(live=False)
    hearing.do(Cut(scene=SceneWish(layout=Layout.SIDE_BY_SIDE, sources=(NHE, CHUA))))
    hearing.do(GoLive())
    assert hearing.state.program == Scene(Layout.SIDE_BY_SIDE, (NHE, CHUA))


def test_a_break_stops_the_clock_and_closes_every_microphone() -> None:
    hearing = speaking()
    hearing.do(OpenMicrophone(site=HALL))
    hearing.do(PauseSession())
    assert hearing.state.phase is Phase.PAUSED
    assert hearing.floor.paused_at_ms == hearing.now_ms
    assert hearing.state.open_microphones == frozenset()


def test_after_a_break_all_is_as_before() -> None:
    hearing = speaking()
    hearing.do(OpenMicrophone(site=HALL))
    before = hearing.state
    hearing.do(PauseSession())
    hearing.after(900).do(ResumeSession())
    assert hearing.state.phase is Phase.LIVE
    assert hearing.state.open_microphones == before.open_microphones
    assert hearing.state.program == before.program
    assert hearing.floor.paused_ms == 901_000
    hearing.do(EndTurn())
    assert hearing.state.open_microphones == {HALL}
    assert hearing.state.program == Scene(Layout.FULL, (HALL,))


def test_a_clock_that_stood_before_the_break_stands_after_it() -> None:
    hearing = speaking()
    hearing.do(PauseClock())
    hearing.do(PauseSession())
    hearing.do(ResumeSession())
    assert hearing.floor.paused_at_ms is not None


def test_a_turn_may_end_in_a_break_and_its_microphone_stays_closed() -> None:
    hearing = speaking()
    hearing.do(OpenMicrophone(site=CHUA))
    hearing.do(PauseSession())
    hearing.do(EndTurn())
    hearing.do(ResumeSession())
    assert hearing.state.open_microphones == {CHUA}


def test_a_microphone_closed_before_the_break_stays_closed() -> None:
    hearing = speaking()
    hearing.do(CloseMicrophone(site=NHE))
    hearing.do(PauseSession())
    hearing.do(ResumeSession())
    assert hearing.state.open_microphones == frozenset()


def test_the_end_ends_the_turn_and_closes_all() -> None:
    hearing = speaking()
    hearing.do(OpenMicrophone(site=HALL))
    hearing.do(EndSession())
    state = hearing.state
    assert (state.phase, state.ended_at_ms) == (Phase.ENDED, hearing.now_ms)
    assert state.floor is None
    assert state.open_microphones == frozenset()
    assert state.done_items == {"thao-luan"}


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (CallNext(), "phase_prepared"),
        (PauseSession(), "phase_prepared"),
        (ResumeSession(), "phase_prepared"),
        (EndSession(), "phase_prepared"),
        (EndTurn(), "phase_prepared"),
        (ExtendTurn(by_ms=1000), "phase_prepared"),
    ],
)
def test_before_the_start(command: Command, code: str) -> None:
    assert Hearing("thao-luan", live=False).refused(command) == code


@pytest.mark.parametrize("command", [CallNext(), PauseClock(), ResumeClock(), PauseSession()])
def test_during_a_break(command: Command) -> None:
    hearing = speaking()
    hearing.do(PauseSession())
    assert hearing.refused(command) == "phase_paused"


def test_delegates_may_register_before_the_start_and_in_a_break() -> None:
    hearing = Hearing("thao-luan", live=False)
    hearing.register("an", SPEECH)
    hearing.do(GoLive())
    hearing.do(PauseSession())
    hearing.register("chi", SPEECH)
    assert hearing.queue == ["an", "chi"]


@pytest.mark.parametrize(
    "command",
    [
        GoLive(),
        EndSession(),
        ChooseItem(item="bao-cao"),
        Register(delegate="an", kind=SPEECH),
        Cut(),
        OpenMicrophone(site="hall"),
        EndTurn(),
    ],
)
def test_after_the_end_nothing_changes(command: Command) -> None:
    hearing = Hearing("thao-luan")
    hearing.do(EndSession())
    assert hearing.refused(command) == "phase_ended"


def test_live_is_live_once() -> None:
    assert Hearing().refused(GoLive()) == "phase_live"
    assert Hearing().refused(ResumeSession()) == "phase_live"
