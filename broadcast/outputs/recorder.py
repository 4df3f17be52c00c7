"""Writes one recording: parts into segments, segments into the playlist."""

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from broadcast.outputs import playlist
from broadcast.outputs.disk import DISK, Disk, append, write_all, write_new
from broadcast.outputs.fmp4 import (
    fragment,
    init_segment,
    since,
    sound_init_segment,
    video_time,
)
from broadcast.outputs.ledger import Ledger
from broadcast.outputs.parts import Part
from broadcast.outputs.recovery import INDEX, init_name, recover, segment_name
from broadcast.outputs.vault import PLAIN, Envelope
from config.settings import Program
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE


@dataclass(frozen=True, slots=True)
class Syncing:
    """When what was written is made safe, besides as its segment closes."""

    every_s: float
    """Seconds of media between two syncs; 0: with each part."""
    rest: int
    """The disk is left alone for so many times as long as the last one took."""


EAGER = Syncing(0.0, 1)
"""Of the whole picture. A power cut costs the part in the making and as long as two syncs take:
less than a second where a sync takes no more than 0.3 s, which then is half of the disk's time."""

BESIDE = Syncing(0.4, 5)
"""Of each recording beside the whole one. Less than a second where a sync takes no more than 0.1 s;
on a slower disk up to a segment, so that the whole one keeps its half of the disk's time."""


class Recorder:
    """One run in one folder: from the first part after opening to `end`. Raises `OSError`.

    A segment is safe before the manifest names it, and in the manifest before the playlist names
    it; `syncing` says how much of the open one is. Without a `program` it is the sound alone.
    """

    def __init__(
        self,
        folder: Path,
        program: Program | None,
        segment_ms: int,
        disk: Disk = DISK,
        envelope: Envelope = PLAIN,
        syncing: Syncing = EAGER,
        beside: "Recorder | None" = None,
    ) -> None:
        """`beside`: one whose times it shares, so that a player can play both at once."""
        self._folder, self._program, self._disk = folder, program, disk
        self._envelope, self._syncing, self._beside = envelope, syncing, beside
        found = recover(folder, segment_ms, disk, envelope)
        self._ledger = Ledger(folder, disk)
        self._ledger.add_missing(found.closed)
        self._segment, self._init, self._origin_s = found.segments, found.inits, found.origin_s
        self.ended = found.ended
        self.recorded_s, self.recorded_bytes = found.duration_s, found.size_bytes
        self.sync_took_s = 0.0
        """The last one: how slow the disk is."""
        self._synced_at, self._synced_end = 0.0, 0
        self._file: FileIO | None = None
        self._stored: Callable[[bytes], bytes] = bytes
        self._size, self._digest = 0, hashlib.sha256()
        self._sequence = 0
        self._start = self._end = 0
        self._new_init: str | None = None
        self.clock_set_s = self._set_s = 0
        """How far the machine's clock was set since program time began; and as last written."""
        self._owed = (False, False)
        """A segment to begin, and a discontinuity, of parts that had nothing for this one."""

    def write(self, part: Part) -> None:
        """Appends the part; begins a segment, and an init segment, where it says so."""
        begins, broken = self._owed[0] or part.starts_segment, self._owed[1] or part.discontinuity
        if self._program is None and not part.audio:
            self._owed = begins, broken
            return
        self._owed = False, False
        start, end = self._span(part)
        if begins or self._file is None:
            self.finish_segment()
            self._begin_segment(part, start, broken=broken)
        assert self._origin_s is not None
        self._sequence += 1
        pictures = part.video if self._program is not None else ()
        video = since(pictures, self._origin_s * VIDEO_CLOCK_RATE)
        audio = since(part.audio, self._origin_s * AUDIO_CLOCK_RATE)
        file = self._append(self._stored(fragment(self._sequence, video, audio)))
        self._end = end
        self._sync_when_due(file)
        self.recorded_s += (end - start) / VIDEO_CLOCK_RATE

    def _span(self, part: Part) -> tuple[int, int]:
        """1/90000 s, from and up to."""
        if self._program is not None:
            return part.start, part.end
        first, last = part.audio[0], part.audio[-1]
        return video_time(first.time), video_time(last.time + last.duration)

    def _append(self, data: bytes) -> FileIO:
        assert self._file is not None
        write_all(self._file, data)
        self._digest.update(data)
        self._size += len(data)
        self.recorded_bytes += len(data)
        return self._file

    def _sync_when_due(self, file: FileIO) -> None:
        now, syncing = self._disk.now_s(), self._syncing
        if now - self._synced_at < syncing.rest * self.sync_took_s:
            return
        if self._end - self._synced_end < syncing.every_s * VIDEO_CLOCK_RATE:
            return
        self._disk.sync(file)
        self._synced_at, self._synced_end = self._disk.now_s(), self._end
        self.sync_took_s = self._synced_at - now

    def _begin_segment(self, part: Part, start: int, *, broken: bool) -> None:
        # The sound of the first part may begin a little before its picture.
        first_s = (start - VIDEO_CLOCK_RATE // 10) // VIDEO_CLOCK_RATE
        if self._beside is not None:
            self._origin_s = self._beside._origin_s
        elif self._origin_s is None or first_s < self._origin_s:
            # New, or the wall clock was set back while the studio was away: no time may be below 0.
            self._origin_s = first_s
        if broken or self._sequence == 0 or self.clock_set_s != self._set_s:
            self._set_s = self.clock_set_s
            self._write_init(part)
        path = self._folder / segment_name(self._segment)
        self._file = path.open("xb", buffering=0)
        self._size, self._digest = 0, hashlib.sha256()
        head, self._stored = self._envelope.begin()
        self._append(head)
        self._start = start
        self._disk.sync_folder(self._folder)

    def _write_init(self, part: Part) -> None:
        assert self._origin_s is not None
        name, origin_s = init_name(self._init), self._origin_s + self._set_s
        head, stored = self._envelope.begin()
        if self._program is None:
            media = sound_init_segment(origin_s)
        else:
            size = self._program.width, self._program.height
            media = init_segment(*size, part.parameters, origin_s)
        data = head + stored(media)
        write_new(self._folder / name, data, self._disk)
        self._disk.sync_folder(self._folder)
        self._ledger.add(name, hashlib.sha256(data).hexdigest(), len(data))
        self._init += 1
        self._new_init = name

    def finish_segment(self) -> None:
        """Lists the segment that is open, if one is."""
        if self._file is None:
            return
        self._disk.sync(self._file)
        self._file.close()
        self._file = None
        name = segment_name(self._segment)
        self._ledger.add(name, self._digest.hexdigest(), self._size)
        entry = playlist.Entry(
            name,
            (self._end - self._start) / VIDEO_CLOCK_RATE,
            self._start * 1000 // VIDEO_CLOCK_RATE + self._set_s * 1000,
            self._new_init,
            discontinuity=self._new_init is not None and self._segment > 0,
        )
        append(self._folder / INDEX, playlist.lines(entry), self._disk)
        self._segment += 1
        self._new_init = None

    def end(self) -> None:
        """Nothing will follow: marks the playlist as complete, once."""
        self.finish_segment()
        if not self.ended and self._segment:
            append(self._folder / INDEX, playlist.END, self._disk)
            self._ledger.add_missing([INDEX])
        self.ended = True

    def abandon(self) -> None:
        """After a fault: lets go of the file as it is; recovery makes it true."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
