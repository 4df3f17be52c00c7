"""Keeps a recording's manifest: seals each file as it is closed, and what a crash left unsealed."""

import hashlib
import logging
from collections.abc import Iterable
from pathlib import Path

from broadcast.outputs import manifest
from broadcast.outputs.disk import Disk, append, readable, replace

log = logging.getLogger(__name__)


class Ledger:
    """Of one folder. Raises `OSError`."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder, self._disk = folder, disk
        self._path = folder / manifest.NAME
        new = not self._path.exists()
        data, whole = (b"", True) if new else readable(self._path)
        text = data.decode("utf-8", "replace")
        found = manifest.parse(text)
        if found.torn or not whole:
            log.warning("%s: an entry that was cut short is taken back", self._path)
            replace(self._path, text[: found.length].encode(), disk)
        self._seal = found.seal
        self._names = {entry.name for entry in found.entries}
        if new:
            append(self._path, "", disk)
            disk.sync_folder(folder)

    def add(self, name: str, digest: str, size: int) -> None:
        """A file is closed and its bytes are safe; its digest is of what was meant to be written,
        so that what the disk made of it can be held against that."""
        entry = manifest.Entry(name, digest, size)
        append(self._path, manifest.lines(self._seal, entry), self._disk)
        self._seal = manifest.seal_of(self._seal, entry)
        self._names.add(name)

    def add_missing(self, names: Iterable[str]) -> None:
        """Closed files that a crash left unsealed, as they lie on the disk now: whoever wrote them
        may not have come to make their end safe."""
        for name in self.lacking(names):
            path = self._folder / name
            if path.exists():
                with path.open("rb", buffering=0) as file:
                    self._disk.sync(file)
                self.add(name, digest_of(path), path.stat().st_size)

    def lacking(self, names: Iterable[str]) -> list[str]:
        """Those without a sum."""
        return [name for name in names if name not in self._names]


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
