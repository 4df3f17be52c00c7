"""Takes an old recording off this disk, once a copy elsewhere is proven whole.

What goes is the pictures and sound that the manifest names. Playlist and manifest stay, so that
chapters, minutes and search go on, and the copy can be proven for ever. What no manifest names was
proven by nobody, and stays too.

A power cut at any moment loses nothing: the copy is on its disk for good before it is read, and
the note that says where it is before the first file goes.
"""

import errno
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from pydantic import TypeAdapter

from broadcast.archive.verify import MEDIA, Finding, verify
from broadcast.outputs import manifest
from broadcast.outputs.disk import DISK, Disk, replace
from broadcast.outputs.recovery import INDEX
from broadcast.outputs.vault import PLAIN, Envelope

NAME = "retired.json"


class NotProvenError(Exception):
    """The copy is none; `str()` is the code, its sentence `retire.<code>`."""

    def __init__(self, code: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(code)
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class Retired:
    """Where a recording is, since when, and by whose decision."""

    at_ms: int
    who: str
    why: str
    kept_in: str
    """Laid out as the data folder is."""
    files: int
    size: int
    """Bytes."""
    first: str
    """A file that went: where it is back, the recording is."""
    ended: bool = True
    """False: all of it is to go, and some may still be here."""


_RETIRED = TypeAdapter(Retired)
Stamp = tuple[int, ...]
"""Of a file: it changes when anything of the file does (the time of an inode's change cannot be
set back, as that of its content can). Without the inode's number, which FAT and exFAT make anew."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A folder whose files all lie in a copy, as they were when they were closed."""

    folder: Path
    copy: Path
    files: tuple[tuple[str, Stamp], ...]
    """By name, how each lay in the copy when that was read."""
    size: int


def noted(folder: Path) -> Retired | None:
    """What was announced of it last, be it here again or not."""
    try:
        return _RETIRED.validate_json((folder / NAME).read_bytes(), strict=True)
    except (OSError, ValueError):
        return None


def retired(folder: Path) -> Retired | None:
    """None: the recording is here, or there never was one."""
    told = noted(folder)
    return told if told is not None and not (folder / told.first).exists() else None


def smaller(folder: Path) -> list[Path]:
    """The recordings of the same stream for thinner lines."""
    return sorted(index.parent for index in folder.glob(f"*/{INDEX}"))


def is_here(folder: Path) -> bool:
    """Whether any file of it is; a removal that was cut short is to be ended."""
    return any((one / name).exists() for one in (folder, *smaller(folder)) for name in _names(one))


def proven(folder: Path, copy: Path, envelope: Envelope = PLAIN, disk: Disk = DISK) -> list[Proven]:
    """A recording and its smaller ones. Reads the whole copy. Raises `NotProvenError`, and
    `OSError` where a disk cannot be read."""
    below = [one.relative_to(folder) for one in (folder, *smaller(folder))]
    return [_proven(folder / one, copy / one, envelope, disk) for one in below]


def _proven(folder: Path, copy: Path, envelope: Envelope, disk: Disk) -> Proven:
    here, there = (_manifest(one) for one in (folder, copy))
    if not here.entries:
        if _names(folder):
            raise NotProvenError("no_manifest")
        return Proven(folder, copy, (), 0)  # of a language that nobody interpreted into
    if not there.entries:
        raise NotProvenError("no_copy")
    if (here.entries, here.garbled, here.broken) != (there.entries, False, ()):
        raise NotProvenError("other_copy")
    if _is_one_place(folder, copy) or any(
        _same(folder / one.name, copy / one.name) for one in here.entries
    ):
        raise NotProvenError("same_file")
    stamps = {one.name: _settled(copy / one.name, disk) for one in here.entries}
    for one in (copy, copy.parent, copy.parent.parent):
        with _where_written():
            disk.sync_folder(one)
    # What was not recorded is in no file, here or there: a gap is no fault of the copy.
    report = verify(copy, seal=here.seal, envelope=envelope)
    found = [one for one in report.findings if one.code != "gap"]
    if found:
        raise NotProvenError("not_whole", found)
    media = _media(here)
    files = tuple((one.name, stamp) for one in media if (stamp := stamps[one.name]) is not None)
    return Proven(folder, copy, files, sum(one.size for one in media))


def _names(folder: Path) -> list[str]:
    """Of its pictures and sound, as its manifest knows them; without one, as they lie there."""
    sums = _manifest(folder)
    if sums.entries:
        return [one.name for one in _media(sums)]
    return [one.name for one in folder.iterdir() if one.name.endswith(MEDIA)]


def _media(sums: manifest.Manifest) -> list[manifest.Entry]:
    return [one for one in sums.entries if one.name.endswith(MEDIA)]


def _manifest(folder: Path) -> manifest.Manifest:
    path = folder / manifest.NAME
    return manifest.parse(path.read_text("utf-8", "replace") if path.is_file() else "")


def _same(one: Path, other: Path) -> bool:
    """A link to a file is no copy of it."""
    return one.exists() and other.exists() and one.samefile(other)


def _is_one_place(folder: Path, copy: Path) -> bool:
    """One disk may be mounted twice, and its files then look like others (overlays, a network's
    share of this very folder): what appears in one and in the other is in one place."""
    probe = folder / f".probe-{secrets.token_hex(8)}"
    probe.touch()
    try:
        return (copy / probe.name).exists()
    finally:
        probe.unlink()


def _settled(path: Path, disk: Disk) -> Stamp | None:
    """On its disk for good, and read from there next, not from memory: a copy that was made just
    now is in no file system before that. None: not there. Raises `NotProvenError`."""
    if path.is_symlink():
        raise NotProvenError("link")
    try:
        with path.open("rb", buffering=0) as file:
            with _where_written():
                disk.sync(file)
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    except (FileNotFoundError, IsADirectoryError):
        return None
    return _stamp(path)


@contextmanager
def _where_written() -> Iterator[None]:
    """A disc that was burnt, or a share that syncs no folders, has nothing to be synced."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.EROFS}:
            raise


def _stamp(path: Path) -> Stamp | None:
    """None: no file is there, or none that can be looked at."""
    try:
        stat = path.lstat()
    except OSError:
        return None
    if not S_ISREG(stat.st_mode):
        return None
    return stat.st_dev, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def announce(folder: Path, told: Retired, disk: Disk = DISK) -> None:
    """Says where it is, for good; nobody heeds it while `told.first` is here. Raises `OSError`."""
    replace(folder / NAME, _RETIRED.dump_json(told), disk)


def take_away(parts: Sequence[Proven], disk: Disk = DISK) -> None:
    """Removes what was proven and announced: cut short, it is done again and goes on. Raises
    `OSError`, and `NotProvenError` as soon as a file of the copy is not what was proven."""
    for part in parts:
        for name, stamp in part.files:
            if _stamp(part.copy / name) != stamp:
                raise NotProvenError("changed")
            (part.folder / name).unlink(missing_ok=True)
        disk.sync_folder(part.folder)
