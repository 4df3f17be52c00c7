"""The sign-language interpreter's box as the session has it, and who sees it."""

from broadcast.director import program_of
from broadcast.interpreters import Signer
from broadcast.layout import Corner, Inset, Layout
from broadcast.program import ProgramState, Scene, Take
from broadcast.session.commands import (
    ChooseItem,
    ClosePart,
    Cut,
    EndSession,
    OpenMicrophone,
    PauseSession,
    RemoveSite,
    ResumeSession,
    SceneWish,
    SetSigner,
)
from broadcast.session.preset import prepare, preset_of
from broadcast.session.rules.picture import InsetWish
from tests.broadcast.session.hearing import CHUA, HALL, NHE, Hearing

BOX = Signer(CHUA, Corner.BOTTOM_LEFT, 0.2)
PUT = SetSigner(site=CHUA, corner=BOX.corner, share=BOX.share)


def program(hearing: Hearing) -> ProgramState:
    return program_of(hearing.state)


def test_he_stands_there_until_he_is_taken_out_and_is_not_heard() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(OpenMicrophone(site=HALL))
    hearing.do(PUT)
    for layout in (Layout.GRID_4, Layout.SLATE):
        sources = () if layout is Layout.SLATE else (HALL, NHE)
        hearing.do(Cut(scene=SceneWish(layout=layout, sources=sources)))
        state = program(hearing)
        assert (state.signer, state.signer_public) == (BOX, True)
        assert state.open_microphones == {HALL}
        assert CHUA in state.awaited
    hearing.do(SetSigner(site=None))
    assert (program(hearing).signer, program(hearing).signer_public) == (None, False)


def test_the_same_again_is_no_event() -> None:
    hearing = Hearing()
    hearing.do(PUT)
    version = hearing.state.version
    hearing.do(PUT)
    assert hearing.state.version == version


def test_a_break_has_him_on_both_slates_and_the_end_does_not() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(PUT)
    hearing.do(PauseSession())
    state = program(hearing)
    assert (state.public, state.signer, state.signer_public) == (Take.SLATE, BOX, True)
    assert state.slate.fields["clear"] == state.public_slate.fields["clear"] == BOX.clear
    hearing.do(ResumeSession())
    assert program(hearing).signer == BOX
    hearing.do(EndSession())
    state = program(hearing)
    assert (state.signer, state.signer_public) == (None, False)
    assert "clear" not in state.slate.fields | state.public_slate.fields


def test_before_the_session_the_room_sees_him_and_the_public_does_not() -> None:
    hearing = Hearing("thao-luan", live=False)
    hearing.do(PUT)
    state = program(hearing)
    assert (state.signer, state.signer_public) == (BOX, False)
    assert "clear" not in state.public_slate.fields


def test_in_a_closed_room_who_stays_signs_for_the_room_alone() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(PUT)
    hearing.do(ClosePart(staying=(CHUA,)))
    state = program(hearing)
    assert (state.signer, state.signer_public) == (BOX, False)
    hearing.do(PauseSession())
    assert not program(hearing).signer_public, "nor over the slate of a break in it"
    hearing.do(ResumeSession())
    hearing.open_again()
    assert program(hearing).signer_public


def test_who_is_put_out_is_not_seen_and_is_back_when_the_room_opens() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(PUT)
    hearing.do(ClosePart(staying=(NHE,)))
    state = program(hearing)
    assert (state.signer, state.signer_public) == (None, False)
    assert hearing.refused(SetSigner(site=CHUA)) == "site_put_out"
    hearing.open_again()
    assert (program(hearing).signer, program(hearing).signer_public) == (BOX, True)


def test_an_inset_makes_way_on_program_and_preview() -> None:
    hearing = Hearing("thao-luan")
    inset = InsetWish(corner=Corner.BOTTOM_LEFT)
    scene = SceneWish(layout=Layout.PICTURE_IN_PICTURE, sources=(HALL, NHE), inset=inset)
    hearing.do(Cut(scene=scene))
    hearing.do(PUT)
    moved = Scene(Layout.PICTURE_IN_PICTURE, (HALL, NHE), Inset(Corner.BOTTOM_RIGHT))
    assert program(hearing).program == moved
    hearing.do(SetSigner(site=None))
    assert program(hearing).program.inset.corner is Corner.BOTTOM_LEFT


def test_his_site_is_not_taken_out() -> None:
    hearing = Hearing()
    hearing.do(PUT)
    assert hearing.refused(RemoveSite(site=CHUA)) == "site_in_use"
    assert hearing.refused(SetSigner(site="nowhere")) == "unknown_site"


def test_an_act_that_is_undone_leaves_him_there() -> None:
    hearing = Hearing()
    hearing.do(ChooseItem(item="thao-luan"))
    hearing.do(PUT)
    hearing.undo()
    assert hearing.state.signer == BOX


def test_the_next_session_made_of_this_one_has_him_ready() -> None:
    hearing = Hearing()
    hearing.do(PUT)
    preset = preset_of(hearing.state)
    assert prepare(preset, "hai", 0).signer == BOX
    assert prepare(preset, "ba", 0, sites=[HALL]).signer is None
