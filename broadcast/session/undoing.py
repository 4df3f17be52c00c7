"""Taking back the last act (hoàn tác). Pure.

An act that may be undone begins with `ActBegan`. The state remembers itself as it was before that,
and what others did since: a district that registered, the operator's cut. `ActUndone` then is:
the state before, and those others again. So after it all is as if the act had not been, by
definition, whatever the act did to queue, floor, clock, picture and microphones.

Any other act makes it history; so do more than `MAX_SINCE` events of others (the memory is
bounded), and for the command `UNDO_MS`. What opens or closes the room is never undone: it has two
steps of its own.
"""

from collections.abc import Iterable
from dataclasses import replace

from broadcast.session.chair_events import (
    ActBegan,
    ActUndone,
    PromiseDropped,
    PromiseNoted,
    PromiseSettled,
)
from broadcast.session.content_events import DelegateChanged, SelfTestAsked
from broadcast.session.events import (
    ClockSet,
    Event,
    Events,
    ItemChosen,
    MicrophoneClosed,
    MicrophoneOpened,
    NoiseSuppressionSet,
    OverlaySwitched,
    PictureCut,
    PlayerSet,
    PreviewSet,
    QueueReordered,
    RequestMarkedAbsent,
    RequestRegistered,
    RequestWithdrawn,
    SignerSet,
    TurnEnded,
    TurnExtended,
    TurnStarted,
)
from broadcast.session.model import DelegateId, ItemId, SessionState, Undo
from broadcast.session.screen_events import ScreenAllowed, ScreenShared
from broadcast.session.written_events import (
    CaptionCorrected,
    CaptionTyped,
    MessageSent,
    NoteStruck,
    NoteWritten,
    RollMarked,
)

UNDO_MS = 60_000
"""Later, a turn that was really held would vanish from the record."""
MAX_SINCE = 64

_OF_OTHERS = (
    RequestRegistered,
    RequestWithdrawn,
    PictureCut,
    PreviewSet,
    MicrophoneOpened,
    MicrophoneClosed,
    NoiseSuppressionSet,
    OverlaySwitched,
    SignerSet,
    PlayerSet,
    ScreenAllowed,
    ScreenShared,
    SelfTestAsked,
    DelegateChanged,
    PromiseNoted,
    PromiseSettled,
    PromiseDropped,
    NoteWritten,
    NoteStruck,
    CaptionTyped,
    CaptionCorrected,
    RollMarked,
    MessageSent,
    ClockSet,
)
"""They hold whether the act was or not."""


def remembered(state: SessionState, event: Event) -> Undo | None:
    """What can be undone after this event; `state` is the one before it."""
    if isinstance(event, ActBegan):
        before = replace(state, undo=None)
        version, left = state.version + 1, event.events
        return Undo(version, event.what, event.at_ms, before, event.delegate, event.item, left)
    undo = state.undo
    if undo is None:
        return None
    if undo.left:
        return replace(undo, left=undo.left - 1)
    if isinstance(event, _OF_OTHERS) and len(undo.since) < MAX_SINCE:
        set_ms = event.by_ms if isinstance(event, ClockSet) else 0
        return replace(undo, at_ms=undo.at_ms + set_ms, since=(*undo.since, event))
    return None


def marked(state: SessionState, what: str, events: Events, at_ms: int) -> Events:
    """The same events, as an act that may be undone."""
    delegate, item = _about(state, events)
    began = ActBegan(at_ms=at_ms, what=what, events=len(events), delegate=delegate, item=item)
    return (began, *events)


def _about(state: SessionState, events: Events) -> tuple[DelegateId | None, ItemId | None]:
    """Whom or which item an act is about: of a call, the one called."""
    for event in events:
        match event:
            case TurnStarted():
                return event.delegate, None
            case ItemChosen():
                return None, event.item
    for event in events:
        match event:
            case RequestMarkedAbsent() | RequestWithdrawn() | QueueReordered():
                return state.requests[event.request].delegate, None
            case TurnEnded() | TurnExtended():
                return state.turns[-1].delegate, None
    return None, None


def without_undone(events: Iterable[Event]) -> list[Event]:
    """The log without the acts that were undone, and without their undoing."""
    kept: list[Event] = []
    began = 0
    for event in events:
        if isinstance(event, ActUndone):
            act = kept[began] if began < len(kept) else None
            if isinstance(act, ActBegan):
                del kept[began : began + 1 + act.events]
            began = len(kept)
            continue
        if isinstance(event, ActBegan):
            began = len(kept)
        kept.append(event)
    return kept
