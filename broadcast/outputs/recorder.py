"""Writes one recording: parts into segments, segments into the playlist."""

import contextlib
from io import FileIO
from pathlib import Path

from broadcast.outputs import playlist
from broadcast.outputs.fmp4 import Sample, fragment, init_segment
from broadcast.outputs.parts import Part
from broadcast.outputs.recovery import append, init_name, recover, segment_name, write_all
from config.settings import Program
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE


class Recorder:
    """One run in one folder: from the first part after opening to `close`. Raises `OSError`."""

    def __init__(self, folder: Path, program: Program, segment_ms: int) -> None:
        self._folder, self._program = folder, program
        found = recover(folder, segment_ms)
        self._segment, self._init, self._origin_s = found.segments, found.inits, found.origin_s
        self.ended = found.ended
        self.recorded_s, self.recorded_bytes = found.duration_s, found.size_bytes
        self._file: FileIO | None = None
        self._sequence = 0
        self._start = self._end = 0
        self._new_init: str | None = None

    def write(self, part: Part) -> None:
        """Appends the part; begins a segment, and an init segment, where it says so."""
        if part.starts_segment or self._file is None:
            self.finish_segment()
            self._begin_segment(part)
        assert self._file is not None
        assert self._origin_s is not None
        self._sequence += 1
        video = _since(part.video, self._origin_s * VIDEO_CLOCK_RATE)
        audio = _since(part.audio, self._origin_s * AUDIO_CLOCK_RATE)
        data = fragment(self._sequence, video, audio)
        write_all(self._file, data)
        self._end = part.end
        self.recorded_s += (part.end - part.start) / VIDEO_CLOCK_RATE
        self.recorded_bytes += len(data)

    def _begin_segment(self, part: Part) -> None:
        if self._origin_s is None:
            # The sound of the first part may begin a little before its picture.
            self._origin_s = (part.start - VIDEO_CLOCK_RATE // 10) // VIDEO_CLOCK_RATE
        if part.discontinuity or self._sequence == 0:
            self._write_init(part)
        path = self._folder / segment_name(self._segment)
        self._file = path.open("xb", buffering=0)
        self._start = part.start

    def _write_init(self, part: Part) -> None:
        assert self._origin_s is not None
        name = init_name(self._init)
        size = self._program.width, self._program.height
        data = init_segment(*size, part.parameters, self._origin_s)
        with (self._folder / name).open("xb", buffering=0) as file:
            write_all(file, data)
        self._init += 1
        self._new_init = name

    def finish_segment(self) -> None:
        """Lists the segment that is open, if one is."""
        if self._file is None:
            return
        self._file.close()
        self._file = None
        entry = playlist.Entry(
            segment_name(self._segment),
            (self._end - self._start) / VIDEO_CLOCK_RATE,
            self._start * 1000 // VIDEO_CLOCK_RATE,
            self._new_init,
            discontinuity=self._new_init is not None and self._segment > 0,
        )
        append(self._folder, playlist.lines(entry))
        self._segment += 1
        self._new_init = None

    def end(self) -> None:
        """Nothing will follow: marks the playlist as complete, once."""
        self.finish_segment()
        if not self.ended and self._segment:
            append(self._folder, playlist.END)
        self.ended = True

    def abandon(self) -> None:
        """After a fault: lets go of the file as it is; recovery makes it true."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


def _since(samples: tuple[Sample, ...], origin: int) -> list[Sample]:
    return [Sample(s.time - origin, s.duration, s.key, s.data) for s in samples]
