"""`diemcau backup`: a copy of all that is kept, taken while the server runs."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from broadcast.archive.retire import Retired, noted, retired
from broadcast.archive.verify import MEDIA
from broadcast.outputs.manifest import NAME as MANIFEST
from config.settings import Settings
from web.setup import DATABASE, SetupError

FAT_NS = 2_000_000_000
"""To which it rounds times."""
_NOT_KEPT = {"run", DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"}


def backup(settings: Settings, target: Path) -> int:
    """How many files were new or had changed: what lies there from the last time is not copied
    again, and nothing is taken away. Raises `SetupError`; where files cannot be read, after all
    others were copied.

    The log comes first: a recording may be longer than it knows, but not shorter.
    """
    source, target = settings.storage.data_dir, target.absolute()
    if any(target.resolve().is_relative_to(one.resolve()) for one in (source, *_links(source))):
        raise SetupError(f"{target} lies in the data folder; name one elsewhere, on another disk")
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not settings.storage.database_url:
            _copy_database(source / DATABASE, target / DATABASE)
        copied, unread = _copy_all(source, target)
    except OSError as error:
        raise SetupError(f"{error.filename or target}: {error.strerror or error}") from None
    except sqlite3.Error as error:
        raise SetupError(f"{source / DATABASE}: {error}") from None
    if unread:
        names = ", ".join(map(str, unread[:3])) + (", …" if len(unread) > 3 else "")
        raise SetupError(f"{os.strerror(errno.EIO)}: {names}; all else was copied")
    return copied


def _copy_all(source: Path, target: Path) -> tuple[int, list[Path]]:
    """How many were new or had changed, and those that a disk does not give back. Raises
    `OSError`."""
    copied, unread = 0, []
    for path in _kept(source):
        there = target / path.relative_to(source)
        try:
            copied += not _is_proven(path, there, target) and _copy(path, there)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            unread.append(path)
    return copied, unread


def _links(source: Path) -> list[Path]:
    """Folders that were moved to a larger disk, with a link in their place."""
    return [one for one in source.glob("*") if one.is_symlink() and one.is_dir()]


def _kept(source: Path) -> Iterator[Path]:
    """A recording names its files only when they are there: what names them goes first. Raises
    `OSError` for a folder that cannot be looked into."""
    seen = {source.resolve()}
    for folder, folders, files in os.walk(source, onerror=_refuse, followlinks=True):
        real = {name: Path(folder, name).resolve() for name in folders}
        folders[:] = [name for name in folders if real[name] not in seen]
        seen.update(real.values())
        if Path(folder) == source:
            folders[:] = [name for name in folders if name not in _NOT_KEPT]
            files = [name for name in files if name not in _NOT_KEPT]
        for name in sorted(files, key=lambda name: (not name.endswith(".m3u8"), name != MANIFEST)):
            yield Path(folder, name)


def _refuse(error: OSError) -> None:
    """Whoever is told that all was copied believes it."""
    raise error


def _is_proven(path: Path, there: Path, target: Path) -> bool:
    """It was retired to this very copy, the only one. What is being brought back may be half."""
    if not path.name.endswith(MEDIA) or not there.exists():
        return False
    told = (noted(folder) for folder in path.parents[:2])
    return any(one is not None and Path(one.kept_in) == target.resolve() for one in told)


def only_elsewhere(settings: Settings, target: Path) -> Iterator[tuple[str, Retired]]:
    """The sessions whose recordings lie neither here nor in this copy, and where they do."""
    for folder in sorted((settings.storage.data_dir / "archive").glob("*")):
        gone = retired(folder)
        if gone is not None and not (target / "archive" / folder.name / gone.first).exists():
            yield folder.name, gone


def _copy(source: Path, target: Path) -> bool:
    """Whole or not at all. False where it is there already, or gone since it was listed; a link
    whose disk is not there is not gone."""
    try:
        now = source.stat()
        if target.exists() and _is_copy(target.stat(), now, source.name):
            return False
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = target.with_name(f".{target.name}.new")
        shutil.copy2(source, new)
    except FileNotFoundError:
        if os.path.lexists(source):
            raise
        return False
    new.replace(target)
    return True


def _is_copy(then: os.stat_result, now: os.stat_result, name: str) -> bool:
    """By size and time. Pictures and sound only ever grow: of these a disk that rounds times, as
    FAT does, has what it has."""
    apart_ns = abs(then.st_mtime_ns - now.st_mtime_ns)
    exact_ns = FAT_NS if name.endswith(MEDIA) else 0
    return then.st_size == now.st_size and apart_ns <= exact_ns


def _copy_database(source: Path, target: Path) -> None:
    """One moment of it, whatever is written meanwhile; what lies in the write-ahead log, too."""
    new = target.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=10)) as kept,
        closing(sqlite3.connect(new)) as copy,
    ):
        kept.backup(copy)
    for end in ("-wal", "-shm"):  # of a server that was started there: not this copy's
        target.with_name(target.name + end).unlink(missing_ok=True)
    new.replace(target)
