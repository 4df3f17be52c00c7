"""The closed part (họp kín): closed in one act, opened again in two.

Closing puts the slate before the public, puts out the sites that are not on the list, and leaves
nothing of theirs on air or open: all in one transaction. Nothing but `confirm_opening` opens the
room again; leaving a closed item does not.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from broadcast.session.closing_events import (
    OpeningDropped,
    OpeningRequested,
    RoomClosed,
    RoomOpened,
)
from broadcast.session.events import (
    Event,
    Events,
    ItemChosen,
    ItemSecrecySet,
    MicrophoneClosed,
    PictureCut,
    PreviewSet,
)
from broadcast.session.evolve import fold
from broadcast.session.model import AgendaItem, ClosedPart, Phase, SessionState, SiteKind
from broadcast.session.rules.command import Command
from broadcast.session.rules.floor import free_floor, shown_inside
from broadcast.session.rules.lookup import item_of, site_of
from broadcast.session.rules.registry import DIRECTING, OPEN, Act, Refusal, rule
from broadcast.session.text import Id, SiteName

CONFIRM_MS = 60_000
"""How long a request to open the room waits for its confirmation."""

SiteNames = Annotated[tuple[SiteName, ...], Field(max_length=500)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePart(Command):
    """Closes the room, at once or with an item; the public and all sites but `staying` are put out.

    The hall stays in any case. On a room that is closed already it changes who is in it. With
    `item`, the session turns to that item, and it is a closed one; a turn that runs is ended then,
    and also if its speaker is put out.
    """

    type: Literal["close_part"] = "close_part"
    staying: SiteNames
    item: Id | None = None


@rule(ClosePart, DIRECTING, OPEN)
def close_part(state: SessionState, command: ClosePart, act: Act) -> Events:
    events = [*closing(state, command.staying, act)]
    if command.item is not None:
        events += _turning(fold(events, state), item_of(state, command.item), act)
    return (*events, *putting_out(fold(events, state), act))


def closing(state: SessionState, staying: tuple[str, ...], act: Act) -> Events:
    """The room is closed, for all but these and the hall; none if it is so already."""
    halls = {site.id for site in state.sites.values() if site.kind is SiteKind.HALL}
    inside = halls | {site_of(state, site).id for site in staying}
    if state.closed_part is not None and state.closed_part.staying == inside:
        return ()
    return (RoomClosed(at_ms=act.at_ms, staying=tuple(sorted(inside)), by=act.actor),)


def _turning(state: SessionState, item: AgendaItem, act: Act) -> list[Event]:
    events: list[Event] = []
    if not item.closed:
        events.append(ItemSecrecySet(at_ms=act.at_ms, item=item.id, closed=True))
    if item.id != state.current_item:
        events += free_floor(state, act)[0]
        events.append(ItemChosen(at_ms=act.at_ms, item=item.id))
    return events


def putting_out(state: SessionState, act: Act) -> Events:
    """Nobody outside the door has the floor, an open microphone, or a seat on air or in the
    preview."""
    floor = state.floor
    ended, state = (
        free_floor(state, act) if floor is not None and floor.site in state.put_out else ((), state)
    )
    events: list[Event] = [
        MicrophoneClosed(at_ms=act.at_ms, site=site)
        for site in sorted(state.open_microphones & state.put_out)
    ]
    program, preview = shown_inside(state, state.program), shown_inside(state, state.preview)
    if program != state.program:
        events.append(PictureCut(at_ms=act.at_ms, scene=program))
    if preview != state.preview:
        events.append(PreviewSet(at_ms=act.at_ms, scene=preview))
    return (*ended, *events)


def staying_closed(state: SessionState, act: Act) -> Events:
    """A room that its item alone had closed stays so (in logs of before `close_part`)."""
    if not state.closed or state.closed_part is not None or state.phase is Phase.PREPARED:
        return ()
    return closing(state, tuple(state.sites), act)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOpening(Command):
    """The first of the two steps that make a closed room public again; it opens nothing yet."""

    type: Literal["request_opening"] = "request_opening"


@rule(RequestOpening, DIRECTING, OPEN)
def request_opening(state: SessionState, act: Act) -> Events:
    part = _part(state)
    if state.item is not None and state.item.closed:
        raise Refusal("item_still_closed", item=state.item.title)
    if part.asked_at_ms is not None and act.at_ms - part.asked_at_ms <= CONFIRM_MS:
        return ()
    return (OpeningRequested(at_ms=act.at_ms, by=act.actor),)


def _part(state: SessionState) -> ClosedPart:
    if state.closed_part is None:
        raise Refusal("not_closed")
    return state.closed_part


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmOpening(Command):
    """The second step, within a minute of the first: picture and sound are public again."""

    type: Literal["confirm_opening"] = "confirm_opening"


@rule(ConfirmOpening, DIRECTING, OPEN)
def confirm_opening(state: SessionState, act: Act) -> Events:
    part = _part(state)
    if part.asked_at_ms is None:
        raise Refusal("opening_not_requested")
    if act.at_ms - part.asked_at_ms > CONFIRM_MS:
        raise Refusal("opening_expired", seconds=CONFIRM_MS // 1000)
    if state.item is not None and state.item.closed:
        raise Refusal("item_still_closed", item=state.item.title)
    return (RoomOpened(at_ms=act.at_ms, by=act.actor),)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepClosed(Command):
    """Takes back the request to open the room."""

    type: Literal["keep_closed"] = "keep_closed"


@rule(KeepClosed, DIRECTING, OPEN)
def keep_closed(state: SessionState, act: Act) -> Events:
    if _part(state).asked_at_ms is None:
        return ()
    return (OpeningDropped(at_ms=act.at_ms, by=act.actor),)
