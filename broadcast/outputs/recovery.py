"""Opens a recording's folder, new or left behind by a crash, and says where to go on.

What is on disk is made true first: a playlist line that was cut short goes, the torn tail of the
last segment goes, and a segment that was never listed is listed with the length it really has.
Running it twice changes nothing more. Raises `OSError` where the disk refuses.
"""

import logging
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from broadcast.outputs import playlist
from broadcast.outputs.fmp4 import origin_of, whole_fragments
from streams.frames import VIDEO_CLOCK_RATE

INDEX = "index.m3u8"

log = logging.getLogger(__name__)


def segment_name(number: int) -> str:
    return f"{number:08}.m4s"


def init_name(number: int) -> str:
    return f"init-{number}.mp4"


@dataclass(frozen=True, slots=True)
class Recovered:
    """Where a recording stands."""

    segments: int
    """How many are listed; the next one has this number."""
    inits: int
    """Likewise."""
    origin_s: int | None
    """Unix time of decode time zero; None in a new folder."""
    duration_s: float
    size_bytes: int
    ended: bool


def recover(folder: Path, segment_ms: int) -> Recovered:
    """Creates what is missing, mends what is torn."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = _whole_playlist(folder, segment_ms)
    inits = 0
    while (folder / init_name(inits)).exists():
        inits += 1
    origin_s = origin_of((folder / init_name(0)).read_bytes()) if inits else None
    if not listed.ended:
        listed = _list_orphans(folder, listed, inits, origin_s)
    size = sum(path.stat().st_size for path in folder.glob("*.m4s"))
    count = len(listed.entries)
    return Recovered(count, inits, origin_s, listed.duration_s, size, listed.ended)


def _whole_playlist(folder: Path, segment_ms: int) -> playlist.Playlist:
    index = folder / INDEX
    text = index.read_text("utf-8", "replace") if index.exists() else ""
    listed = playlist.parse(text)
    if listed is None:
        index.write_text(playlist.header(segment_ms), "utf-8")
        return playlist.Playlist((), ended=False, length=0)
    if not listed.ended and listed.length < len(text):
        log.warning("%s: a line that was cut short is taken back", index)
        _truncate(index, len(text[: listed.length].encode()))
    return listed


def _list_orphans(
    folder: Path, listed: playlist.Playlist, inits: int, origin_s: int | None
) -> playlist.Playlist:
    entries = list(listed.entries)
    while (path := folder / segment_name(len(entries))).exists():
        whole = whole_fragments(path.read_bytes())
        if whole is None or origin_s is None:
            # Cannot be played, for want of one whole part or of its init segment.
            path.rename(path.with_suffix(".lost"))
            break
        _truncate(path, whole.length)
        newest = init_name(inits - 1)
        changed = newest not in {entry.init for entry in entries}
        entry = playlist.Entry(
            path.name,
            (whole.end - whole.start) / VIDEO_CLOCK_RATE,
            origin_s * 1000 + whole.start * 1000 // VIDEO_CLOCK_RATE,
            newest if changed else None,
            discontinuity=changed and bool(entries),
        )
        append(folder, playlist.lines(entry))
        entries.append(entry)
        log.warning("%s: %.2f s of it were saved", path, entry.duration_s)
    return playlist.Playlist(tuple(entries), listed.ended, listed.length)


def append(folder: Path, text: str) -> None:
    """Adds whole lines to the playlist in one write."""
    with (folder / INDEX).open("ab", buffering=0) as file:
        write_all(file, text.encode())


def write_all(file: FileIO, data: bytes) -> None:
    """An unbuffered file may take only a part; the rest of the disk's answer is an `OSError`."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _truncate(path: Path, length: int) -> None:
    with path.open("r+b") as file:
        file.truncate(length)
