"""One floor, one speaker; one click does everything, and one click undoes it."""

from collections.abc import Callable

import pytest

from broadcast.layout import Layout
from broadcast.program import Scene
from broadcast.session.commands import (
    Call,
    CallNext,
    ChooseItem,
    CloseMicrophone,
    Command,
    Cut,
    EndTurn,
    ExtendTurn,
    GiveTurn,
    MarkAbsent,
    OpenMicrophone,
    PauseClock,
    ResumeClock,
    SceneWish,
)
from broadcast.session.events import (
    MicrophoneClosed,
    MicrophoneOpened,
    PictureCut,
    RequestRegistered,
    TurnEnded,
    TurnStarted,
)
from broadcast.session.model import RequestKind, RequestState
from tests.broadcast.session.hearing import CHUA, HALL, NHE, Hearing

SPEECH = RequestKind.SPEECH
FULL_HALL = Scene(Layout.FULL, (HALL,))
FULL_NHE = Scene(Layout.FULL, (NHE,))
FULL_CHUA = Scene(Layout.FULL, (CHUA,))


def discussion(*delegates: str) -> Hearing:
    hearing = Hearing("thao-luan")
    for delegate in delegates:
        hearing.register(delegate, SPEECH)
    return hearing


def test_one_click_opens_the_microphone_cuts_the_picture_and_starts_the_clock() -> None:
    hearing = discussion("an")
    events = hearing.do(CallNext())
    assert [type(event) for event in events] == [TurnStarted, MicrophoneOpened, PictureCut]
    assert hearing.state.open_microphones == {NHE}
    assert hearing.state.program == FULL_NHE
    assert hearing.floor.started_at_ms == hearing.now_ms
    assert hearing.state.requests[hearing.floor.request].state is RequestState.CALLED  # type: ignore[index]


def test_ending_the_turn_undoes_it() -> None:
    hearing = discussion("an")
    hearing.do(CallNext())
    events = hearing.do(EndTurn())
    assert [type(event) for event in events] == [TurnEnded, MicrophoneClosed, PictureCut]
    assert hearing.state.open_microphones == frozenset()
    assert hearing.state.program == FULL_HALL
    assert hearing.state.floor is None
    assert [request.state for request in hearing.state.requests.values()] == [RequestState.HEARD]


def test_calling_the_next_ends_the_turn_that_runs() -> None:
    hearing = discussion("an", "chi")
    hearing.do(CallNext())
    hearing.do(CallNext())
    assert hearing.speaker == "chi"
    assert [turn.ended_at_ms is None for turn in hearing.state.turns] == [False, True]
    assert hearing.state.open_microphones == {CHUA}
    hearing.do(EndTurn())
    assert hearing.state.program == FULL_HALL


def test_a_microphone_that_was_open_before_stays_open_after() -> None:
    hearing = discussion("an")
    hearing.do(OpenMicrophone(site=NHE))
    hearing.do(CallNext())
    hearing.do(EndTurn())
    assert hearing.state.open_microphones == {NHE}


def test_a_microphone_reopened_by_hand_is_the_operators() -> None:
    hearing = discussion("an")
    hearing.do(CallNext())
    hearing.do(CloseMicrophone(site=NHE))
    hearing.do(OpenMicrophone(site=NHE))
    hearing.do(EndTurn())
    assert hearing.state.open_microphones == {NHE}


def test_a_cut_by_the_operator_stays_after_the_turn() -> None:
    hearing = discussion("an")
    hearing.do(CallNext())
    wide = SceneWish(layout=Layout.SIDE_BY_SIDE, sources=(HALL, NHE))
    hearing.do(Cut(scene=wide))
    hearing.do(EndTurn())
    assert hearing.state.program == Scene(Layout.SIDE_BY_SIDE, (HALL, NHE))


def test_a_cut_to_what_is_on_air_already_makes_it_stay() -> None:
    hearing = discussion("an")
    hearing.do(CallNext())
    hearing.do(Cut(scene=SceneWish(layout=Layout.FULL, sources=(NHE,))))
    hearing.do(EndTurn())
    assert hearing.state.program == FULL_NHE


def test_after_an_operators_cut_the_next_turn_goes_back_to_that() -> None:
    hearing = discussion("an", "chi")
    hearing.do(CallNext())
    hearing.do(Cut(scene=SceneWish(layout=Layout.FULL, sources=(CHUA,))))
    hearing.do(CallNext())
    assert hearing.state.program == FULL_CHUA
    hearing.do(EndTurn())
    assert hearing.state.program == FULL_CHUA


def test_two_speakers_from_one_site_in_a_row() -> None:
    hearing = discussion("an", "binh")
    hearing.do(CallNext())
    hearing.do(CallNext())
    assert hearing.state.open_microphones == {NHE}
    assert hearing.state.program == FULL_NHE
    hearing.do(EndTurn())
    assert hearing.state.open_microphones == frozenset()
    assert hearing.state.program == FULL_HALL


def test_the_chair_may_call_past_others_and_it_is_on_record() -> None:
    hearing = discussion("an", "chi")
    last = next(reversed(hearing.state.requests))
    started = next(
        event for event in hearing.do(Call(request=last)) if event.type == "turn_started"
    )
    assert hearing.speaker == "chi"
    assert started.in_order is False
    assert hearing.queue == ["an"]


def test_calling_the_first_by_hand_is_in_order() -> None:
    hearing = discussion("an", "chi")
    first = next(iter(hearing.state.requests))
    started = next(
        event for event in hearing.do(Call(request=first)) if event.type == "turn_started"
    )
    assert started.in_order is True


def test_the_chair_may_give_the_floor_unasked() -> None:
    hearing = discussion()
    events = hearing.do(GiveTurn(delegate="chi", kind=SPEECH))
    assert isinstance(events[0], RequestRegistered)
    assert events[0].invited
    assert hearing.speaker == "chi"
    assert hearing.state.program == FULL_CHUA


def test_giving_the_floor_to_one_who_waits_calls_their_request() -> None:
    hearing = discussion("an", "chi")
    hearing.do(GiveTurn(delegate="chi", kind=SPEECH))
    assert hearing.queue == ["an"]
    assert len(hearing.state.requests) == 2


def test_the_absent_lose_the_floor_and_their_turn_does_not_count() -> None:
    hearing = discussion("an", "chi")
    hearing.do(CallNext())
    hearing.do(MarkAbsent(request=hearing.floor.request or ""))
    assert hearing.state.floor is None
    assert hearing.state.open_microphones == frozenset()
    assert hearing.state.program == FULL_HALL
    hearing.register("an", SPEECH)
    hearing.do(GiveTurn(delegate="an", kind=SPEECH))
    assert hearing.floor.limit_ms == 420_000


def test_the_absent_are_passed_over_before_they_are_called() -> None:
    hearing = discussion("an", "chi")
    hearing.do(MarkAbsent(request=next(iter(hearing.state.requests))))
    assert hearing.queue == ["chi"]


def test_nobody_left_to_call_changes_nothing() -> None:
    hearing = discussion("an")
    hearing.do(CallNext())
    assert hearing.refused(CallNext()) == "queue_empty"
    assert hearing.speaker == "an"


def test_two_who_press_at_once_call_one_speaker() -> None:
    hearing = discussion("an", "chi")
    hearing.do(CallNext(delegate="an"))
    assert hearing.refused(CallNext(delegate="an")) == "next_changed"
    assert hearing.speaker == "an"
    hearing.do(CallNext(delegate="chi"))
    assert hearing.speaker == "chi"


def test_what_is_refused_at_the_floor() -> None:
    hearing = discussion("an", "chi")
    assert hearing.refused(EndTurn()) == "nobody_speaking"
    assert hearing.refused(Call(request="khong-co")) == "unknown_request"
    assert hearing.refused(GiveTurn(delegate="la", kind=SPEECH)) == "unknown_delegate"
    assert hearing.refused(GiveTurn(delegate="an", kind=RequestKind.QUESTION)) == "kind_not_here"
    hearing.do(CallNext())
    assert hearing.refused(Call(request=hearing.floor.request or "")) == "has_the_floor"
    assert hearing.refused(GiveTurn(delegate="an", kind=SPEECH)) == "has_the_floor"
    assert hearing.refused(ChooseItem(item="bao-cao")) == "floor_taken"
    spoken = hearing.floor.request or ""
    hearing.do(EndTurn())
    assert hearing.refused(Call(request=spoken)) == "request_heard"


def test_a_request_of_another_item_is_not_called() -> None:
    hearing = discussion("an")
    hearing.do(ChooseItem(item="bao-cao"))
    assert hearing.refused(Call(request=next(iter(hearing.state.requests)))) == "other_item"
    hearing.do(ChooseItem(item="thao-luan"))
    assert hearing.next == ("an", "speech")


def test_without_an_item_nobody_is_called() -> None:
    hearing = Hearing()
    assert hearing.refused(CallNext()) == "no_item"
    assert hearing.refused(GiveTurn(delegate="an", kind=SPEECH)) == "no_item"


@pytest.mark.parametrize(
    "late", [EndTurn, PauseClock, ResumeClock, lambda turn: ExtendTurn(turn=turn, by_ms=60_000)]
)
def test_what_comes_late_does_not_hit_the_next_speaker(late: Callable[..., Command]) -> None:
    """The chair calls the next one while the operator presses the key for the one before."""
    hearing = discussion("an", "chi")
    hearing.do(CallNext())
    seen = hearing.floor.id
    hearing.do(CallNext())
    assert hearing.refused(late(turn=seen)) == "turn_changed"
    hearing.do(EndTurn(turn=hearing.floor.id))
    assert hearing.refused(late(turn=seen)) == "nobody_speaking"
