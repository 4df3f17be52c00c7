"""What was written down, as pages and minutes show it. Pure."""

from typing import Any

from broadcast.session.corrections import corrected
from broadcast.session.model import SessionState, Turn
from broadcast.session.order import was_absent
from broadcast.session.written import Caption, Message
from streams.frames import SiteId

CAPTIONS_SHOWN = 40
MESSAGES_SHOWN = 100


def turns(state: SessionState) -> list[dict[str, Any]]:
    """Who spoke when, first to last, as corrected; those called and absent are left out."""
    return [_turn(state, turn) for turn in state.turns if not was_absent(state, turn.request)]


def _turn(state: SessionState, turn: Turn) -> dict[str, Any]:
    known, told = corrected(state, turn), state.written.corrections.get(turn.id)
    delegate = state.delegates.get(known.delegate)
    return {
        "turn": turn.id,
        "delegate": known.delegate,
        "name": delegate.name if delegate is not None else "",
        "title": delegate.title if delegate is not None else "",
        "site": turn.site,
        "kind": turn.kind,
        "item": turn.item,
        "started_at_ms": known.started_at_ms,
        "ended_at_ms": known.ended_at_ms,
        "used_ms": None if known.ended_at_ms is None else known.used_ms(known.ended_at_ms),
        "corrected": told is not None,
        "reason": told.reason if told is not None else "",
    }


def notes(state: SessionState) -> list[dict[str, Any]]:
    """In the order of what they are about."""
    found = sorted(state.written.notes.values(), key=lambda note: note.written_at_ms)
    return [
        {
            "id": note.id,
            "kind": note.kind,
            "text": note.text,
            "item": note.item,
            "at_ms": note.written_at_ms,
        }
        for note in found
    ]


def roll(state: SessionState) -> dict[str, dict[str, Any]]:
    """What the roll call found, by delegate."""
    return {
        delegate: {"present": one.present, "reason": one.reason}
        for delegate, one in state.written.roll.items()
        if delegate in state.delegates
    }


def captions(state: SessionState) -> list[dict[str, Any]]:
    """The last lines, newest last."""
    newest = list(state.written.captions.values())[-CAPTIONS_SHOWN:]
    return [
        {"id": one.id, "text": one.text, "at_ms": one.typed_at_ms, "public": one.public}
        for one in newest
        if one.text
    ]


def caption(state: SessionState, *, public: bool) -> dict[str, Any] | None:
    """The newest line, for who watches without HLS; how long it stays, pages decide. Of what was
    said in secret, sites that were not there are told nothing afterwards."""
    if public and state.closed:
        return None
    found = reversed(state.written.captions.values())
    newest = next((one for one in found if one.public or not (public or _past(state, one))), None)
    if newest is None or not newest.text:
        return None
    return {"id": newest.id, "text": newest.text, "at_ms": newest.typed_at_ms}


def _past(state: SessionState, one: Caption) -> bool:
    """It was said behind doors that are open again, or closed anew with another list."""
    return one.secret and (not state.closed or one.typed_at_ms < (state.opened_at_ms or 0))


def messages(state: SessionState) -> list[dict[str, Any]]:
    """The last ones, for the control room."""
    return [_message(one) for one in state.written.messages[-MESSAGES_SHOWN:]]


def messages_of_sites(state: SessionState) -> tuple[dict[SiteId, list[dict[str, Any]]], list[Any]]:
    """What each site reads that wrote or was written to by itself, or was put out when all were
    written to: its own and those to all that it may know; and what all others read. Once for a
    look: there may be 150 sites."""
    sent = state.written.messages
    sites = {one.site for one in sent if one.site is not None}
    sites.update(*(one.kept_from for one in sent))
    to_all = [_message(one) for one in sent if one.site is None]
    own = {
        site: [
            _message(one)
            for one in sent
            if one.site == site or (one.site is None and site not in one.kept_from)
        ]
        for site in sites
    }
    return {site: rows[-MESSAGES_SHOWN:] for site, rows in own.items()}, to_all[-MESSAGES_SHOWN:]


def _message(one: Message) -> dict[str, Any]:
    return {
        "id": one.id,
        "site": one.site,
        "from_site": one.from_site,
        "author": one.author,
        "text": one.text,
        "at_ms": one.sent_at_ms,
    }
