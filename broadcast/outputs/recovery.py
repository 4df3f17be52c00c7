"""Opens a recording's folder, new or left behind by a crash, and says where to go on.

What is on disk is made true first: a playlist line that was cut short goes, the torn tail of the
last segment goes, and a segment that was never listed is listed with the length it really has: it
is written anew, for what a sync failed on may be lost although it can still be read (fsync(2)).
Running it twice changes nothing more. Raises `OSError` where the disk refuses.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from broadcast.outputs import manifest, playlist
from broadcast.outputs.disk import (
    DISK,
    Disk,
    append,
    make_folder,
    readable,
    replace,
)
from broadcast.outputs.fmp4 import Whole, origin_of, whole_fragments
from broadcast.outputs.vault import PLAIN, Envelope
from streams.frames import VIDEO_CLOCK_RATE

INDEX = "index.m3u8"

log = logging.getLogger(__name__)


def segment_name(number: int) -> str:
    return f"{number:08}.m4s"


def init_name(number: int) -> str:
    return f"init-{number}.mp4"


def listed_in(folder: Path) -> playlist.Playlist | None:
    """What a recording lists, as far as it can be read; None: nothing. Raises `OSError`."""
    try:
        return playlist.parse((folder / INDEX).read_text("utf-8", "replace"))
    except FileNotFoundError:
        return None


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
    for path in folder.glob(".*.new"):
        path.unlink()
    listed, sealed = _whole_playlist(folder, segment_ms, disk), _sealed(folder)
    origins_s = _whole_inits(folder, listed, sealed, envelope)
    if not listed.ended:
        listed = _list_orphans(folder, listed, origins_s, _inits_of(sealed), disk, envelope)
    size = sum(path.stat().st_size for path in folder.glob("*.m4s"))
    count = len(listed.entries)
    return Recovered(
        count, len(origins_s), _newest(origins_s), listed.duration_s, size, listed.ended
    )


def _whole_playlist(folder: Path, segment_ms: int, disk: Disk) -> playlist.Playlist:
    index = folder / INDEX
    data, whole = readable(index) if index.exists() else (b"", True)
    text = data.decode("utf-8", "replace")
    listed = playlist.parse(text)
    if listed is None:
        index.unlink(missing_ok=True)
        append(index, playlist.header(segment_ms), disk)
        disk.sync_folder(folder)
        return playlist.Playlist((), ended=False, length=0)
    if not whole or (not listed.ended and listed.length < len(text)):
        log.warning("%s: a line that was cut short is taken back", index)
        replace(index, text[: listed.length].encode(), disk)
    return listed


def _whole_inits(
    folder: Path, listed: playlist.Playlist, sealed: Sequence[str], envelope: Envelope
) -> dict[str, int | None]:
    """Each, and the origin that it tells, or that before it."""
    closed = {entry.init for entry in listed.entries if entry.init}.union(sealed)
    origins_s: dict[str, int | None] = {}
    while (path := folder / init_name(len(origins_s))).exists():
        told_s = origin_of(envelope.open(readable(path)[0]))
        if told_s is None and path.name not in closed:
            # Torn before any segment needed it: another takes its place.
            path.unlink()
            break
        # One that was closed stays, even if this key does not open it: another may.
        origins_s[path.name] = _newest(origins_s) if told_s is None else told_s
    return origins_s


def _newest(origins_s: dict[str, int | None]) -> int | None:
    return next(reversed(origins_s.values()), None)


def _sealed(folder: Path) -> list[str]:
    """Those that were whole once, in the order in which they were closed."""
    sums = folder / manifest.NAME
    data, _ = readable(sums) if sums.exists() else (b"", True)
    return [one.name for one in manifest.parse(data.decode("utf-8", "replace")).entries]


def _inits_of(sealed: Sequence[str]) -> dict[str, str]:
    """With which init segment each segment was made, which is closed before it: what a playlist
    that lost a bit does not say any more."""
    found, init = dict[str, str](), None
    for name in sealed:
        if name.endswith(".mp4"):
            init = name
        elif init is not None:
            found[name] = init
    return found


def entry_of(
    name: str, whole: Whole, origin_s: int, init: str | None, *, first: bool
) -> playlist.Entry:
    """Of a segment, by what is in it; `init` where that changes."""
    return playlist.Entry(
        name,
        (whole.end - whole.start) / VIDEO_CLOCK_RATE,
        origin_s * 1000 + whole.start * 1000 // VIDEO_CLOCK_RATE,
        init,
        discontinuity=init is not None and not first,
    )


def _list_orphans(
    folder: Path,
    listed: playlist.Playlist,
    origins_s: dict[str, int | None],
    inits: Mapping[str, str],
    disk: Disk,
    envelope: Envelope,
) -> playlist.Playlist:
    """`inits` of segments that were closed; one that was not belongs to the newest."""
    entries, init = list(listed.entries), listed.init
    newest = next(reversed(origins_s), None)
    while (path := folder / segment_name(len(entries))).exists():
        stored, _ = readable(path)
        whole = whole_fragments(envelope.open(stored))
        its = inits.get(path.name, newest)
        origin_s = origins_s.get(its) if its is not None else None
        if whole is None or origin_s is None:
            # Cannot be played, for want of one whole part or of its init segment.
            path.rename(path.with_suffix(".lost"))
            break
        replace(path, stored[: envelope.head_bytes + whole.length], disk)
        changed, init = its != init, its
        new = its if changed else None
        entry = entry_of(path.name, whole, origin_s, new, first=not entries)
        append(folder / INDEX, playlist.lines(entry), disk)
        entries.append(entry)
        log.warning("%s: %.2f s of it were saved", path, entry.duration_s)
    return playlist.Playlist(tuple(entries), listed.ended, listed.length)
