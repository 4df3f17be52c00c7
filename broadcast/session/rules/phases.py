"""Going live, pausing, resuming, ending."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from broadcast.layout import Layout
from broadcast.program import Scene
from broadcast.session.events import (
    ClockPaused,
    ClockResumed,
    Event,
    Events,
    MicrophoneClosed,
    MicrophoneOpened,
    PictureCut,
    SessionEnded,
    SessionPaused,
    SessionResumed,
    SessionWentLive,
)
from broadcast.session.evolve import fold
from broadcast.session.model import Break, Phase, SessionState, SiteKind
from broadcast.session.rules.command import Command, PaperCommand
from broadcast.session.rules.floor import free_floor
from broadcast.session.rules.player import halt
from broadcast.session.rules.registry import DIRECTING, LIVE, ON, OPERATING, Act, rule
from broadcast.session.rules.secrecy import closing, putting_out
from streams.frames import SiteId


@dataclass(frozen=True, slots=True, kw_only=True)
class GoLive(Command):
    """Starts the public picture and the recording; from the slate it cuts to the hall.

    With a closed item it starts closed, for all sites but the hall.
    """

    type: Literal["go_live"] = "go_live"


@rule(GoLive, DIRECTING, frozenset({Phase.PREPARED}))
def go_live(state: SessionState, act: Act) -> Events:
    events: list[Event] = [SessionWentLive(at_ms=act.at_ms)]
    hall = next((site.id for site in state.sites.values() if site.kind is SiteKind.HALL), None)
    if hall is not None and state.program.layout is Layout.SLATE:
        events.append(PictureCut(at_ms=act.at_ms, scene=Scene(Layout.FULL, (hall,))))
    if state.closed and state.closed_part is None:
        events += closing(state, (), act)
    return (*events, *putting_out(fold(events, state), act))


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseSession(Command):
    """A break: the slate is on, clock and media player stand, every microphone is closed."""

    type: Literal["pause_session"] = "pause_session"


@rule(PauseSession, DIRECTING, LIVE)
def pause_session(state: SessionState, act: Act) -> Events:
    events: list[Event] = [SessionPaused(at_ms=act.at_ms)]
    floor = state.floor
    if floor is not None and floor.paused_at_ms is None:
        events.append(ClockPaused(at_ms=act.at_ms, turn=floor.id))
    return (*events, *close_all(state, act), *halt(state, act))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeSession(Command):
    """Ends the break: picture, clock and microphones are as they were before it."""

    type: Literal["resume_session"] = "resume_session"


@rule(ResumeSession, DIRECTING, frozenset({Phase.PAUSED}))
def resume_session(state: SessionState, act: Act) -> Events:
    events: list[Event] = [SessionResumed(at_ms=act.at_ms)]
    if state.pause is not None:
        events += _microphones_again(state, state.pause, act)
    floor = state.floor
    if floor is not None and state.pause is not None and state.pause.clock_ran:
        events.append(ClockResumed(at_ms=act.at_ms, turn=floor.id))
    return tuple(events)


def _microphones_again(state: SessionState, before: Break, act: Act) -> list[Event]:
    """Those that the break closed. The speaker's is the turn's again, if the turn still runs."""
    floor = state.floor
    events: list[Event] = []
    for site in sorted(before.microphones - state.open_microphones - state.put_out):
        of_turn = site == before.turn_microphone
        if of_turn and floor is None:
            continue
        turn = floor.id if of_turn and floor is not None else None
        events.append(MicrophoneOpened(at_ms=act.at_ms, site=site, turn=turn))
    return events


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSession(Command):
    """Ends the session for good: the recording is closed, the archive is there."""

    type: Literal["end_session"] = "end_session"


@rule(EndSession, DIRECTING, ON)
def end_session(state: SessionState, act: Act) -> Events:
    ended, free = free_floor(state, act)
    silent = (*close_all(free, act), *halt(free, act))
    return (*ended, *silent, SessionEnded(at_ms=act.at_ms))


def close_all(state: SessionState, act: Act, but: Collection[SiteId] = ()) -> Events:
    """Every open microphone, closed."""
    sites = sorted(state.open_microphones.difference(but))
    return tuple(MicrophoneClosed(at_ms=act.at_ms, site=site) for site in sites)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSession(PaperCommand):
    """Calls off a session that has not begun: it is in no list any more, but stays in the log."""

    type: Literal["cancel_session"] = "cancel_session"


@rule(CancelSession, OPERATING, frozenset({Phase.PREPARED}))
def cancel_session(state: SessionState, act: Act) -> Events:
    return (*close_all(state, act), *halt(state, act), SessionEnded(at_ms=act.at_ms))
