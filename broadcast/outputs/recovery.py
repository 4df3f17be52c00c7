"""Opens a recording's folder, new or left behind by a crash, and says where to go on.

What is on disk is made true first: a playlist line that was cut short goes, the torn tail of the
last segment goes, and a segment that was never listed is listed with the length it really has.
Running it twice changes nothing more. Raises `OSError` where the disk refuses.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from broadcast.outputs import manifest, playlist
from broadcast.outputs.disk import DISK, Disk, append, make_folder, truncate
from broadcast.outputs.fmp4 import origin_of, whole_fragments
from broadcast.outputs.vault import PLAIN, Envelope
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
    """Unix time of decode time zero in the last run; None in a new folder."""
    duration_s: float
    size_bytes: int
    ended: bool

    @property
    def closed(self) -> list[str]:
        """The files that will not change any more, oldest first."""
        names = [init_name(number) for number in range(self.inits)]
        names += [segment_name(number) for number in range(self.segments)]
        return names + [INDEX] * self.ended


def recover(
    folder: Path, segment_ms: int, disk: Disk = DISK, envelope: Envelope = PLAIN
) -> Recovered:
    """Creates what is missing, mends what is torn."""
    make_folder(folder, disk)
    listed = _whole_playlist(folder, segment_ms, disk)
    inits, origin_s = _whole_inits(folder, listed, envelope)
    if not listed.ended:
        listed = _list_orphans(folder, listed, inits, origin_s, disk, envelope)
    size = sum(path.stat().st_size for path in folder.glob("*.m4s"))
    count = len(listed.entries)
    return Recovered(count, inits, origin_s, listed.duration_s, size, listed.ended)


def _whole_playlist(folder: Path, segment_ms: int, disk: Disk) -> playlist.Playlist:
    index = folder / INDEX
    text = index.read_text("utf-8", "replace") if index.exists() else ""
    listed = playlist.parse(text)
    if listed is None:
        index.unlink(missing_ok=True)
        append(index, playlist.header(segment_ms), disk)
        disk.sync_folder(folder)
        return playlist.Playlist((), ended=False, length=0)
    if not listed.ended and listed.length < len(text):
        log.warning("%s: a line that was cut short is taken back", index)
        truncate(index, len(text[: listed.length].encode()), disk)
    return listed


def _whole_inits(
    folder: Path, listed: playlist.Playlist, envelope: Envelope
) -> tuple[int, int | None]:
    """How many there are, and the origin that the last one tells."""
    origin_s, number, closed = None, 0, _closed_inits(folder, listed)
    while (path := folder / init_name(number)).exists():
        told_s = origin_of(envelope.open(path.read_bytes()))
        if told_s is None and path.name not in closed:
            # Torn before any segment needed it: another takes its place.
            path.unlink()
            break
        # One that was closed stays, even if this key does not open it: another may.
        origin_s = origin_s if told_s is None else told_s
        number += 1
    return number, origin_s


def _closed_inits(folder: Path, listed: playlist.Playlist) -> set[str]:
    """Those that were whole once."""
    sums = folder / manifest.NAME
    sealed = manifest.parse(sums.read_text("utf-8", "replace")).entries if sums.exists() else ()
    return {entry.init for entry in listed.entries if entry.init} | {one.name for one in sealed}


def _list_orphans(
    folder: Path,
    listed: playlist.Playlist,
    inits: int,
    origin_s: int | None,
    disk: Disk,
    envelope: Envelope,
) -> playlist.Playlist:
    entries = list(listed.entries)
    while (path := folder / segment_name(len(entries))).exists():
        whole = whole_fragments(envelope.open(path.read_bytes()))
        if whole is None or origin_s is None:
            # Cannot be played, for want of one whole part or of its init segment.
            path.rename(path.with_suffix(".lost"))
            break
        truncate(path, envelope.head_bytes + whole.length, disk)
        newest = init_name(inits - 1)
        changed = newest not in {entry.init for entry in entries}
        entry = playlist.Entry(
            path.name,
            (whole.end - whole.start) / VIDEO_CLOCK_RATE,
            origin_s * 1000 + whole.start * 1000 // VIDEO_CLOCK_RATE,
            newest if changed else None,
            discontinuity=changed and bool(entries),
        )
        append(folder / INDEX, playlist.lines(entry), disk)
        entries.append(entry)
        log.warning("%s: %.2f s of it were saved", path, entry.duration_s)
    return playlist.Playlist(tuple(entries), listed.ended, listed.length)
