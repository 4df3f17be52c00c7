"""What follows from a command, or why it is refused. Pure: time and ids come in with the `Act`."""

from broadcast.session.closing_events import RoomClosed
from broadcast.session.commands import Command
from broadcast.session.events import Events
from broadcast.session.model import Role, SessionState
from broadcast.session.procedure import Procedure
from broadcast.session.rules.registry import RULES, Act, Refusal
from broadcast.session.undoing import marked

__all__ = ["Act", "Refusal", "decide"]


def decide(state: SessionState, command: Command, act: Act, procedure: Procedure) -> Events:
    """The events to append; none if all is as wished already. Raises `Refusal`.

    `state` is not touched: fold the events to see what becomes of it.
    """
    rule = RULES[type(command)]
    if act.role not in rule.roles:
        raise Refusal("role_may_not", command=command.type)
    if state.phase not in rule.phases:
        raise Refusal(f"phase_{state.phase}", command=command.type)
    events = rule.apply(state, command, act, procedure)
    if not events or not rule.undo or act.role is Role.SITE or _closes(events):
        return events
    return marked(state, command.type, events, act.at_ms)


def _closes(events: Events) -> bool:
    """To undo it would open the room in one step."""
    return any(isinstance(event, RoomClosed) for event in events)
