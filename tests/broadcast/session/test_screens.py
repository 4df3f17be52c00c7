"""Sharing a screen: allowed by who leads, begun by the site, and gone with the leave for it."""

from dataclasses import replace

import pytest

from broadcast.director import program_of
from broadcast.layout import Layout
from broadcast.program import CUT, Scene, TransitionKind
from broadcast.session.commands import (
    AllowScreen,
    ChooseItem,
    ClosePart,
    Command,
    Cut,
    EndSession,
    GiveTurn,
    RemoveSite,
    SceneWish,
    SetPreview,
    ShareScreen,
    StopScreen,
)
from broadcast.session.evolve_screens import without_screen
from broadcast.session.model import RequestKind, Role
from broadcast.session.rules.picture import TransitionWish
from broadcast.session.rules.screens import MOST
from streams.frames import SiteId, screen_of
from tests.broadcast.session.hearing import CHUA, HALL, NHE, Hearing

SCREEN = screen_of(NHE)
PIP, FULL = Layout.PICTURE_IN_PICTURE, Layout.FULL


def as_site(hearing: Hearing, command: Command, site: SiteId = NHE) -> None:
    hearing.do(command, Role.SITE, site)


def sharing(*, live: bool = True) -> Hearing:
    hearing = Hearing("thao-luan", live=live)
    hearing.do(AllowScreen(site=NHE, allowed=True))
    as_site(hearing, ShareScreen(site=NHE))
    return hearing


def shown(hearing: Hearing, layout: Layout, *sources: SiteId) -> Hearing:
    hearing.do(Cut(scene=SceneWish(layout=layout, sources=sources)))
    return hearing


def refused(hearing: Hearing, command: Command, site: SiteId | None = None) -> str:
    return hearing.refused(command, Role.OPERATOR if site is None else Role.SITE, site)


def test_a_site_shares_its_own_screen_and_only_while_it_may() -> None:
    hearing = Hearing("thao-luan")
    assert refused(hearing, ShareScreen(site=NHE), NHE) == "screen_not_allowed"
    hearing.do(AllowScreen(site=NHE, allowed=True))
    assert refused(hearing, ShareScreen(site=NHE), CHUA) == "not_your_site"
    assert refused(hearing, AllowScreen(site=NHE, allowed=True), NHE) == "role_may_not"
    wish = SetPreview(scene=SceneWish(layout=FULL, sources=(SCREEN,)))
    assert refused(hearing, wish) == "screen_not_shared"
    as_site(hearing, ShareScreen(site=NHE))
    assert refused(hearing, StopScreen(site=NHE), CHUA) == "not_your_site"
    hearing.do(wish)
    assert hearing.state.preview == Scene(FULL, (SCREEN,))
    assert "Mường Nhé" in program_of(hearing.state).site_names[SCREEN]


@pytest.mark.parametrize("wish", [Cut, SetPreview])
def test_a_site_stays_while_its_screen_is_shown(wish: type[Cut | SetPreview]) -> None:
    hearing = sharing()
    for delegate in [one for one in hearing.state.delegates.values() if one.site == NHE]:
        hearing.state.delegates[delegate.id] = replace(delegate, site=HALL)
    hearing.do(wish(scene=SceneWish(layout=FULL, sources=(SCREEN,))))
    assert hearing.refused(RemoveSite(site=NHE)) == "site_in_use"
    as_site(hearing, StopScreen(site=NHE))
    hearing.do(wish(scene=SceneWish(layout=FULL, sources=(HALL,))))
    hearing.do(RemoveSite(site=NHE))
    assert NHE not in hearing.state.may_share


def test_no_more_than_a_few_share_at_once() -> None:
    hearing = sharing()
    sites = [SiteId(f"xa-{n}") for n in range(MOST)]
    hall = hearing.state.sites[HALL]
    for site in sites:
        hearing.state.sites[site] = replace(hall, id=site)
        hearing.do(AllowScreen(site=site, allowed=True))
    for site in sites[:-1]:
        as_site(hearing, ShareScreen(site=site), site)
    assert refused(hearing, ShareScreen(site=sites[-1]), sites[-1]) == "too_many_screens"


@pytest.mark.parametrize(
    ("scene", "left"),
    [
        (Scene(FULL, (SCREEN,)), Scene(FULL, (NHE,))),
        (Scene(PIP, (SCREEN, NHE)), Scene(FULL, (NHE,))),
        (Scene(PIP, (HALL, SCREEN)), Scene(PIP, (HALL, NHE))),
        (Scene(Layout.GRID_4, (HALL, SCREEN, NHE)), Scene(Layout.GRID_4, (HALL, NHE))),
        (Scene(FULL, (screen_of(CHUA),)), Scene(FULL, (screen_of(CHUA),))),
    ],
)
def test_where_a_screen_was_its_camera_is_and_no_seat_is_dark(scene: Scene, left: Scene) -> None:
    assert without_screen(scene, NHE) == left


@pytest.mark.parametrize(
    "end", [AllowScreen(site=NHE, allowed=False), StopScreen(site=NHE), EndSession()]
)
def test_what_ends_it_takes_it_off_air_by_a_cut(end: Command) -> None:
    hearing = shown(sharing(), PIP, SCREEN, NHE)
    wish = TransitionWish(kind=TransitionKind.DISSOLVE)
    scene = SceneWish(layout=PIP, sources=(SCREEN, HALL))
    hearing.do(Cut(scene=scene, transition=wish))
    hearing.do(end)
    program = program_of(hearing.state)
    assert SCREEN not in program.program.sources + program.preview.sources
    assert hearing.state.sharing == frozenset()
    assert program.transition == CUT
    assert SCREEN not in program.site_names


def test_the_picture_after_a_turn_does_not_bring_back_what_is_no_longer_shared() -> None:
    hearing = shown(sharing(), FULL, SCREEN)
    hearing.do(GiveTurn(delegate="chi", kind=RequestKind.SPEECH))
    as_site(hearing, StopScreen(site=NHE))
    assert hearing.state.before_turn == Scene(FULL, (NHE,))


def test_who_is_put_out_shares_no_more_and_is_asked_anew_when_the_room_opens() -> None:
    hearing = shown(sharing(), FULL, SCREEN)
    hearing.do(ClosePart(staying=(CHUA,)))
    assert hearing.state.sharing == hearing.state.may_share == frozenset()
    assert program_of(hearing.state).program == Scene(FULL, (HALL,))
    assert refused(hearing, AllowScreen(site=NHE, allowed=True)) == "site_put_out"
    hearing.open_again()
    assert refused(hearing, ShareScreen(site=NHE), NHE) == "screen_not_allowed"


def test_what_was_shared_behind_closed_doors_is_not_shared_when_they_open() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(ClosePart(staying=(NHE,)))
    hearing.do(AllowScreen(site=NHE, allowed=True))
    as_site(hearing, ShareScreen(site=NHE))
    shown(hearing, FULL, SCREEN)
    hearing.do(ChooseItem(item="thao-luan"))
    assert program_of(hearing.state).program == Scene(FULL, (SCREEN,))
    hearing.open_again()
    assert program_of(hearing.state).program == Scene(FULL, (NHE,))
    as_site(hearing, ShareScreen(site=NHE))
    assert hearing.state.sharing == {NHE}, "it may share again, knowing that all see it"


def test_the_director_shows_no_screen_that_is_not_shared_whatever_the_state_says() -> None:
    hearing = shown(sharing(), PIP, SCREEN, HALL)
    object.__setattr__(hearing.state, "sharing", frozenset())
    assert program_of(hearing.state).program.sources == (HALL,)
