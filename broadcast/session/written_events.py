"""What was written down: notes, captions, corrections, the roll, messages. The log keeps each
version."""

from dataclasses import dataclass
from typing import Literal

from broadcast.session.happened import Happened
from broadcast.session.model import DelegateId, ItemId, TurnId
from broadcast.session.written import CaptionId, MessageId, NoteId, NoteKind
from streams.frames import SiteId


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWritten(Happened):
    """The same id again: it was put in better words."""

    type: Literal["note_written"] = "note_written"
    note: NoteId
    kind: NoteKind
    text: str
    item: ItemId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteStruck(Happened):
    type: Literal["note_struck"] = "note_struck"
    note: NoteId


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionTyped(Happened):
    type: Literal["caption_typed"] = "caption_typed"
    caption: CaptionId
    text: str
    typing_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionCorrected(Happened):
    """Other words for it; none: it was taken back."""

    type: Literal["caption_corrected"] = "caption_corrected"
    caption: CaptionId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCorrected(Happened):
    """For minutes and chapters; what is None is as it was called. The last one counts."""

    type: Literal["turn_corrected"] = "turn_corrected"
    turn: TurnId
    delegate: DelegateId | None = None
    started_at_ms: int | None = None
    ended_at_ms: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollMarked(Happened):
    """At the roll call; `present` is None where what was noted was taken back."""

    type: Literal["roll_marked"] = "roll_marked"
    delegates: tuple[DelegateId, ...]
    present: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent(Happened):
    type: Literal["message_sent"] = "message_sent"
    message: MessageId
    site: SiteId | None
    from_site: bool
    author: str
    text: str


WrittenEvent = (
    NoteWritten
    | NoteStruck
    | CaptionTyped
    | CaptionCorrected
    | TurnCorrected
    | RollMarked
    | MessageSent
)
