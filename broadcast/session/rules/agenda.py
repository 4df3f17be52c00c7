"""Which item is current, and which the public may see."""

from dataclasses import dataclass, replace
from typing import Literal

from pydantic import StrictBool

from broadcast.session.events import Event, Events, ItemChosen, ItemSecrecySet
from broadcast.session.evolve import fold
from broadcast.session.model import AgendaItem, Phase, SessionState
from broadcast.session.rules.command import Command
from broadcast.session.rules.lookup import item_of
from broadcast.session.rules.registry import DIRECTING, OPEN, Act, Refusal, rule
from broadcast.session.rules.secrecy import (
    SiteNames,
    closing,
    putting_out,
    staying_closed,
)
from broadcast.session.text import Id


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseItem(Command):
    """Turns to an agenda item. Its own queue comes back as it was left, and the old one's waits.

    A closed item closes the room, for all sites but the hall and `staying`; leaving it does not
    open the room.
    """

    type: Literal["choose_item"] = "choose_item"
    item: Id
    staying: SiteNames = ()


@rule(ChooseItem, DIRECTING, OPEN, undo=True)
def choose_item(state: SessionState, command: ChooseItem, act: Act) -> Events:
    item = item_of(state, command.item)
    if item.id == state.current_item:
        return ()
    if state.floor is not None:
        raise Refusal("floor_taken", name=state.delegates[state.floor.delegate].name)
    events: list[Event] = [*staying_closed(state, act)]
    if _closes(state, item):
        events += closing(state, command.staying, act)
    events.append(ItemChosen(at_ms=act.at_ms, item=item.id))
    return (*events, *putting_out(fold(events, state), act))


def _closes(state: SessionState, item: AgendaItem) -> bool:
    """Whoever leafs through the agenda before the start puts nobody out."""
    return item.closed and state.closed_part is None and state.phase is not Phase.PREPARED


@dataclass(frozen=True, slots=True, kw_only=True)
class SetItemClosed(Command):
    """Closes an item to the public (họp kín), or opens it.

    The current one closes the room with it, for all sites but the hall; but opening it leaves the
    room closed, for that has two steps of its own.
    """

    type: Literal["set_item_closed"] = "set_item_closed"
    item: Id
    closed: StrictBool


@rule(SetItemClosed, DIRECTING, OPEN)
def set_item_closed(state: SessionState, command: SetItemClosed, act: Act) -> Events:
    item = item_of(state, command.item)
    if item.closed == command.closed:
        return ()
    events: list[Event] = [*staying_closed(state, act)]
    set_so = ItemSecrecySet(at_ms=act.at_ms, item=item.id, closed=command.closed)
    if item.id == state.current_item and _closes(state, replace(item, closed=command.closed)):
        events += closing(state, (), act)
    events.append(set_so)
    return (*events, *putting_out(fold(events, state), act))
