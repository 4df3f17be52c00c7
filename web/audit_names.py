"""What the ids in the audit are called today: an entry holds ids, and a reader knows people and
sites by their names."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from broadcast.audit import Note
from broadcast.session.model import Role, SessionState
from web.errors import Problem
from web.sessions import Sessions

_IDS = frozenset(
    {
        *("site", "sites", "staying", "sources", "source", "place"),
        *("delegate", "delegates", "questioned", "presenter", "request", "answers_to"),
        *("item", "items"),
    }
)
"""The fields of commands that hold them."""


class AuditNames:
    """Of one answer: entries that follow each other are mostly of one session, and its names are
    kept until another comes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._session = ""
        self._names: Mapping[str, str] = {}

    async def of(self, note: Note) -> dict[str, str]:
        """Those of its ids that the session knows."""
        if note.session != self._session:
            self._names, self._session = await self._read(note.session), note.session
        ids = {note.who} if note.role == Role.SITE else set()
        ids.update(_ids(note.detail))
        return {one: self._names[one] for one in sorted(ids) if one in self._names}

    async def _read(self, session: str) -> Mapping[str, str]:
        """A session that is not there any more has left its ids alone."""
        if not session:
            return {}
        try:
            return names_of((await self._sessions.desk(session)).floor.state)
        except Problem as problem:
            if problem.status != 404:
                raise
            return {}


def names_of(state: SessionState) -> dict[str, str]:
    """By id; a name that two bear has the id beside it."""
    named: dict[str, str] = {one.id: one.title for one in state.agenda}
    named |= {one.id: one.name for one in state.delegates.values()}
    named |= {one.id: one.name for one in state.sites.values()}
    borne = Counter(named.values())
    told = {one: f"{name} ({one})" if borne[name] > 1 else name for one, name in named.items()}
    asked = {one.id: told[one.delegate] for one in state.requests.values() if one.delegate in told}
    return told | asked


def _ids(detail: Mapping[str, Any]) -> Iterator[str]:
    for key, value in detail.items():
        if isinstance(value, dict):
            yield from _ids(value)
        elif key in _IDS:
            several = value if isinstance(value, list) else [value]
            yield from (one for one in several if isinstance(one, str))
