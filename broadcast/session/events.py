"""What happened. The list of these is the session; everything else is derived.

The JSON is kept for decades: a field may be added with a default, none may change its meaning.
Every event says when (`at_ms`, epoch milliseconds); who is in the store's record beside it.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from broadcast.interpreters import Signer
from broadcast.program import CUT, Clip, Scene, Transition
from broadcast.session.chair_events import ChairEvent
from broadcast.session.closing_events import ClosingEvent
from broadcast.session.content_events import ContentEvent
from broadcast.session.happened import Happened
from broadcast.session.model import (
    AgendaItem,
    Delegate,
    DelegateId,
    ItemId,
    OverlayName,
    RequestId,
    RequestKind,
    Site,
    TurnId,
)
from broadcast.session.screen_events import ScreenEvent
from broadcast.session.written_events import WrittenEvent
from streams.frames import SiteId


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPrepared(Happened):
    """First in every log: who takes part, and the agenda."""

    type: Literal["session_prepared"] = "session_prepared"
    id: str
    title: str
    subtitle: str = ""
    sites: tuple[Site, ...]
    delegates: tuple[Delegate, ...] = ()
    agenda: tuple[AgendaItem, ...] = ()
    hidden_overlays: frozenset[OverlayName] = frozenset()
    signer: Signer | None = None
    planned_start_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionWentLive(Happened):
    type: Literal["session_went_live"] = "session_went_live"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPaused(Happened):
    type: Literal["session_paused"] = "session_paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResumed(Happened):
    type: Literal["session_resumed"] = "session_resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Happened):
    type: Literal["session_ended"] = "session_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChosen(Happened):
    type: Literal["item_chosen"] = "item_chosen"
    item: ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSecrecySet(Happened):
    """An item was closed (kín) to the public, or opened."""

    type: Literal["item_secrecy_set"] = "item_secrecy_set"
    item: ItemId
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRegistered(Happened):
    type: Literal["request_registered"] = "request_registered"
    request: RequestId
    delegate: DelegateId
    kind: RequestKind
    item: ItemId
    answers_to: RequestId | None = None
    invited: bool = False
    """The chair gave the floor unasked: `TurnStarted` follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWithdrawn(Happened):
    type: Literal["request_withdrawn"] = "request_withdrawn"
    request: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMarkedAbsent(Happened):
    type: Literal["request_marked_absent"] = "request_marked_absent"
    request: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueReordered(Happened):
    """The chair moved a waiting request."""

    type: Literal["queue_reordered"] = "queue_reordered"
    request: RequestId
    before: RequestId | None
    """None: to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundCalled(Happened):
    """These questioners are asked to get ready. The same number again: others joined it."""

    type: Literal["round_called"] = "round_called"
    number: int
    item: ItemId
    questions: tuple[RequestId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted(Happened):
    type: Literal["turn_started"] = "turn_started"
    turn: TurnId
    request: RequestId
    delegate: DelegateId
    kind: RequestKind
    item: ItemId
    site: SiteId
    limit_ms: int
    warn_ms: int
    answers: tuple[RequestId, ...] = ()
    in_order: bool = True
    """False: the chair called past others who were to come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded(Happened):
    type: Literal["turn_ended"] = "turn_ended"
    turn: TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnExtended(Happened):
    """The chair gave more time, or less."""

    type: Literal["turn_extended"] = "turn_extended"
    turn: TurnId
    limit_ms: int
    """The new limit, from the start of the turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPaused(Happened):
    type: Literal["clock_paused"] = "clock_paused"
    turn: TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockResumed(Happened):
    type: Literal["clock_resumed"] = "clock_resumed"
    turn: TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureCut(Happened):
    type: Literal["picture_cut"] = "picture_cut"
    scene: Scene
    turn: TurnId | None = None
    """Cut by the start of this turn, whose end cuts back; None: by the operator, who has the
    last word, or by the end of a turn."""
    transition: Transition = CUT


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSet(Happened):
    type: Literal["preview_set"] = "preview_set"
    scene: Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class MicrophoneOpened(Happened):
    type: Literal["microphone_opened"] = "microphone_opened"
    site: SiteId
    turn: TurnId | None = None
    """Opened by the start of this turn, whose end closes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MicrophoneClosed(Happened):
    type: Literal["microphone_closed"] = "microphone_closed"
    site: SiteId


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlaySwitched(Happened):
    type: Literal["overlay_switched"] = "overlay_switched"
    name: OverlayName
    visible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerSet(Happened):
    """The sign-language interpreter's box is this from now on; None: there is none."""

    type: Literal["signer_set"] = "signer_set"
    signer: Signer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseSuppressionSet(Happened):
    """The noise of a site's room is taken out of its sound from now on, or not."""

    type: Literal["noise_suppression_set"] = "noise_suppression_set"
    site: SiteId
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundShifted(Happened):
    """A site's sound comes so much later beside its picture from now on, or sooner."""

    type: Literal["sound_shifted"] = "sound_shifted"
    site: SiteId
    later_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerSet(Happened):
    """The media player plays this from now on, or this way."""

    type: Literal["player_set"] = "player_set"
    clip: Clip | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSet(Happened):
    """The machine's clock was set: `at_ms` and all later times are by the new one, those before by
    the old. Whatever ran runs on."""

    type: Literal["clock_set"] = "clock_set"
    by_ms: int
    """The new clock minus the old one."""


Event = (
    SessionPrepared
    | SessionWentLive
    | SessionPaused
    | SessionResumed
    | SessionEnded
    | ItemChosen
    | ItemSecrecySet
    | RequestRegistered
    | RequestWithdrawn
    | RequestMarkedAbsent
    | QueueReordered
    | RoundCalled
    | TurnStarted
    | TurnEnded
    | TurnExtended
    | ClockPaused
    | ClockResumed
    | PictureCut
    | PreviewSet
    | MicrophoneOpened
    | MicrophoneClosed
    | OverlaySwitched
    | ContentEvent
    | WrittenEvent
    | PlayerSet
    | NoiseSuppressionSet
    | SoundShifted
    | SignerSet
    | ClockSet
    | ClosingEvent
    | ChairEvent
    | ScreenEvent
)
Events = tuple[Event, ...]

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


class EventError(Exception):
    """A stored event cannot be read: the log is of another version, or damaged."""


def dump_event(event: Event) -> dict[str, Any]:
    """As it goes into the log: plain JSON values, with `type`."""
    dumped: dict[str, Any] = _ADAPTER.dump_python(event, mode="json")
    return dumped


def load_event(dumped: dict[str, Any]) -> Event:
    """The reverse of `dump_event`. Raises `EventError`."""
    try:
        return _ADAPTER.validate_python(dumped)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        named = f"event {dumped.get('type')!r} cannot be read"
        if first["type"] == "union_tag_invalid":  # its words list every kind that there is
            raise EventError(f"{named}: there is no such event") from None
        raise EventError(f"{named}: {where}: {first['msg']}") from None
