"""Removed documents leave the disk: first to a trash beside the others, a month later for good.

What no session names any more was removed by somebody, or is of an upload that never came to its
end. A folder of a session that the log does not know is left alone: another database may know it.
"""

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from broadcast.database import StoreError
from config.settings import Settings
from web.sessions import Sessions

SWEEP_S = 3600.0
SETTLED_S = 3600.0
"""A file that is younger may be of an upload whose command is still on its way."""
KEPT_S = 30 * 86_400.0
"""In the trash: time enough to find that it was the wrong one."""
TRASH = ".trash"
PAGES = ".pages"
PAGES_S = 7 * 86_400.0
"""Drawn pages can be drawn anew."""

_log = logging.getLogger(__name__)


class Trash:
    """`run` keeps it, until cancelled. `steady` gives epoch milliseconds by a clock that nobody
    sets: a day that was entered wrong makes nothing a month old."""

    def __init__(self, sessions: Sessions, settings: Settings, steady: Callable[[], int]) -> None:
        self._sessions = sessions
        self._steady = steady
        self._folder = settings.storage.data_dir / "documents"

    async def run(self) -> None:
        """Each `SWEEP_S`, until cancelled. What cannot be done is logged, and tried again."""
        while True:
            try:
                sessions = await self._sessions.summaries()
                named = {one.id: one.documents for one in sessions}
                await asyncio.to_thread(sweep, self._folder, named, self._steady() / 1000)
            except (OSError, StoreError) as error:
                _log.error("removed documents cannot be put away: %s", error)
            await asyncio.sleep(SWEEP_S)


def sweep(folder: Path, named: Mapping[str, frozenset[str]], now_s: float) -> None:
    """`named`: the documents of each session. Blocking. Raises `OSError`."""
    trash = folder / TRASH
    for session, documents in named.items():
        for path in _files(folder / session):
            if path.stem not in documents and now_s - path.stat().st_mtime > SETTLED_S:
                _put_away(path, trash / session, now_s)
    for drawn in (folder / PAGES).glob("*/*"):
        if now_s - drawn.stat().st_mtime > PAGES_S:
            shutil.rmtree(drawn)
    for put_away in trash.iterdir() if trash.is_dir() else ():
        for path in _files(put_away):
            if now_s - path.stat().st_mtime > KEPT_S:
                path.unlink()
                _log.info("%s/%s is deleted for good", put_away.name, path.name)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _put_away(path: Path, to: Path, now_s: float) -> None:
    """The time it was put there is its own from now on."""
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = to / path.name
    path.replace(target)
    os.utime(target, (now_s, now_s))
    _log.info("%s/%s is named by nobody: in the trash", to.name, path.name)
