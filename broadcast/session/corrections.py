"""Turns as the clerk corrected them. The procedure goes on with the turns as they were called."""

from dataclasses import replace

from broadcast.session.model import DelegateId, SessionState, Turn


def corrected(state: SessionState, turn: Turn) -> Turn:
    """With the speaker and the times that the clerk gave it; what he left alone stays."""
    told = state.written.corrections.get(turn.id)
    if told is None:
        return turn
    start, end = told.started_at_ms, told.ended_at_ms
    return replace(
        turn,
        delegate=DelegateId(told.delegate) if told.delegate is not None else turn.delegate,
        started_at_ms=start if start is not None else turn.started_at_ms,
        ended_at_ms=end if end is not None else turn.ended_at_ms,
    )
