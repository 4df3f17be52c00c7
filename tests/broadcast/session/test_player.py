"""The media player: its sound comes by a wish alone, and a closed item keeps what it had."""

from typing import Any

import pytest

from broadcast.director import player_on_air, program_of
from broadcast.layout import Layout
from broadcast.program import PLAYER, Scene
from broadcast.session.commands import (
    ChooseItem,
    ClearPlayer,
    Command,
    Cut,
    EndSession,
    LoadCountdown,
    LoadPlayer,
    LoopPlayer,
    MuteAll,
    PausePlayer,
    PauseSession,
    ResumeSession,
    SceneWish,
    SeekPlayer,
    SetItemClosed,
    SetPlayerSound,
    StartPlayer,
    StopPlayer,
    TurnPage,
)
from broadcast.session.rules.player import position_ms
from tests.broadcast.session.hearing import HALL, Hearing

FILM = LoadPlayer(file="Phim khai mạc.mp4")


def running(*, sound: bool = True) -> Hearing:
    hearing = Hearing("thao-luan")
    hearing.do(FILM)
    hearing.do(StartPlayer(sound=sound))
    return hearing


def heard(hearing: Hearing) -> bool:
    clip = program_of(hearing.state).player
    return clip is not None and clip.sound


def test_what_is_loaded_stands_at_its_beginning_and_is_not_heard() -> None:
    hearing = running()
    hearing.do(LoadPlayer(file="quoc ca.mp3", title="Quốc ca"))
    clip = hearing.state.player
    assert clip is not None
    assert (clip.title, clip.started_at_ms, clip.position_ms, clip.sound) == (
        "Quốc ca", None, 0, False
    )  # fmt: skip
    hearing.do(FILM)
    assert hearing.state.player is not None
    assert hearing.state.player.title == "Phim khai mạc"


@pytest.mark.parametrize(
    "command",
    [
        PausePlayer(), StopPlayer(), ClearPlayer(), MuteAll(), PauseSession(), EndSession(), FILM,
        LoadCountdown(duration_ms=60_000, title="Bắt đầu sau"), SetPlayerSound(sound=False),
    ],
    ids=lambda command: command.type,
)  # fmt: skip
def test_sound_goes_with_every_stop(command: Command) -> None:
    hearing = running()
    assert heard(hearing)
    hearing.do(command)
    assert not heard(hearing)


def test_nothing_brings_the_sound_back_unasked() -> None:
    hearing = running()
    hearing.do(PauseSession())
    hearing.do(ResumeSession())
    assert not heard(hearing)
    assert hearing.state.player is not None
    assert hearing.state.player.started_at_ms is None
    assert hearing.refused(SetPlayerSound(sound=True)) == "player_not_running"
    for command in (StartPlayer(sound=False), SeekPlayer(position_ms=0), LoopPlayer(loop=True)):
        hearing.do(command)
        assert not heard(hearing)
    hearing.do(SetPlayerSound(sound=True))
    assert heard(hearing)


def test_it_stands_where_it_was_stopped_and_goes_on_from_there() -> None:
    hearing = running()
    hearing.now_ms += 9000
    hearing.do(PausePlayer())
    clip = hearing.state.player
    assert clip is not None
    assert clip.position_ms == 10_000
    hearing.do(StartPlayer(sound=True))
    clip = hearing.state.player
    assert clip is not None
    assert position_ms(clip, hearing.now_ms + 500) == 10_500
    hearing.do(SeekPlayer(position_ms=3000))
    assert hearing.state.player is not None
    assert hearing.state.player.position_ms == 3000
    assert heard(hearing)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (LoadPlayer(file="virus.exe"), "player_kind"),
        (PausePlayer(), "player_empty"),
        (TurnPage(page=2), "player_empty"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(wish: Command, code: str) -> None:
    assert Hearing().refused(wish) == code


def test_slides_have_pages_and_do_not_run() -> None:
    hearing = Hearing()
    hearing.do(LoadPlayer(file="bao cao.PDF"))
    hearing.do(TurnPage(page=7))
    assert hearing.state.player is not None
    assert hearing.state.player.page == 7
    assert hearing.refused(StartPlayer(sound=True)) == "player_stands"
    assert hearing.refused(LoopPlayer(loop=True)) == "player_no_loop"
    hearing.do(FILM)
    assert hearing.refused(TurnPage(page=2)) == "player_no_pages"


def test_it_takes_a_seat_like_a_site() -> None:
    hearing = Hearing()
    hearing.do(Cut(scene=SceneWish(layout=Layout.SIDE_BY_SIDE, sources=(HALL, PLAYER))))
    assert hearing.state.program == Scene(Layout.SIDE_BY_SIDE, (HALL, PLAYER))


@pytest.mark.parametrize("first", [True, False], ids=["closed first", "loaded first"])
def test_what_a_closed_item_had_is_shown_in_none_that_is_open(first: bool) -> None:
    hearing = Hearing("thao-luan")
    close: list[Any] = [ChooseItem(item="nhan-su"), FILM]
    for command in close if first else reversed(close):
        hearing.do(command)
    hearing.do(StartPlayer(sound=True))
    beside = Scene(Layout.SIDE_BY_SIDE, (HALL, PLAYER))
    hearing.do(Cut(scene=SceneWish(layout=beside.layout, sources=beside.sources)))
    assert program_of(hearing.state).player == hearing.state.player
    hearing.do(SetItemClosed(item="nhan-su", closed=False))
    hearing.open_again()
    assert player_on_air(hearing.state) is None
    assert program_of(hearing.state).site_names[PLAYER] == ""
    assert program_of(hearing.state).program.sources == (HALL,)
    hearing.do(FILM)
    assert player_on_air(hearing.state) == hearing.state.player
    assert program_of(hearing.state).program == beside
