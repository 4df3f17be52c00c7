"""What the operator does by hand."""

import pytest

from broadcast.director import program_of
from broadcast.layout import INSET, Corner, Inset, Layout
from broadcast.program import CUT, Scene, Transition, TransitionKind
from broadcast.session.commands import (
    CloseMicrophone,
    CommandError,
    Cut,
    MuteAll,
    OpenMicrophone,
    SceneWish,
    SetNoiseSuppression,
    SetPreview,
    ShiftSound,
    ShowOverlay,
    parse_command,
)
from broadcast.session.model import OverlayName
from broadcast.session.preset import prepare, preset_of
from broadcast.session.rules.picture import InsetWish, TransitionWish
from tests.broadcast.session.hearing import CHUA, HALL, NHE, Hearing

WIDE = SceneWish(layout=Layout.SIDE_BY_SIDE, sources=(HALL, NHE))


def test_a_cut_without_a_scene_changes_preview_and_program() -> None:
    hearing = Hearing()
    hearing.do(SetPreview(scene=WIDE))
    before = hearing.state.program
    hearing.do(Cut())
    assert hearing.state.program == Scene(Layout.SIDE_BY_SIDE, (HALL, NHE))
    assert hearing.state.preview == before


def test_a_cut_to_a_scene_leaves_the_preview() -> None:
    hearing = Hearing()
    before = hearing.state.preview
    hearing.do(Cut(scene=WIDE))
    assert hearing.state.program == Scene(Layout.SIDE_BY_SIDE, (HALL, NHE))
    assert hearing.state.preview == before


def test_a_scene_comes_on_as_wished_and_the_next_by_a_cut() -> None:
    hearing = Hearing()
    wish = TransitionWish(kind=TransitionKind.DISSOLVE, duration_ms=300)
    hearing.do(Cut(scene=WIDE, transition=wish))
    assert hearing.state.transition == Transition(TransitionKind.DISSOLVE, 300)
    hearing.do(Cut())
    assert hearing.state.transition == CUT


def test_only_a_picture_in_picture_has_an_inset() -> None:
    hearing = Hearing()
    inset = InsetWish(corner=Corner.BOTTOM_LEFT, share=0.36)
    for layout, kept in (
        (Layout.SIDE_BY_SIDE, INSET),
        (Layout.PICTURE_IN_PICTURE, Inset(Corner.BOTTOM_LEFT, 0.36)),
    ):
        hearing.do(Cut(scene=SceneWish(layout=layout, sources=(HALL, NHE), inset=inset)))
        assert hearing.state.program.inset == kept


def test_everything_works_in_a_rehearsal() -> None:
    hearing = Hearing(live=False)
    hearing.do(Cut(scene=WIDE))
    hearing.do(OpenMicrophone(site=NHE))
    hearing.do(ShowOverlay(name=OverlayName.CLOCK, visible=False))
    assert hearing.state.open_microphones == {NHE}


@pytest.mark.parametrize(
    ("layout", "sources", "code"),
    [
        (Layout.FULL, ("la",), "unknown_site"),
        (Layout.FULL, (HALL, NHE), "too_many_sites"),
        (Layout.SLATE, (HALL,), "too_many_sites"),
        (Layout.SIDE_BY_SIDE, (HALL, HALL), "site_twice"),
        (Layout.GRID_4, (), "scene_empty"),
    ],
)
def test_pictures_that_cannot_be(layout: Layout, sources: tuple[str, ...], code: str) -> None:
    wish = SceneWish(layout=layout, sources=sources)
    assert Hearing().refused(Cut(scene=wish)) == code
    assert Hearing().refused(SetPreview(scene=wish)) == code


def test_a_layout_may_have_seats_to_spare() -> None:
    hearing = Hearing()
    hearing.do(Cut(scene=SceneWish(layout=Layout.GRID_4, sources=(HALL, NHE, CHUA))))
    assert hearing.state.program.sources == (HALL, NHE, CHUA)


def test_microphones() -> None:
    hearing = Hearing()
    hearing.do(OpenMicrophone(site=NHE))
    hearing.do(OpenMicrophone(site=CHUA))
    hearing.do(CloseMicrophone(site=NHE))
    assert hearing.state.open_microphones == {CHUA}
    hearing.do(OpenMicrophone(site=HALL))
    hearing.do(MuteAll())
    assert hearing.state.open_microphones == frozenset()
    assert hearing.refused(OpenMicrophone(site="la")) == "unknown_site"
    assert hearing.refused(CloseMicrophone(site="la")) == "unknown_site"


def test_switches_that_stand_as_wished_are_no_events() -> None:
    hearing = Hearing()
    hearing.do(OpenMicrophone(site=NHE))
    assert hearing.do(OpenMicrophone(site=NHE)) == ()
    assert hearing.do(CloseMicrophone(site=CHUA)) == ()
    assert hearing.do(ShowOverlay(name=OverlayName.LOGO, visible=True)) == ()
    assert hearing.do(Cut(scene=SceneWish(layout=Layout.FULL, sources=(HALL,)))) == ()
    hearing.do(SetPreview(scene=WIDE))
    assert hearing.do(SetPreview(scene=WIDE)) == ()
    hearing.do(MuteAll())
    assert hearing.do(MuteAll()) == ()


def test_overlays() -> None:
    hearing = Hearing()
    hearing.do(ShowOverlay(name=OverlayName.QUEUE, visible=False))
    assert hearing.state.hidden_overlays == {OverlayName.QUEUE}
    hearing.do(ShowOverlay(name=OverlayName.QUEUE, visible=True))
    assert hearing.state.hidden_overlays == frozenset()


def test_noise_is_taken_out_of_a_site_until_it_is_not() -> None:
    hearing = Hearing()
    hearing.do(SetNoiseSuppression(site=NHE, on=True))
    assert hearing.state.cleaned == {NHE}
    assert not hearing.do(SetNoiseSuppression(site=NHE, on=True))
    hearing.do(SetNoiseSuppression(site=NHE, on=False))
    assert hearing.state.cleaned == frozenset()
    assert hearing.refused(SetNoiseSuppression(site="nowhere", on=True)) == "unknown_site"


def test_a_site_s_sound_is_shifted_and_stays_so_in_the_next_session() -> None:
    hearing = Hearing()
    hearing.do(ShiftSound(site=NHE, later_ms=-60))
    assert not hearing.do(ShiftSound(site=NHE, later_ms=-60))
    assert program_of(hearing.state).sound_later_ms == {NHE: -60}
    following = prepare(preset_of(hearing.state), "next", 0)
    assert {site.id: site.sound_later_ms for site in following.sites}[NHE] == -60
    hearing.do(ShiftSound(site=NHE, later_ms=0))
    assert program_of(hearing.state).sound_later_ms == {}
    assert hearing.refused(ShiftSound(site="nowhere", later_ms=20)) == "unknown_site"


@pytest.mark.parametrize("later_ms", [-201, 201, 20.5, True])
def test_no_device_is_later_than_that(later_ms: object) -> None:
    with pytest.raises(CommandError):
        parse_command({"type": "shift_sound", "site": NHE, "later_ms": later_ms})
