"""The manifest of a recording: what each file's bytes were when it was closed. Pure.

`sha256sum --check SHA256SUMS` reads it. Before each sum stands a comment with the file's size and a
seal: the SHA-256 of the seal before and of this entry. Who changes, takes out or moves one entry
must change every seal after it; the last one, kept elsewhere, proves the whole recording.
"""

import re
from dataclasses import dataclass
from hashlib import sha256

NAME = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Entry:
    """One closed file."""

    name: str
    digest: str
    """SHA-256, in hexadecimal digits."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file says."""

    entries: tuple[Entry, ...] = ()
    seal: str = ""
    """The last one; empty if there is none."""
    broken: tuple[str, ...] = ()
    """Names of the entries whose seal is not what those before say."""
    length: int = 0
    """Characters up to the end of the last entry."""
    torn: bool = False
    """After it stands the beginning of an entry that a crash cut short."""
    garbled: bool = False
    """After it stands what we never wrote."""


def seal_of(before: str, entry: Entry) -> str:
    return sha256(f"{before}\n{entry.size}\n{entry.digest}  {entry.name}\n".encode()).hexdigest()


def lines(before: str, entry: Entry) -> str:
    """What one more file adds to the manifest; `before` is the last seal."""
    seal = seal_of(before, entry)
    return f"# {entry.size} bytes, seal {seal}\n{entry.digest}  {entry.name}\n"


_ENTRY = re.compile(
    r"# (?P<size>\d{1,18}) bytes, seal (?P<seal>[0-9a-f]{64})\n"
    r"(?P<digest>[0-9a-f]{64})  (?P<name>[^/\s]+)\n"
)


def parse(text: str) -> Manifest:
    """What `lines` wrote, up to where it is something else."""
    entries, broken, seal, at = [], [], "", 0
    while (match := _ENTRY.match(text, at)) is not None:
        entry = Entry(match["name"], match["digest"], int(match["size"]))
        if match["seal"] != seal_of(seal, entry):
            broken.append(entry.name)
        entries.append(entry)
        seal, at = match["seal"], match.end()
    rest = text[at:]
    torn = bool(rest) and rest.count("\n") < 2
    return Manifest(tuple(entries), seal, tuple(broken), at, torn, bool(rest) and not torn)
