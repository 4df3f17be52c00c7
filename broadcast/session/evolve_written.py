"""State after something was written down."""

from dataclasses import replace

from broadcast.session.applying import on
from broadcast.session.model import Phase, SessionState
from broadcast.session.written import (
    MAX_MESSAGES,
    Attendance,
    Caption,
    Message,
    Note,
    TurnCorrection,
    Written,
)
from broadcast.session.written_events import (
    CaptionCorrected,
    CaptionTyped,
    MessageSent,
    NoteStruck,
    NoteWritten,
    RollMarked,
    TurnCorrected,
)


def _with(state: SessionState, written: Written) -> SessionState:
    return replace(state, written=written)


@on(NoteWritten)
def _note_written(state: SessionState, event: NoteWritten) -> SessionState:
    known = state.written.notes.get(event.note)
    at_ms = known.written_at_ms if known is not None else event.at_ms
    note = Note(event.note, event.kind, event.text, event.item, at_ms)
    return _with(state, replace(state.written, notes={**state.written.notes, note.id: note}))


@on(NoteStruck)
def _note_struck(state: SessionState, event: NoteStruck) -> SessionState:
    left = {key: note for key, note in state.written.notes.items() if key != event.note}
    return _with(state, replace(state.written, notes=left))


@on(CaptionTyped)
def _caption_typed(state: SessionState, event: CaptionTyped) -> SessionState:
    """Words whose typing began behind closed doors were said there."""
    said_at_ms = event.at_ms - event.typing_ms
    in_secret = state.closed or (state.opened_at_ms is not None and said_at_ms < state.opened_at_ms)
    public = state.phase is Phase.LIVE and not in_secret
    caption = Caption(event.caption, event.text, event.at_ms, event.typing_ms, public, in_secret)
    return _with_caption(state, caption)


@on(CaptionCorrected)
def _caption_corrected(state: SessionState, event: CaptionCorrected) -> SessionState:
    known = state.written.captions.get(event.caption)
    return _with_caption(state, replace(known, text=event.text)) if known is not None else state


def _with_caption(state: SessionState, caption: Caption) -> SessionState:
    captions = {**state.written.captions, caption.id: caption}
    return _with(state, replace(state.written, captions=captions))


@on(TurnCorrected)
def _turn_corrected(state: SessionState, event: TurnCorrected) -> SessionState:
    told = TurnCorrection(event.delegate, event.started_at_ms, event.ended_at_ms, event.reason)
    corrections = {**state.written.corrections, event.turn: told}
    return _with(state, replace(state.written, corrections=corrections))


@on(RollMarked)
def _roll_marked(state: SessionState, event: RollMarked) -> SessionState:
    roll = {key: one for key, one in state.written.roll.items() if key not in event.delegates}
    if event.present is not None:
        roll |= dict.fromkeys(event.delegates, Attendance(event.present, event.reason))
    return _with(state, replace(state.written, roll=roll))


@on(MessageSent)
def _message_sent(state: SessionState, event: MessageSent) -> SessionState:
    sent = Message(
        event.message,
        event.site,
        event.from_site,
        event.author,
        event.text,
        event.at_ms,
        kept_from=state.put_out,
    )
    kept = (*state.written.messages, sent)[-MAX_MESSAGES:]
    return _with(state, replace(state.written, messages=kept))
