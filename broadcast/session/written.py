"""What people write while the session runs: notes, decisions, captions, corrections, who is there,
messages.

Nothing here moves the procedure: whoever was called was called, and what the clerk knows better
stands beside it. All times are epoch milliseconds or durations.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from streams.frames import SiteId

NoteId = NewType("NoteId", str)
CaptionId = NewType("CaptionId", str)
MessageId = NewType("MessageId", str)

MAX_MESSAGES = 300
"""The newest are kept at hand; the log has all."""


class NoteKind(StrEnum):
    NOTE = "note"
    DECISION = "decision"
    """What was decided, with its vote: it stands by itself in the minutes."""


@dataclass(frozen=True, slots=True)
class Note:
    id: NoteId
    kind: NoteKind
    text: str
    item: str | None
    """The agenda item it belongs to; None: the session as a whole."""
    written_at_ms: int
    """What it is about happened then; rewriting it does not move it."""


@dataclass(frozen=True, slots=True)
class Caption:
    """A line that the clerk typed of what was being said."""

    id: CaptionId
    text: str
    """Empty: it was taken back."""
    typed_at_ms: int
    typing_ms: int
    """How long the typing took: the words were said that much earlier."""
    public: bool
    """It was said while the public could hear."""
    secret: bool = False
    """It was said behind closed doors: for who was there, while they are closed."""


@dataclass(frozen=True, slots=True)
class TurnCorrection:
    """What the clerk knows better about a turn; None: as it was called."""

    delegate: str | None
    started_at_ms: int | None
    ended_at_ms: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Attendance:
    """What the roll call found of a delegate."""

    present: bool
    reason: str = ""
    """Why not."""


@dataclass(frozen=True, slots=True)
class Message:
    """A line of chat between the control room and a site."""

    id: MessageId
    site: SiteId | None
    """None: to all sites."""
    from_site: bool
    author: str
    text: str
    sent_at_ms: int
    kept_from: frozenset[SiteId] = frozenset()
    """Sites that were put out of the closed room when it was sent to all."""


@dataclass(frozen=True, slots=True)
class Written:
    """All of it, in the order it was written."""

    notes: dict[NoteId, Note] = field(default_factory=dict)
    captions: dict[CaptionId, Caption] = field(default_factory=dict)
    corrections: dict[str, TurnCorrection] = field(default_factory=dict)
    """By turn."""
    roll: dict[str, Attendance] = field(default_factory=dict)
    """By delegate; who is not in it was not called up yet."""
    messages: tuple[Message, ...] = ()
