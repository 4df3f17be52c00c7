"""When each item, and the session, will be over: agenda and progress. Pure; the time is given."""

from dataclasses import dataclass

from broadcast.session.model import AgendaItem, ItemId, SessionState


@dataclass(frozen=True, slots=True)
class Expected:
    """When an item will be over, and since when it runs."""

    item: ItemId
    starts_at_ms: int
    ends_at_ms: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the session ends if the rest keeps to its plan."""

    ends_at_ms: int
    late_ms: int
    """Against the plan, counted from the true start; negative: early. Breaks count as late."""
    items: tuple[Expected, ...]
    """Of the current item and those to come."""
    unplanned: int
    """Items to come without a plan: nothing is counted for them."""


MINUTE_MS = 60_000


def forecast(state: SessionState, now_ms: int) -> Forecast | None:
    """Agenda and progress, to whole minutes; None when nothing more is planned, or it is over.

    An item that is over its plan ends now, as far as anybody knows. A session that has not begun
    begins as planned.
    """
    rest = [item for item in state.agenda if item.id not in state.done_items]
    if state.ended_at_ms is not None or not any(item.planned_minutes for item in rest):
        return None
    rest.sort(key=lambda item: item.id != state.current_item)
    begins_ms = max(now_ms, state.planned_start_at_ms or 0) if not state.started_at_ms else now_ms
    at_ms = -(-begins_ms // MINUTE_MS) * MINUTE_MS
    expected: list[Expected] = []
    for item in rest:
        used_ms = _used_ms(state, item, now_ms)
        left_ms = max(0, item.planned_minutes * MINUTE_MS - used_ms)
        ends_at_ms = at_ms + -(-left_ms // MINUTE_MS) * MINUTE_MS
        expected.append(Expected(item.id, at_ms, ends_at_ms))
        at_ms = ends_at_ms
    planned_ms = sum(item.planned_minutes for item in state.agenda) * MINUTE_MS
    since_ms = state.started_at_ms
    late_ms = 0 if since_ms is None else (at_ms - since_ms - planned_ms) // MINUTE_MS * MINUTE_MS
    unplanned = sum(not item.planned_minutes for item in rest if item.id != state.current_item)
    return Forecast(at_ms, late_ms, tuple(expected), unplanned)


def _used_ms(state: SessionState, item: AgendaItem, now_ms: int) -> int:
    clock = state.item_clocks.get(item.id)
    return 0 if clock is None else clock.used_ms(now_ms)
