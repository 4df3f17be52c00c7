"""What is told of each session without its log: what it is called, how far it is, its documents.

To fold a log takes 0.07 ms for each event, and a council of some years has half a million of them:
what is known of a session that is over is kept, in `data/index/sessions.json`, until its log grows.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from broadcast.session.evolve import fold
from broadcast.session.model import Phase, SessionState
from broadcast.store import CatalogueEntry, Store

PLACE = Path("index", "sessions.json")
"""In the data folder."""
FORMAT = 2
"""What is kept in another one is worked out anew."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Summary:
    id: str
    version: int
    """Of the log."""
    title: str
    subtitle: str
    phase: Phase
    planned_start_at_ms: int | None
    started_at_ms: int | None
    ended_at_ms: int | None
    documents: frozenset[str]
    """Ids of those that its items have."""


@dataclass(frozen=True, slots=True)
class _Kept:
    format: int
    sessions: tuple[Summary, ...]


_KEPT = TypeAdapter(_Kept)


class Summaries:
    """Blocking: for one thread at a time. `path` is ours alone."""

    def __init__(self, store: Store, path: Path) -> None:
        self._store = store
        self._path = path
        self._over: dict[str, Summary] | None = None
        """None: not read yet."""
        self._states: dict[str, SessionState] = {}
        """Of those that are not over, to go on from."""

    def all(self) -> list[Summary]:
        """The one prepared last first. Raises `StoreError`."""
        if self._over is None:
            self._over = kept_in(self._path)
        before = dict(self._over)
        found = [self._of(entry, self._over) for entry in self._store.sessions()]
        if self._over != before:
            self._write(self._over)
        return found

    def _of(self, entry: CatalogueEntry, over: dict[str, Summary]) -> Summary:
        kept = over.get(entry.id)
        if kept is not None and kept.version == entry.events:
            return kept
        known = self._states.pop(entry.id, SessionState())
        added = self._store.load(entry.id, after=known.version)
        state = fold((one.event for one in added), known)
        summary = summary_of(entry.id, state)
        if state.phase is Phase.ENDED:
            over[entry.id] = summary
        else:
            self._states[entry.id] = state
        return summary

    def _write(self, over: dict[str, Summary]) -> None:
        """Whole or not at all; without it the next start takes longer, and that is all."""
        new = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(_KEPT.dump_json(_Kept(FORMAT, tuple(over.values()))))
            new.replace(self._path)
        except OSError as error:
            _log.warning("what is known of past sessions cannot be kept: %s", error)


def kept_in(path: Path) -> dict[str, Summary]:
    """By session. Nothing where there is no such file, or one that is none."""
    try:
        kept = _KEPT.validate_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {one.id: one for one in kept.sessions} if kept.format == FORMAT else {}


def summary_of(session: str, state: SessionState) -> Summary:
    """What is told of a session without folding its log."""
    return Summary(
        id=session,
        version=state.version,
        title=state.title,
        subtitle=state.subtitle,
        phase=state.phase,
        planned_start_at_ms=state.planned_start_at_ms,
        started_at_ms=state.started_at_ms,
        ended_at_ms=state.ended_at_ms,
        documents=frozenset(map(str, state.documents)),
    )
