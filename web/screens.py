"""What the screens of the chair and of the hall show beyond the queue itself. Pure."""

from collections.abc import Sequence
from typing import Any

from broadcast.session.model import AgendaItem, RequestState, SessionState

UPCOMING = 3
"""How many names can be read from three metres beside the speaker's."""


def absent(state: SessionState) -> list[dict[str, Any]]:
    """Who was called in the current item and was not there, and has not asked again since."""
    open_again = {
        (request.delegate, request.kind)
        for request in state.requests.values()
        if request.item == state.current_item
        and request.state in {RequestState.WAITING, RequestState.CALLED, RequestState.HEARD}
    }
    return [
        {
            "request": request.id,
            "delegate": request.delegate,
            "name": state.delegates[request.delegate].name,
            "site": state.delegates[request.delegate].site,
            "kind": request.kind,
            "answers_to": request.answers_to,
        }
        for request in state.requests.values()
        if request.item == state.current_item
        and request.state is RequestState.ABSENT
        and (request.delegate, request.kind) not in open_again
    ]


def item(state: SessionState, closed_title: str) -> dict[str, Any] | None:
    """The current item as a wall shows it, with who answers in it."""
    current = state.item
    if current is None:
        return None
    shown = _named(state, current, closed_title)
    if current.closed:
        return shown
    people = [state.delegates[one] for one in current.questioned if one in state.delegates]
    return shown | {
        "kind": current.kind,
        "questioned": [{"name": one.name, "title": one.title} for one in people],
    }


def coming_item(state: SessionState, closed_title: str) -> dict[str, Any] | None:
    """The one after the current item that was not treated yet."""
    ids = [one.id for one in state.agenda]
    at = ids.index(state.current_item) + 1 if state.current_item in ids else 0
    for one in state.agenda[at:]:
        if one.id not in state.done_items:
            return _named(state, one, closed_title)
    return None


def _named(state: SessionState, one: AgendaItem, closed_title: str) -> dict[str, Any]:
    return {
        "number": state.agenda.index(one) + 1,
        "title": closed_title if one.closed else one.title,
        "closed": one.closed,
    }


def with_site(state: SessionState, floor: dict[str, Any] | None) -> dict[str, Any] | None:
    """A wall knows no list of sites."""
    return floor and floor | {"site_name": state.sites[floor["site"]].name}


def upcoming(
    state: SessionState, call: dict[str, Any] | None, queue: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Who speaks next, first to be called first; an answer that is due is among them."""
    rows = ([call] if call is not None else []) + [row for row in queue if not row["next"]]
    return [
        {
            "name": row["name"],
            "title": row["title"],
            "kind": row["kind"],
            "site_name": state.sites[row["site"]].name,
        }
        for row in rows[:UPCOMING]
    ]
