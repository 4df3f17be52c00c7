"""The roll call (điểm danh): who is there. Taken before the session or in it, put right later."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StrictBool

from broadcast.session.events import Events
from broadcast.session.model import SessionState
from broadcast.session.rules.command import PaperCommand
from broadcast.session.rules.lookup import delegate_of
from broadcast.session.rules.registry import Act, rule
from broadcast.session.rules.writing import ALWAYS, CLERKING
from broadcast.session.text import Id, Text
from broadcast.session.written import Attendance
from broadcast.session.written_events import RollMarked

MAX_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRoll(PaperCommand):
    """Notes who is there, or is not and why; without `present` it takes that back."""

    type: Literal["mark_roll"] = "mark_roll"
    delegates: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_AT_ONCE)]
    present: StrictBool | None = None
    reason: Text = ""


@rule(MarkRoll, CLERKING, ALWAYS)
def mark_roll(state: SessionState, command: MarkRoll, act: Act) -> Events:
    """All of them, or none."""
    reason = command.reason if command.present is False else ""
    wanted = None if command.present is None else Attendance(command.present, reason)
    asked = [delegate_of(state, one).id for one in dict.fromkeys(command.delegates)]
    changed = tuple(one for one in asked if state.written.roll.get(one) != wanted)
    if not changed:
        return ()
    marked = RollMarked(at_ms=act.at_ms, delegates=changed, present=command.present, reason=reason)
    return (marked,)
