"""What the overlays say about a session: `SessionState` → `Overlay` (pure).

None: there is nothing to show. Whether the operator hides an overlay is the director's matter.
What is said here can reach the public: a closed item's title is in none of these fields.
"""

from typing import Any

from broadcast.program import Overlay
from broadcast.session.model import AgendaItem, ItemKind, Phase, Request, SessionState
from broadcast.session.order import calling_order
from streams.frames import SiteId

QUEUE_ROWS = 3
"""One round of questioners, large enough to read on a phone; the rest is a number."""

CLOSED_ITEM = "Nội dung họp kín"
"""Stands for the title of a closed item wherever the public may look."""


def lower_third(state: SessionState) -> Overlay | None:
    """Who has the floor: `name`, `title`, `site`."""
    turn = state.floor
    if turn is None:
        return None
    delegate = state.delegates.get(turn.delegate)
    site = state.sites.get(turn.site)
    name, title = (
        (delegate.name, _standing(delegate.title, delegate.group)) if delegate else ("", "")
    )
    fields = {"name": name, "title": title, "site": site.name if site else ""}
    return Overlay("lower_third", fields) if any(fields.values()) else None


def _standing(title: str, group: str) -> str:
    return " – ".join(part for part in (title, group) if part)


def screen(state: SessionState, site: SiteId) -> str:
    """How a site's screen is called in the picture."""
    return f"Trình chiếu từ {state.sites[site].name}"


def agenda(state: SessionState) -> Overlay | None:
    """`items` of `number` (from 1), `title`, `state` done|current|coming."""
    if not state.agenda:
        return None
    items = [
        {"number": number, "title": _public_title(item), "state": _item_state(state, item)}
        for number, item in enumerate(state.agenda, 1)
    ]
    return Overlay("agenda", {"items": items})


def _public_title(item: AgendaItem) -> str:
    return CLOSED_ITEM if item.closed else item.title


def _item_state(state: SessionState, item: AgendaItem) -> str:
    if item.id == state.current_item and state.phase is not Phase.ENDED:
        return "current"
    return "done" if item.id in state.done_items else "coming"


def queue(state: SessionState) -> Overlay | None:
    """`questioning`, `rows` of `number`, `name`, `site`, `kind` in the order of calling, `more`."""
    line = calling_order(state)
    if not line:
        return None
    rows = [_row(state, number, request) for number, request in enumerate(line[:QUEUE_ROWS], 1)]
    questioning = state.item is not None and state.item.kind is ItemKind.QUESTIONING
    fields = {"questioning": questioning, "rows": rows, "more": len(line) - len(rows)}
    return Overlay("queue", fields)


def _row(state: SessionState, number: int, request: Request) -> dict[str, Any]:
    delegate = state.delegates.get(request.delegate)
    site = state.sites.get(delegate.site) if delegate else None
    return {
        "number": number,
        "name": delegate.name if delegate else "",
        "site": _short(site.name) if site else "",
        "kind": request.kind.value,
    }


def _short(site: str) -> str:
    """In a list of sites each need not say that it is one: "Huyện Mường Nhé"."""
    rest = place(site)
    return rest[:1].upper() + rest[1:]


def place(site: str) -> str:
    """A site's name without the words that all of them share: "huyện Mường Nhé"."""
    return site.removeprefix("Điểm cầu ")


def clock(state: SessionState, warn_ms: int) -> Overlay | None:
    """The floor's clock: it turns amber when `warn_ms` are left."""
    turn = state.floor
    if turn is None:
        return None
    fields = {
        "kind": turn.kind.value,
        "started_at_ms": turn.started_at_ms,
        "limit_ms": turn.limit_ms,
        "paused_at_ms": turn.paused_at_ms,
        "paused_ms": turn.paused_ms,
        "warn_ms": warn_ms,
    }
    return Overlay("clock", fields)


def live(state: SessionState) -> Overlay | None:
    """Only while it is true: on air, and nothing closed."""
    return Overlay("live") if state.phase is Phase.LIVE and not state.closed else None


def logo(_state: SessionState) -> Overlay:
    """The office's mark; which words stand beside it is the theme's matter."""
    return Overlay("logo", {"text": ""})


def slate(state: SessionState) -> Overlay:
    """For the room: the program's `slate` layout."""
    signed = state.phase is not Phase.ENDED
    return _slate(state, _slate_mode(state), signed=signed)


def public_slate(state: SessionState) -> Overlay:
    """For the public, while the room's picture is not theirs."""
    return _slate(state, _slate_mode(state), signed=signer_is_public(state))


def signer_is_public(state: SessionState) -> bool:
    """Whether the public may see the sign-language interpreter: in a break too, but not before the
    session or after it, and never while anything is closed."""
    on = state.phase in {Phase.LIVE, Phase.PAUSED}
    return state.signer is not None and on and not state.closed


def _slate_mode(state: SessionState) -> str:
    if state.phase is Phase.ENDED:
        return "ended"
    if state.phase is Phase.PREPARED:
        return "waiting"
    if state.closed:
        return "closed"
    return "pause" if state.phase is Phase.PAUSED else "title"


def _slate(state: SessionState, mode: str, *, signed: bool) -> Overlay:
    """`mode` waiting|pause|closed|ended, whose sentence is the theme's, or `title`: on air and
    open, it names the session and its item. `clear` where the interpreter's box stands over it."""
    text = state.item.title if mode == "title" and state.item else ""
    fields = {"mode": mode, "title": state.title, "subtitle": state.subtitle, "text": text}
    clear = {"clear": state.signer.clear} if signed and state.signer is not None else {}
    return Overlay("slate", {**fields, **clear})
