"""Which item is current, and which the public may see."""

from dataclasses import dataclass
from typing import Literal

from pydantic import StrictBool

from broadcast.session.events import Events, ItemChosen, ItemSecrecySet
from broadcast.session.model import AgendaItem, ItemId, SessionState
from broadcast.session.rules.command import Command
from broadcast.session.rules.registry import DIRECTING, OPEN, Act, Refusal, rule
from broadcast.session.text import Id


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseItem(Command):
    """Turns to an agenda item. Its own queue comes back as it was left."""

    type: Literal["choose_item"] = "choose_item"
    item: Id


@rule(ChooseItem, DIRECTING, OPEN)
def choose_item(state: SessionState, command: ChooseItem, act: Act) -> Events:
    item = _item(state, command.item)
    if item.id == state.current_item:
        return ()
    if state.floor is not None:
        raise Refusal("floor_taken", name=state.delegates[state.floor.delegate].name)
    return (ItemChosen(at_ms=act.at_ms, item=item.id),)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetItemClosed(Command):
    """Closes an item to the public (họp kín), or opens it."""

    type: Literal["set_item_closed"] = "set_item_closed"
    item: Id
    closed: StrictBool


@rule(SetItemClosed, DIRECTING, OPEN)
def set_item_closed(state: SessionState, command: SetItemClosed, act: Act) -> Events:
    item = _item(state, command.item)
    if item.closed == command.closed:
        return ()
    return (ItemSecrecySet(at_ms=act.at_ms, item=item.id, closed=command.closed),)


def _item(state: SessionState, item: str) -> AgendaItem:
    for one in state.agenda:
        if one.id == ItemId(item):
            return one
    raise Refusal("unknown_item")
