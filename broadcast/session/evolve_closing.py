"""State after an event of `closing_events`. Total, as `evolve` is."""

from dataclasses import replace

from broadcast.session.applying import on
from broadcast.session.closing_events import (
    OpeningDropped,
    OpeningRequested,
    RoomClosed,
    RoomOpened,
)
from broadcast.session.model import ClosedPart, SessionState


@on(RoomClosed)
def _room_closed(state: SessionState, event: RoomClosed) -> SessionState:
    """Another list for a room that is closed already does not begin another part; but whoever
    asked to open it is to ask again."""
    staying = frozenset(event.staying)
    part = state.closed_part
    if part is None:
        part = ClosedPart(event.at_ms, event.by, staying)
    part = replace(part, staying=staying, asked_at_ms=None, asked_by="")
    return replace(state, closed_part=part)


@on(OpeningRequested)
def _opening_requested(state: SessionState, event: OpeningRequested) -> SessionState:
    return _asked(state, event.at_ms, event.by)


@on(OpeningDropped)
def _opening_dropped(state: SessionState, _: OpeningDropped) -> SessionState:
    return _asked(state, None, "")


def _asked(state: SessionState, at_ms: int | None, by: str) -> SessionState:
    if state.closed_part is None:
        return state
    return replace(state, closed_part=replace(state.closed_part, asked_at_ms=at_ms, asked_by=by))


@on(RoomOpened)
def _room_opened(state: SessionState, event: RoomOpened) -> SessionState:
    return replace(state, closed_part=None, opened_at_ms=event.at_ms)
