"""State after an event. Total: whatever is in the log is applied; `decide` is what refuses.

What an event of the session itself or of its agenda does stands here; of all others, in the file
of their matter.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce

from broadcast.layout import Layout
from broadcast.program import CUT, Scene
from broadcast.session import (
    evolve_chair,
    evolve_closing,
    evolve_content,
    evolve_floor,
    evolve_picture,
    evolve_screens,
    evolve_written,
)
from broadcast.session.applying import APPLY, on
from broadcast.session.chair_events import ActUndone
from broadcast.session.events import (
    ClockSet,
    Event,
    ItemChosen,
    ItemSecrecySet,
    SessionEnded,
    SessionPaused,
    SessionPrepared,
    SessionResumed,
    SessionWentLive,
)
from broadcast.session.model import (
    Break,
    ClockStep,
    ItemClock,
    Phase,
    SessionState,
    SiteKind,
)
from broadcast.session.one_clock import moved
from broadcast.session.undoing import remembered

__all__ = [
    "evolve",
    "evolve_chair",
    "evolve_closing",
    "evolve_content",
    "evolve_floor",
    "evolve_picture",
    "evolve_screens",
    "evolve_written",
    "fold",
]


def evolve(state: SessionState, event: Event) -> SessionState:
    """The state after one more event."""
    version = state.version + 1
    if isinstance(event, ActUndone):
        return replace(_undone(state), version=version)
    after = APPLY[type(event)](state, event)
    after = replace(after, version=version, undo=remembered(state, event))
    return _keep_secret(evolve_screens.settled(state, after))


def fold(events: Iterable[Event], state: SessionState | None = None) -> SessionState:
    """The state after all of them, from nothing or from `state`."""
    return reduce(evolve, events, state if state is not None else SessionState())


def _keep_secret(state: SessionState) -> SessionState:
    """What the player had while an item was closed stays that item's."""
    if state.player is None or state.player_secret or not state.closed:
        return state
    return replace(state, player_secret=True)


def _undone(state: SessionState) -> SessionState:
    """As if the act had not been: what came after it stands. The picture changes by a cut."""
    if state.undo is None:
        return state
    without = fold(state.undo.since, state.undo.before)
    return replace(without, undo=None, transition=CUT)


@on(SessionPrepared)
def _prepared(_: SessionState, event: SessionPrepared) -> SessionState:
    halls = [site.id for site in event.sites if site.kind is SiteKind.HALL]
    return SessionState(
        id=event.id,
        title=event.title,
        subtitle=event.subtitle,
        sites={site.id: site for site in event.sites},
        delegates={delegate.id: delegate for delegate in event.delegates},
        agenda=event.agenda,
        preview=Scene(Layout.FULL, (halls[0],)) if halls else Scene(),
        hidden_overlays=event.hidden_overlays,
        signer=event.signer,
        planned_start_at_ms=event.planned_start_at_ms,
    )


@on(SessionWentLive)
def _went_live(state: SessionState, event: SessionWentLive) -> SessionState:
    live = replace(state, phase=Phase.LIVE, started_at_ms=event.at_ms)
    return _item_clock_runs(live, event.at_ms)


@on(SessionPaused)
def _paused(state: SessionState, event: SessionPaused) -> SessionState:
    floor = state.floor
    before = Break(
        clock_ran=floor is not None and floor.paused_at_ms is None,
        microphones=state.open_microphones,
        turn_microphone=state.turn_microphone,
    )
    stood = _item_clock_stands(state, event.at_ms)
    return replace(stood, phase=Phase.PAUSED, pause=before)


@on(SessionResumed)
def _resumed(state: SessionState, event: SessionResumed) -> SessionState:
    return _item_clock_runs(replace(state, phase=Phase.LIVE, pause=None), event.at_ms)


@on(SessionEnded)
def _ended(state: SessionState, event: SessionEnded) -> SessionState:
    done = state.done_items | ({state.current_item} if state.current_item is not None else set())
    return replace(
        _item_clock_stands(state, event.at_ms),
        phase=Phase.ENDED,
        ended_at_ms=event.at_ms,
        pause=None,
        done_items=done,
        closed_part=None,
    )


@on(ItemChosen)
def _item_chosen(state: SessionState, event: ItemChosen) -> SessionState:
    done = state.done_items
    if state.current_item is not None and state.phase is not Phase.PREPARED:
        done |= {state.current_item}
    state = _item_clock_stands(state, event.at_ms)
    chosen = replace(
        state,
        current_item=event.item,
        done_items=done - {event.item},
    )
    return _item_clock_runs(chosen, event.at_ms)


@on(ClockSet)
def _clock_set(state: SessionState, event: ClockSet) -> SessionState:
    step = ClockStep(event.at_ms, event.by_ms)
    return replace(moved(state, event.by_ms), clock_sets=(*state.clock_sets, step))


def _item_clock_runs(state: SessionState, at_ms: int) -> SessionState:
    """While the session is live, the time is the current item's."""
    if state.current_item is None or state.phase is not Phase.LIVE:
        return state
    clock = state.item_clocks.get(state.current_item, ItemClock())
    return _with_item_clock(state, replace(clock, since_ms=at_ms))


def _item_clock_stands(state: SessionState, at_ms: int) -> SessionState:
    clock = state.item_clocks.get(state.current_item) if state.current_item is not None else None
    if clock is None or clock.since_ms is None:
        return state
    return _with_item_clock(state, ItemClock(clock.used_ms(at_ms)))


def _with_item_clock(state: SessionState, clock: ItemClock) -> SessionState:
    if state.current_item is None:
        return state
    return replace(state, item_clocks={**state.item_clocks, state.current_item: clock})


@on(ItemSecrecySet)
def _item_secrecy_set(state: SessionState, event: ItemSecrecySet) -> SessionState:
    agenda = tuple(
        replace(item, closed=event.closed) if item.id == event.item else item
        for item in state.agenda
    )
    return replace(state, agenda=agenda)
