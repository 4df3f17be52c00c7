"""The clerk's work: notes and decisions, captions, corrections. Also after the session has ended,
because minutes are finished afterwards; a caption is typed while it is heard.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictInt

from broadcast.session.content_events import DelegateChanged
from broadcast.session.events import Events
from broadcast.session.model import ItemId, Phase, Role, SessionState, Turn, TurnId
from broadcast.session.rules.command import Command, PaperCommand
from broadcast.session.rules.lookup import caption_of, delegate_of, note_of
from broadcast.session.rules.registry import ON, OPERATING, Act, Refusal, rule
from broadcast.session.text import Id, Name, Text, clean
from broadcast.session.written import CaptionId, NoteId, NoteKind
from broadcast.session.written_events import (
    CaptionCorrected,
    CaptionTyped,
    NoteStruck,
    NoteWritten,
    TurnCorrected,
)

CLERKING = OPERATING | {Role.CLERK}
"""Who writes the session down; the operator where there is no clerk."""
ALWAYS = frozenset(Phase)
MAX_NOTE_CHARS = 4000
MAX_NOTES = 2000
MAX_TYPING_MS = 30_000
"""Whoever took longer than this over a line did something else in between."""
MAX_CORRECTION_MS = 4 * 3600 * 1000

Moment = Annotated[StrictInt, Field(ge=0, le=4_102_444_800_000)]


def _paragraphs(text: str) -> str:
    """Each line clean, empty ones only in between. Raises ValueError."""
    if len(text) > MAX_NOTE_CHARS:
        raise ValueError(f"has {len(text)} characters; at most {MAX_NOTE_CHARS} are allowed")
    lines = text.replace("\r\n", "\n").split("\n")
    tidy = "\n".join(clean(line, MAX_NOTE_CHARS) for line in lines).strip("\n")
    if not tidy:
        raise ValueError("is empty; words are needed")
    return tidy


Paragraphs = Annotated[str, AfterValidator(_paragraphs)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteNote(PaperCommand):
    """Writes a note or a decision, of the current item; or puts `note` in other words."""

    type: Literal["write_note"] = "write_note"
    note: Id | None = None
    kind: NoteKind = NoteKind.NOTE
    text: Paragraphs


@rule(WriteNote, CLERKING, ALWAYS)
def write_note(state: SessionState, command: WriteNote, act: Act) -> Events:
    known = note_of(state, command.note) if command.note is not None else None
    if known is not None and (known.kind, known.text) == (command.kind, command.text):
        return ()
    if known is None and len(state.written.notes) >= MAX_NOTES:
        raise Refusal("too_many_notes", most=MAX_NOTES)
    item = state.current_item if known is None else known.item
    return (
        NoteWritten(
            at_ms=act.at_ms,
            note=known.id if known is not None else NoteId(act.fresh_id),
            kind=command.kind,
            text=command.text,
            item=ItemId(item) if item is not None else None,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeNote(PaperCommand):
    """Takes a note out of the minutes; the log keeps it."""

    type: Literal["strike_note"] = "strike_note"
    note: Id


@rule(StrikeNote, CLERKING, ALWAYS)
def strike_note(state: SessionState, command: StrikeNote, act: Act) -> Events:
    return (NoteStruck(at_ms=act.at_ms, note=note_of(state, command.note).id),)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCaption(Command):
    """Puts a line of what is being said under the live picture and into the recording."""

    type: Literal["type_caption"] = "type_caption"
    text: Name
    typing_ms: Annotated[StrictInt, Field(ge=0)] = 0


@rule(TypeCaption, CLERKING, ON)
def type_caption(command: TypeCaption, act: Act) -> Events:
    typing_ms = min(command.typing_ms, MAX_TYPING_MS)
    caption = CaptionId(act.fresh_id)
    return (CaptionTyped(at_ms=act.at_ms, caption=caption, text=command.text, typing_ms=typing_ms),)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectCaption(PaperCommand):
    """Other words for a caption; none take it back."""

    type: Literal["correct_caption"] = "correct_caption"
    caption: Id
    text: Text


@rule(CorrectCaption, CLERKING, ALWAYS)
def correct_caption(state: SessionState, command: CorrectCaption, act: Act) -> Events:
    known = caption_of(state, command.caption)
    if known.text == command.text:
        return ()
    return (CaptionCorrected(at_ms=act.at_ms, caption=known.id, text=command.text),)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectTurn(PaperCommand):
    """Says who really spoke, and from when to when, for minutes and chapters.

    What is left out is as it was called. The order and limits of the procedure stay as they were.
    """

    type: Literal["correct_turn"] = "correct_turn"
    turn: Id
    delegate: Id | None = None
    started_at_ms: Moment | None = None
    ended_at_ms: Moment | None = None
    reason: Text = ""


@rule(CorrectTurn, CLERKING, ALWAYS)
def correct_turn(state: SessionState, command: CorrectTurn, act: Act) -> Events:
    turn = _ended_turn(state, command.turn)
    delegate = delegate_of(state, command.delegate).id if command.delegate is not None else None
    _require_order(turn, command, act)
    return (
        TurnCorrected(
            at_ms=act.at_ms,
            turn=turn.id,
            delegate=delegate if delegate != turn.delegate else None,
            started_at_ms=command.started_at_ms,
            ended_at_ms=command.ended_at_ms,
            reason=command.reason,
        ),
    )


def _ended_turn(state: SessionState, turn: str) -> Turn:
    found = next((one for one in state.turns if one.id == TurnId(turn)), None)
    if found is None:
        raise Refusal("unknown_turn")
    if found.ended_at_ms is None:
        raise Refusal("turn_runs", name=state.delegates[found.delegate].name)
    return found


def _require_order(turn: Turn, command: CorrectTurn, act: Act) -> None:
    """Refused: an end before the start, a time to come, one that is hours away from the turn."""
    start = command.started_at_ms if command.started_at_ms is not None else turn.started_at_ms
    end = command.ended_at_ms if command.ended_at_ms is not None else turn.ended_at_ms
    ended_at_ms = turn.ended_at_ms if turn.ended_at_ms is not None else act.at_ms
    far = turn.started_at_ms - start > MAX_CORRECTION_MS or (
        end is not None and end - ended_at_ms > MAX_CORRECTION_MS
    )
    if end is None or end <= start or end > act.at_ms or far:
        raise Refusal("times_impossible")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectName(PaperCommand):
    """Spells a delegate's name and title right, everywhere."""

    type: Literal["correct_name"] = "correct_name"
    delegate: Id
    name: Name
    title: Text = ""


@rule(CorrectName, CLERKING, ALWAYS)
def correct_name(state: SessionState, command: CorrectName, act: Act) -> Events:
    known = delegate_of(state, command.delegate)
    corrected = replace(known, name=command.name, title=command.title)
    if corrected == known:
        return ()
    return (DelegateChanged(at_ms=act.at_ms, delegate=corrected),)
