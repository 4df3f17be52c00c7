"""The media player: films, slides, the anthem, a countdown.

Its sound is heard only after somebody asked for it, and no longer than it runs: every way to stop
it, and every other clip, takes the sound away, and nothing brings it back by itself.
"""

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import Field, StrictBool

from broadcast.program import Clip, ClipKind
from broadcast.session.events import Events, PlayerSet
from broadcast.session.model import SessionState
from broadcast.session.rules.command import Command
from broadcast.session.rules.registry import OPEN, OPERATING, Act, Refusal, rule
from broadcast.session.text import FileName, Name, Text

KINDS = {
    **dict.fromkeys((".mp4", ".m4v", ".mov", ".mkv", ".webm"), ClipKind.FILM),
    **dict.fromkeys((".mp3", ".m4a", ".wav", ".ogg", ".opus", ".flac"), ClipKind.SOUND),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".pdf"), ClipKind.SLIDES),
}
"""By the end of a file's name."""
RUNNING = frozenset({ClipKind.FILM, ClipKind.SOUND, ClipKind.COUNTDOWN})
HEARD = frozenset({ClipKind.FILM, ClipKind.SOUND})
MOST_MS = 24 * 3_600_000
MOST_PAGES = 2000


def kind_of(file: str) -> ClipKind | None:
    """What a file of that name is; None: nothing that can be played."""
    return KINDS.get(PurePath(file).suffix.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlayer(Command):
    """Puts a file into the media player. It stands at its beginning, and is not heard."""

    type: Literal["load_player"] = "load_player"
    file: FileName
    title: Text = ""
    """On the card of a sound, and in its seat of a grid; empty: the file's name."""


@rule(LoadPlayer, OPERATING, OPEN)
def load_player(state: SessionState, command: LoadPlayer, act: Act) -> Events:
    kind = kind_of(command.file)
    if kind is None:
        raise Refusal("player_kind", file=command.file)
    title = command.title or PurePath(command.file).stem
    return _set(state, Clip(act.at_ms, kind, title, command.file), act)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCountdown(Command):
    """Puts a countdown into the media player; it does not run yet."""

    type: Literal["load_countdown"] = "load_countdown"
    duration_ms: Annotated[int, Field(ge=1000, le=MOST_MS)]
    title: Name


@rule(LoadCountdown, OPERATING, OPEN)
def load_countdown(state: SessionState, command: LoadCountdown, act: Act) -> Events:
    clip = Clip(act.at_ms, ClipKind.COUNTDOWN, command.title, duration_ms=command.duration_ms)
    return _set(state, clip, act)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPlayer(Command):
    """Lets it run from where it stands, with its sound or without."""

    type: Literal["start_player"] = "start_player"
    sound: StrictBool
    position_ms: Annotated[int, Field(ge=0, le=MOST_MS)] | None = None
    """From there instead."""


@rule(StartPlayer, OPERATING, OPEN)
def start_player(state: SessionState, command: StartPlayer, act: Act) -> Events:
    clip = _loaded(state)
    if clip.kind not in RUNNING:
        raise Refusal("player_stands")
    at_ms = position_ms(clip, act.at_ms) if command.position_ms is None else command.position_ms
    sound = command.sound and clip.kind in HEARD
    return _set(state, replace(clip, position_ms=at_ms, started_at_ms=act.at_ms, sound=sound), act)


@dataclass(frozen=True, slots=True, kw_only=True)
class PausePlayer(Command):
    """Stops it where it is."""

    type: Literal["pause_player"] = "pause_player"


@rule(PausePlayer, OPERATING, OPEN)
def pause_player(state: SessionState, act: Act) -> Events:
    return _set(state, _halted(_loaded(state), act.at_ms), act)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlayer(Command):
    """Stops it and goes back to its beginning."""

    type: Literal["stop_player"] = "stop_player"


@rule(StopPlayer, OPERATING, OPEN)
def stop_player(state: SessionState, act: Act) -> Events:
    return _set(state, replace(_halted(_loaded(state), act.at_ms), position_ms=0, page=1), act)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeekPlayer(Command):
    """Goes to another place of it; if it runs, it runs on from there."""

    type: Literal["seek_player"] = "seek_player"
    position_ms: Annotated[int, Field(ge=0, le=MOST_MS)]


@rule(SeekPlayer, OPERATING, OPEN)
def seek_player(state: SessionState, command: SeekPlayer, act: Act) -> Events:
    clip = _loaded(state)
    if clip.kind not in RUNNING:
        raise Refusal("player_stands")
    started_at_ms = None if clip.started_at_ms is None else act.at_ms
    there = replace(clip, position_ms=command.position_ms, started_at_ms=started_at_ms)
    return _set(state, there, act)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnPage(Command):
    """Shows another page of the slides."""

    type: Literal["turn_page"] = "turn_page"
    page: Annotated[int, Field(ge=1, le=MOST_PAGES)]


@rule(TurnPage, OPERATING, OPEN)
def turn_page(state: SessionState, command: TurnPage, act: Act) -> Events:
    clip = _loaded(state)
    if clip.kind is not ClipKind.SLIDES:
        raise Refusal("player_no_pages")
    return _set(state, replace(clip, page=command.page), act)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopPlayer(Command):
    """Lets it begin anew at its end, or not."""

    type: Literal["loop_player"] = "loop_player"
    loop: StrictBool


@rule(LoopPlayer, OPERATING, OPEN)
def loop_player(state: SessionState, command: LoopPlayer, act: Act) -> Events:
    clip = _loaded(state)
    if clip.kind not in HEARD:
        raise Refusal("player_no_loop")
    return _set(state, replace(clip, loop=command.loop), act)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlayerSound(Command):
    """Lets what runs be heard, or silences it."""

    type: Literal["set_player_sound"] = "set_player_sound"
    sound: StrictBool


@rule(SetPlayerSound, OPERATING, OPEN)
def set_player_sound(state: SessionState, command: SetPlayerSound, act: Act) -> Events:
    clip = _loaded(state)
    if command.sound and (clip.started_at_ms is None or clip.kind not in HEARD):
        raise Refusal("player_not_running")
    return _set(state, replace(clip, sound=command.sound), act)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearPlayer(Command):
    """Takes out what is in the media player; its seats stay dark."""

    type: Literal["clear_player"] = "clear_player"


@rule(ClearPlayer, OPERATING, OPEN)
def clear_player(state: SessionState, act: Act) -> Events:
    return _set(state, None, act)


def position_ms(clip: Clip, at_ms: int) -> int:
    """Where it is then, beyond its end if that has passed: only the studio knows its length."""
    ran_ms = 0 if clip.started_at_ms is None else max(0, at_ms - clip.started_at_ms)
    return clip.position_ms + ran_ms


def halt(state: SessionState, act: Act) -> Events:
    """It stands still where it is, if there is something."""
    clip = state.player
    return () if clip is None else _set(state, _halted(clip, act.at_ms), act)


def silence(state: SessionState, act: Act) -> Events:
    """It is not heard any more."""
    clip = state.player
    return () if clip is None else _set(state, replace(clip, sound=False), act)


def _loaded(state: SessionState) -> Clip:
    if state.player is None:
        raise Refusal("player_empty")
    return state.player


def _halted(clip: Clip, at_ms: int) -> Clip:
    return replace(clip, position_ms=position_ms(clip, at_ms), started_at_ms=None, sound=False)


def _set(state: SessionState, clip: Clip | None, act: Act) -> Events:
    return () if clip == state.player else (PlayerSet(at_ms=act.at_ms, clip=clip),)
