"""The closed part: one act to close, two to open, and nobody outside is seen or heard."""

from collections.abc import Callable

import pytest

from broadcast.layout import Layout
from broadcast.program import Scene
from broadcast.session.closing_events import RoomClosed, RoomOpened
from broadcast.session.commands import (
    Call,
    CallNext,
    ChooseItem,
    ClosePart,
    Command,
    ConfirmOpening,
    Cut,
    EndSession,
    EndTurn,
    GiveTurn,
    GoLive,
    KeepClosed,
    OpenMicrophone,
    PauseSession,
    Register,
    RequestOpening,
    ResumeSession,
    SceneWish,
    SetItemClosed,
    SetPreview,
    Undo,
)
from broadcast.session.events import ItemChosen
from broadcast.session.evolve import fold
from broadcast.session.model import ItemId, RequestKind, Role
from tests.broadcast.session.hearing import CHUA, HALL, NHE, PREPARED, Hearing

SPEECH = RequestKind.SPEECH
BOTH = SceneWish(layout=Layout.SIDE_BY_SIDE, sources=(NHE, CHUA))


def closed(*staying: str) -> Hearing:
    hearing = Hearing("thao-luan")
    hearing.do(ClosePart(staying=staying))
    return hearing


def test_closing_at_once_is_one_act_that_leaves_nothing_of_those_outside() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(Cut(scene=BOTH))
    hearing.do(SetPreview(scene=SceneWish(layout=Layout.FULL, sources=(NHE,))))
    hearing.do(OpenMicrophone(site=CHUA))
    hearing.do(GiveTurn(delegate="an", kind=SPEECH))
    at_ms = hearing.now_ms + 1000
    events = hearing.do(ClosePart(staying=(CHUA,)), Role.CHAIR)
    assert {event.at_ms for event in events} == {at_ms}
    state = hearing.state
    assert (state.closed, state.put_out, state.floor) == (True, {NHE}, None)
    assert state.open_microphones == {CHUA}
    assert state.program == state.preview == Scene(Layout.FULL, (HALL,))
    assert state.closed_part is not None
    assert (state.closed_part.since_ms, state.closed_part.by) == (at_ms, "thử")


def test_a_speaker_who_stays_goes_on_and_his_end_shows_nobody_outside() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(Cut(scene=BOTH))
    hearing.do(GiveTurn(delegate="chi", kind=SPEECH))
    hearing.do(ClosePart(staying=(CHUA,)))
    assert hearing.speaker == "chi"
    hearing.do(EndTurn())
    assert hearing.state.program == Scene(Layout.FULL, (HALL,))


def test_closing_with_an_item_turns_to_it_and_ends_the_turn() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(GiveTurn(delegate="bo", kind=SPEECH))
    hearing.do(ClosePart(staying=(NHE,), item="bao-cao"))
    state = hearing.state
    assert state.item is not None
    assert (state.current_item, state.item.closed, state.floor) == ("bao-cao", True, None)
    assert state.put_out == {CHUA}


def test_a_closed_item_closes_the_room_for_all_but_the_hall_unless_a_list_is_given() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(ChooseItem(item="nhan-su"))
    assert hearing.state.put_out == {NHE, CHUA}
    hearing = Hearing("thao-luan")
    hearing.do(ChooseItem(item="nhan-su", staying=(NHE,)))
    assert hearing.state.put_out == {CHUA}


def test_leaving_a_closed_item_does_not_open_the_room() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(ChooseItem(item="nhan-su"))
    assert hearing.refused(RequestOpening()) == "item_still_closed"
    hearing.do(ChooseItem(item="thao-luan"))
    assert hearing.state.closed
    assert hearing.refused(ConfirmOpening()) == "opening_not_requested"
    hearing.do(RequestOpening(), Role.CHAIR)
    assert hearing.state.closed
    (opened,) = hearing.do(ConfirmOpening(), Role.OPERATOR)
    assert isinstance(opened, RoomOpened)
    assert not hearing.state.closed
    assert hearing.state.put_out == frozenset()


def test_the_request_to_open_expires_and_can_be_taken_back() -> None:
    hearing = closed()
    hearing.do(RequestOpening())
    assert hearing.do(RequestOpening()) == (), "it stands already"
    hearing.after(60)
    assert hearing.refused(ConfirmOpening()) == "opening_expired"
    hearing.do(RequestOpening())
    hearing.do(KeepClosed())
    assert hearing.refused(ConfirmOpening()) == "opening_not_requested"
    assert hearing.do(KeepClosed()) == ()
    hearing.do(RequestOpening())
    hearing.do(ClosePart(staying=(NHE,)))
    assert hearing.refused(ConfirmOpening()) == "opening_not_requested", "another list: ask again"


def test_another_list_lets_in_and_puts_out_without_a_new_part() -> None:
    hearing = closed(NHE)
    since_ms = hearing.state.closed_part.since_ms  # type: ignore[union-attr]
    hearing.do(OpenMicrophone(site=NHE))
    assert hearing.do(ClosePart(staying=(NHE, HALL))) == ()
    hearing.do(ClosePart(staying=(CHUA,)))
    assert hearing.state.put_out == {NHE}
    assert hearing.state.open_microphones == frozenset()
    assert hearing.state.closed_part is not None
    assert hearing.state.closed_part.since_ms == since_ms


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Cut(scene=BOTH), "site_put_out"),
        (SetPreview(scene=BOTH), "site_put_out"),
        (OpenMicrophone(site=NHE), "site_put_out"),
        (GiveTurn(delegate="an", kind=SPEECH), "delegate_put_out"),
        (CallNext(), "delegate_put_out"),
        (Call(request="id-3"), "delegate_put_out"),
        (ClosePart(staying=("la",)), "unknown_site"),
        (ClosePart(staying=(), item="la"), "unknown_item"),
    ],
)
def test_what_cannot_be_through_a_closed_door(command: Command, code: str) -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", SPEECH)
    hearing.do(ClosePart(staying=(CHUA,)))
    assert hearing.refused(command) == code


def test_a_site_outside_registers_nobody_but_its_requests_wait() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", SPEECH)
    hearing.do(ClosePart(staying=()))
    register = Register(delegate="binh", kind=SPEECH)
    assert hearing.refused(register, Role.SITE, NHE) == "delegate_put_out"
    hearing.open_again()
    assert hearing.queue == ["an"]


def test_a_break_of_a_closed_part_brings_back_no_microphone_of_those_put_out() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(OpenMicrophone(site=NHE))
    hearing.do(PauseSession())
    hearing.do(ClosePart(staying=()))
    hearing.do(ResumeSession())
    assert hearing.state.open_microphones == frozenset()


def test_before_the_start_nobody_is_put_out_and_the_start_is_closed() -> None:
    hearing = Hearing("nhan-su", live=False)
    hearing.do(OpenMicrophone(site=NHE))
    hearing.do(Cut(scene=BOTH))
    assert hearing.state.put_out == frozenset()
    hearing.do(GoLive())
    assert hearing.state.put_out == {NHE, CHUA}
    assert hearing.state.open_microphones == frozenset()
    assert hearing.state.program == Scene(Layout.FULL, (HALL,))


def test_the_end_of_the_session_ends_the_part() -> None:
    hearing = closed()
    hearing.do(EndSession())
    assert hearing.state.closed_part is None
    assert hearing.refused(RequestOpening()) == "phase_ended"


def test_what_is_not_closed_is_not_opened() -> None:
    for command in (RequestOpening(), ConfirmOpening(), KeepClosed()):
        assert Hearing("thao-luan").refused(command) == "not_closed"


@pytest.mark.parametrize(
    "close",
    [
        lambda: ClosePart(staying=()),
        lambda: ChooseItem(item="nhan-su"),
        lambda: SetItemClosed(item="thao-luan", closed=True),
    ],
)
def test_closing_is_not_undone(close: Callable[[], Command]) -> None:
    hearing = Hearing("thao-luan")
    hearing.do(Cut(scene=BOTH))
    hearing.do(close())
    assert hearing.state.undo is None
    assert hearing.refused(Undo(act=1)) == "nothing_to_undo"


def test_a_log_of_before_stays_closed_when_its_item_is_left() -> None:
    """There an item alone closed the room, and leaving it opened it."""
    hearing = Hearing("thao-luan")
    hearing.state = fold([ItemChosen(at_ms=hearing.now_ms, item=ItemId("nhan-su"))], hearing.state)
    assert hearing.state.closed
    assert hearing.state.put_out == frozenset()
    first = hearing.do(ChooseItem(item="thao-luan"))[0]
    assert isinstance(first, RoomClosed)
    assert first.staying == tuple(sorted(site.id for site in PREPARED.sites))
    assert hearing.state.closed
