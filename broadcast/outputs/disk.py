"""How bytes come to lie on the disk for good. Raises `OSError` where the disk refuses.

A write that has returned survives `kill -9`; only what was synced survives a power cut, and a new
file only once its folder was synced too (fsync(2)).
"""

import errno
import logging
import os
import shutil
import time
from io import FileIO
from pathlib import Path

PIECE = 1 << 20

log = logging.getLogger(__name__)


class Disk:
    """The system calls, in one place: a test counts what they made safe, or makes them slow."""

    def now_s(self) -> float:
        """A steady clock, for how long they take."""
        return time.monotonic()

    def sync(self, file: FileIO) -> None:
        """Returns when what was written to the file will survive a power cut."""
        os.fdatasync(file.fileno())

    def sync_folder(self, folder: Path) -> None:
        """Likewise the names in the folder."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


DISK = Disk()


def write_all(file: FileIO, data: bytes) -> None:
    """An unbuffered file may take only a part; the rest of the disk's answer is an `OSError`."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def write_new(path: Path, data: bytes, disk: Disk) -> None:
    """A whole file that was not there, for good; its name once the folder is synced."""
    with path.open("xb", buffering=0) as file:
        write_all(file, data)
        disk.sync(file)


def replace(path: Path, data: bytes, disk: Disk) -> None:
    """A whole file instead of the one that was there, if one was: never half of either."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    write_new(fresh, data, disk)
    fresh.rename(path)
    disk.sync_folder(path.parent)


def append(path: Path, text: str, disk: Disk) -> None:
    """Adds whole lines in one write, for good."""
    with path.open("ab", buffering=0) as file:
        write_all(file, text.encode())
        disk.sync(file)


def readable(path: Path) -> tuple[bytes, bool]:
    """A file, or what there is of it before a bad sector; and whether that is all."""
    data = bytearray()
    with path.open("rb", buffering=0) as file:
        try:
            while piece := file.read(PIECE):
                data += piece
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            log.error("%s cannot be read after %d bytes: %s", path, len(data), error.strerror)
            return bytes(data), False
    return bytes(data), True


def free_bytes(folder: Path) -> int:
    """On its disk, also before it is made."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    return shutil.disk_usage(there).free


def make_folder(folder: Path, disk: Disk, mode: int = 0o777) -> None:
    """With its parents, and all their names for good. The last two are of that mode, less the
    umask: a recording's folder, and that of its kind."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.parent.parent.mkdir(parents=True, exist_ok=True)
    for one in (folder.parent, folder):
        one.mkdir(mode, exist_ok=True)
    for one in missing:
        disk.sync_folder(one.parent)
