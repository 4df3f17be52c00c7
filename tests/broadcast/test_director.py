"""Session state → program state: what is on air, and what never leaves the room."""

from dataclasses import replace

import pytest

from broadcast.director import program_of, scene_on_air
from broadcast.layout import Layout
from broadcast.program import CUT, ProgramState, Scene, Take, Transition, TransitionKind
from broadcast.session.commands import (
    CallNext,
    ChooseItem,
    ClosePart,
    Command,
    ConfirmOpening,
    Cut,
    EndSession,
    EndTurn,
    OpenMicrophone,
    PauseSession,
    RequestOpening,
    ResumeSession,
    SceneWish,
    SetItemClosed,
    ShowOverlay,
)
from broadcast.session.model import OverlayName, RequestKind
from broadcast.session.rules.picture import TransitionWish
from tests.broadcast.session.hearing import CHUA, HALL, NHE, SECRET, Hearing

SPEECH = RequestKind.SPEECH


def program(hearing: Hearing) -> ProgramState:
    return program_of(hearing.state)


def names(hearing: Hearing) -> list[str]:
    return [overlay.name for overlay in program(hearing).overlays]


def test_before_the_start_the_public_waits_and_nothing_is_recorded() -> None:
    hearing = Hearing("thao-luan", live=False)
    hearing.do(Cut(scene=SceneWish(layout=Layout.FULL, sources=(NHE,))))
    state = program(hearing)
    assert (state.public, state.recording, state.finished) == (Take.SLATE, False, False)
    assert state.public_slate.fields["mode"] == "waiting"
    assert state.program == Scene(Layout.FULL, (NHE,))


def test_a_break_comes_by_a_cut_whatever_the_last_scene_did() -> None:
    hearing = Hearing("thao-luan")
    wish = TransitionWish(kind=TransitionKind.WIPE)
    hearing.do(Cut(scene=SceneWish(layout=Layout.FULL, sources=(NHE,)), transition=wish))
    assert program(hearing).transition == Transition(TransitionKind.WIPE)
    hearing.do(PauseSession())
    assert program(hearing).transition == CUT


def test_live_is_public_and_recorded() -> None:
    state = program(Hearing("thao-luan"))
    assert (state.public, state.recording, state.finished) == (Take.ROOM, True, False)
    assert state.stream == "phien-1"
    assert state.site_names[NHE] == "Điểm cầu huyện Mường Nhé"


def test_a_break_is_a_slate_for_all_and_goes_on_being_recorded() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(PauseSession())
    state = program(hearing)
    assert (state.public, state.recording) == (Take.SLATE, True)
    assert state.public_slate.fields["mode"] == state.slate.fields["mode"] == "pause"
    assert state.program == Scene(Layout.SLATE)
    hearing.do(ResumeSession())
    assert program(hearing).program == Scene(Layout.FULL, (HALL,))


def test_the_end_is_a_slate_and_the_end_of_the_recording() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(EndSession())
    state = program(hearing)
    assert (state.public, state.recording, state.finished) == (Take.SLATE, False, True)
    assert state.slate.fields["mode"] == "ended"
    assert state.program == Scene(Layout.SLATE)
    assert state.open_microphones == frozenset()


def test_a_closed_item_never_leaves_the_room_whatever_anyone_clicks() -> None:
    hearing = Hearing("nhan-su")
    hearing.do(ClosePart(staying=(NHE,)))
    clicks: list[Command] = [
        Cut(scene=SceneWish(layout=Layout.FULL, sources=(NHE,))),
        OpenMicrophone(site=NHE),
        *(ShowOverlay(name=name, visible=False) for name in OverlayName),
        *(ShowOverlay(name=name, visible=True) for name in OverlayName),
        PauseSession(),
        ResumeSession(),
    ]
    for click in clicks:
        hearing.do(click)
        assert program(hearing).public is Take.SLATE
        assert program(hearing).sealed is not isinstance(click, PauseSession), "no break is kept"
    state = program(hearing)
    assert state.public_slate.fields["mode"] == "closed"
    assert state.program == Scene(Layout.FULL, (NHE,)), "the room goes on"
    assert state.recording, "the public's slate is recorded: the archive has no hole"
    assert SECRET not in str(state)


def test_closing_an_item_takes_the_public_off_at_once() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(SetItemClosed(item="thao-luan", closed=True))
    assert (program(hearing).public, program(hearing).sealed) == (Take.SLATE, True)
    hearing.do(SetItemClosed(item="thao-luan", closed=False))
    hearing.do(RequestOpening())
    assert (program(hearing).public, program(hearing).sealed) == (Take.SLATE, True)
    hearing.do(ConfirmOpening())
    assert (program(hearing).public, program(hearing).sealed) == (Take.ROOM, False)
    hearing.do(ChooseItem(item="nhan-su"))
    assert program(hearing).public is Take.SLATE


def test_one_click_shows_who_speaks_and_their_clock() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", SPEECH)
    hearing.do(CallNext())
    shown = {overlay.name: overlay.fields for overlay in program(hearing).overlays}
    assert shown["lower_third"]["name"] == "Pờ Mỳ Lế"
    assert shown["clock"]["limit_ms"] == 420_000
    assert shown["clock"]["warn_ms"] == 30_000
    assert program(hearing).open_microphones == {NHE}
    hearing.do(EndTurn())
    assert not {"lower_third", "clock"} & set(names(hearing))


def test_overlays_stand_from_back_to_front() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", SPEECH)
    hearing.register("chi", SPEECH)
    hearing.do(CallNext())
    assert names(hearing) == [name.value for name in OverlayName]


@pytest.mark.parametrize("name", list(OverlayName))
def test_what_is_switched_off_is_not_drawn(name: OverlayName) -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", SPEECH)
    hearing.register("chi", SPEECH)
    hearing.do(CallNext())
    hearing.do(ShowOverlay(name=name, visible=False))
    assert names(hearing) == [other.value for other in OverlayName if other is not name]


def test_a_slate_is_not_written_over() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", SPEECH)
    hearing.do(CallNext())
    hearing.do(Cut(scene=SceneWish(layout=Layout.SLATE)))
    assert names(hearing) == ["live", "logo"]


def test_live_is_said_only_while_it_is_true() -> None:
    assert "live" not in names(Hearing("thao-luan", live=False))
    assert "live" in names(Hearing("thao-luan"))
    assert "live" not in names(Hearing("nhan-su"))


def test_the_version_grows_with_every_event() -> None:
    hearing = Hearing("thao-luan")
    assert program(hearing).version == len(hearing.log)


def test_in_a_break_no_site_is_on_air() -> None:
    hearing = Hearing("thao-luan")
    assert scene_on_air(hearing.state) == Scene(Layout.FULL, (HALL,))
    hearing.do(PauseSession())
    assert scene_on_air(hearing.state) == Scene(Layout.SLATE)
    assert names(hearing) == []


def test_who_is_on_air_or_about_to_be_is_awaited() -> None:
    """Seen, heard alone, or in the preview."""
    state = replace(
        Hearing("thao-luan").state,
        program=Scene(Layout.FULL, (HALL,)),
        preview=Scene(Layout.FULL, (NHE,)),
        open_microphones=frozenset({CHUA}),
    )
    assert program_of(state).awaited == {HALL, NHE, CHUA}


def test_a_site_that_was_put_out_is_in_no_picture_and_in_no_sound() -> None:
    """Also if the state says otherwise: the director is a guard of its own."""
    hearing = Hearing("thao-luan")
    hearing.do(ClosePart(staying=(CHUA,)))
    both = Scene(Layout.SIDE_BY_SIDE, (NHE, CHUA))
    state = replace(hearing.state, program=both, preview=Scene(Layout.FULL, (NHE,)))
    told = program_of(replace(state, open_microphones=frozenset({NHE, CHUA})))
    assert told.program.sources == (CHUA,)
    assert told.preview == Scene()
    assert told.open_microphones == {CHUA}
    assert told.sealed
