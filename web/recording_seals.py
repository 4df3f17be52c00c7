"""The seals of recordings that are over, in the audit, whose own chain shows if it was altered.

A manifest alone proves that no part of a recording was changed by itself. Who makes all of it anew,
sums and seals and all, is told by what was noted here while it was as it had been made.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from broadcast.audit import Note
from broadcast.database import StoreError
from broadcast.outputs import manifest
from broadcast.outputs.recovery import INDEX
from broadcast.session.model import Phase, Role
from broadcast.store import Store
from config.settings import Settings
from web.sessions import Sessions

WHAT = "recording_sealed"
LOOK_S = 60.0
ROOMS = ("archive", "sealed", "sites")
TAIL_BYTES = 1000
"""In which the last entry of a manifest lies whole."""

_log = logging.getLogger(__name__)


class Seals:
    """`run` keeps it, until cancelled. `clock` gives epoch milliseconds."""

    def __init__(
        self, sessions: Sessions, store: Store, settings: Settings, clock: Callable[[], int]
    ) -> None:
        self._sessions, self._store, self._clock = sessions, store, clock
        self._data_dir = settings.storage.data_dir
        self._noted: set[str] = set()

    async def run(self) -> None:
        """Each `LOOK_S`. What cannot be done is logged, and tried again."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                sessions = await self._sessions.summaries()
                over = {one.id for one in sessions if one.phase is Phase.ENDED}
                await asyncio.to_thread(self._note, over - self._noted)
            except (OSError, StoreError) as error:
                _log.error("the seals of past recordings cannot be noted: %s", error)

    def _note(self, over: set[str]) -> None:
        for session in over:
            if note_seals(self._store, self._data_dir, session, self._clock()):
                self._noted.add(session)


def note_seals(store: Store, data_dir: Path, session: str, now_ms: int) -> bool:
    """Once; whether they are noted. Not before the recording has its end. Blocking. Raises
    `OSError`, `StoreError`."""
    if not _ends_with_playlist(data_dir / ROOMS[0] / session):
        return False
    if store.newest_note(session, (WHAT,)) is not None:
        return True
    detail = {"seals": dict(_seals(data_dir, session))}
    store.note(Note(now_ms, "diemcau", Role.SYSTEM, WHAT, session=session, detail=detail))
    return True


def noted_seals(store: Store, session: str) -> Mapping[str, str]:
    """By folder, as `archive/360p`: what was noted first. Raises `StoreError`."""
    notes = (one.note for one in store.audit(session=session) if one.note.what == WHAT)
    first = next(notes, None)
    return first.detail["seals"] if first is not None else {}


def _ends_with_playlist(folder: Path) -> bool:
    last = _tail(folder / manifest.NAME).entries[-1:]
    return [one.name for one in last] == [INDEX]


def _seals(data_dir: Path, session: str) -> list[tuple[str, str]]:
    found = []
    for room in ROOMS:
        folder = data_dir / room / session
        for path in sorted((*folder.glob(manifest.NAME), *folder.glob(f"*/{manifest.NAME}"))):
            name = "/".join((room, *path.parent.relative_to(folder).parts))
            found.append((name, _tail(path).seal))
    return found


def _tail(path: Path) -> manifest.Manifest:
    """Its last entry, or none: all of a day's takes a third of a second to read."""
    if not path.is_file():
        return manifest.Manifest()
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        text = file.read().decode("utf-8", "replace")
    return manifest.parse(text[max(0, text.rfind("# ")) :])
