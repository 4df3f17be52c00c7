"""Takes an old recording off this disk, once a copy elsewhere is proven whole.

What goes is the pictures and sound that the manifest names. Playlist and manifest stay, so that
chapters, minutes and search go on, and the copy can be proven for ever. What no manifest names was
proven by nobody, and stays too.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from broadcast.archive.verify import Finding, verify
from broadcast.outputs import manifest
from broadcast.outputs.recovery import INDEX

NAME = "retired.json"
_MEDIA = (".m4s", ".mp4", ".mkv")
"""The manifest of a recording that was finished names its playlist, too."""


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


@dataclass(frozen=True, slots=True)
class Proven:
    """A folder whose files all lie in a copy, as they were when they were closed."""

    folder: Path
    names: tuple[str, ...]
    size: int


def retired(folder: Path) -> Retired | None:
    """None: the recording is here, or there never was one."""
    try:
        told = Retired(**json.loads((folder / NAME).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return None if (folder / told.first).exists() else told


def smaller(folder: Path) -> list[Path]:
    """The recordings of the same stream for thinner lines."""
    return sorted(index.parent for index in folder.glob(f"*/{INDEX}"))


def is_here(folder: Path) -> bool:
    """Whether any file of it is; a removal that was cut short is to be ended."""
    return any((one / name).exists() for one in (folder, *smaller(folder)) for name in _names(one))


def proven(folder: Path, copy: Path) -> list[Proven]:
    """A recording and its smaller ones. Reads the whole copy; changes nothing. Raises
    `NotProvenError`, and `OSError` where a disk cannot be read."""
    below = [one.relative_to(folder) for one in (folder, *smaller(folder))]
    return [_proven(folder / one, copy / one) for one in below]


def _proven(folder: Path, copy: Path) -> Proven:
    here, there = (_manifest(one) for one in (folder, copy))
    if not here.entries:
        if _names(folder):
            raise NotProvenError("no_manifest")
        return Proven(folder, (), 0)  # of a language that nobody interpreted into
    if not there.entries:
        raise NotProvenError("no_copy")
    if (here.entries, here.garbled, here.broken) != (there.entries, False, ()):
        raise NotProvenError("other_copy")
    if any(_same(folder / one.name, copy / one.name) for one in here.entries):
        raise NotProvenError("same_file")
    # What was not recorded is in no file, here or there: a gap is no fault of the copy.
    found = [one for one in verify(copy, seal=here.seal).findings if one.code != "gap"]
    if found:
        raise NotProvenError("not_whole", found)
    media = _media(here)
    return Proven(folder, tuple(one.name for one in media), sum(one.size for one in media))


def _names(folder: Path) -> list[str]:
    """Of its pictures and sound, as its manifest knows them; without one, as they lie there."""
    sums = _manifest(folder)
    if sums.entries:
        return [one.name for one in _media(sums)]
    return [one.name for one in folder.glob("*.m4s")]


def _media(sums: manifest.Manifest) -> list[manifest.Entry]:
    return [one for one in sums.entries if one.name.endswith(_MEDIA)]


def _manifest(folder: Path) -> manifest.Manifest:
    path = folder / manifest.NAME
    return manifest.parse(path.read_text("utf-8", "replace") if path.is_file() else "")


def _same(one: Path, other: Path) -> bool:
    """A link to a file is no copy of it."""
    return one.exists() and other.exists() and one.samefile(other)


def take_away(folder: Path, parts: Sequence[Proven], told: Retired) -> None:
    """Says where it is, then removes what was proven: cut short, it is done again and goes on.
    Raises `OSError`."""
    new = folder / f".{NAME}.new"
    new.write_text(json.dumps(asdict(told), ensure_ascii=False), "utf-8")
    new.replace(folder / NAME)
    for path in _files(parts):
        path.unlink(missing_ok=True)


def _files(parts: Sequence[Proven]) -> Iterator[Path]:
    for part in parts:
        yield from (part.folder / name for name in part.names)
