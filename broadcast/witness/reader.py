"""Reads a recording as it grows on the disk, and decodes it: keyframes and sound only."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from broadcast.outputs.fmp4 import boxes, whole_fragments
from broadcast.outputs.recovery import init_name, segment_name
from broadcast.witness.memory import Chunk, Picture, Sound
from streams.frames import VIDEO_CLOCK_RATE

THUMBNAIL = (160, 90)
UNPROBED = {"probesize": "32", "analyzeduration": "0"}
"""The init segment says all: FFmpeg need not decode pictures to find out."""


class UnreadableError(Exception):
    """What lies on the disk is no recording that plays."""


class Reader:
    """One folder, from its newest segment on. Raises `OSError`, `UnreadableError`."""

    def __init__(self, folder: Path, *, sound_alone: bool = False) -> None:
        self._folder, self._sound_alone = folder, sound_alone
        self._number = newest_segment(folder)
        self._offset = self._inode = 0

    def look(self) -> Chunk | None:
        """What was added since the last look; None if nothing was. One segment at a time."""
        # Asked first: once there is a next segment, this one has its last part.
        closed = (self._folder / segment_name(self._number + 1)).exists()
        data = self._added()
        if data is None and closed:
            self._number += 1
            self._offset = self._inode = 0
            data = self._added()
        return None if data is None else self._decoded(data)

    def _added(self) -> bytes | None:
        """Whole parts only."""
        path = self._folder / segment_name(self._number)
        if not path.exists():
            self._find_again()
            return None
        stat = path.stat()
        if stat.st_ino != self._inode or stat.st_size < self._offset:
            self._inode, self._offset = stat.st_ino, 0
        with path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = max((end for kind, _, end in boxes(data) if kind == b"mdat"), default=0)
        self._offset += whole
        return data[:whole] or None

    def _find_again(self) -> None:
        """A folder that was moved or lost under the recording was made anew: it counts from 0."""
        newest = newest_segment(self._folder)
        if newest < self._number - 1:
            self._number, self._offset, self._inode = newest, 0, 0

    def _decoded(self, parts: bytes) -> Chunk:
        span = whole_fragments(parts)
        if span is None:
            raise UnreadableError("parts without a beginning")
        try:
            start_s = span.start / VIDEO_CLOCK_RATE
            data = self._init() + parts
            return _decode(data, start_s, span.end, sound_alone=self._sound_alone)
        except (av.error.FFmpegError, ValueError) as error:  # a name that is no UTF-8
            raise UnreadableError(str(error)) from None

    def _init(self) -> bytes:
        """Of the newest run: the one that writes now."""
        number = 0
        while (self._folder / init_name(number + 1)).exists():
            number += 1
        return (self._folder / init_name(number)).read_bytes()


def newest_segment(folder: Path) -> int:
    """0 in an empty folder."""
    return max((int(path.stem) for path in folder.glob("*.m4s")), default=0)


@dataclass(frozen=True, slots=True)
class Beginning:
    """Of a segment, as a player decodes it."""

    size: tuple[int, int]
    """Width and height; (0, 0) of sound alone."""
    apart_ms: float
    """How far its sound begins from its picture."""
    at_s: float
    """In the media's time."""


def beginning_of(data: bytes) -> Beginning:
    """Of an init segment with a segment after it. Raises `UnreadableError`."""
    first: dict[str, av.VideoFrame | av.AudioFrame] = {}
    try:
        with av.open(io.BytesIO(data), "r", options=UNPROBED) as container:
            video, audio = container.streams.video[:1], container.streams.audio[:1]
            _look_at_keyframes(video)
            for packet in container.demux(*video, *audio):
                for frame in packet.decode():
                    if isinstance(frame, av.VideoFrame | av.AudioFrame):
                        first.setdefault(packet.stream.type, frame)
                if len(first) == len(video) + len(audio):
                    break
    except (av.error.FFmpegError, ValueError) as error:  # a name that is no UTF-8
        raise UnreadableError(str(error)) from None
    picture, sound = first.get("video"), first.get("audio")
    if sound is None or (picture is None and video):
        raise UnreadableError("no picture or no sound in it")
    heard_s = float(sound.time or 0)
    if not isinstance(picture, av.VideoFrame):
        return Beginning((0, 0), 0.0, heard_s)
    seen_s = float(picture.time or 0)
    return Beginning((picture.width, picture.height), abs(heard_s - seen_s) * 1000, seen_s)


def _decode(data: bytes, start_s: float, end: int, *, sound_alone: bool) -> Chunk:
    pictures: list[Picture] = []
    sounds: list[Sound] = []
    size = (0, 0)
    with av.open(io.BytesIO(data), "r", options=UNPROBED) as container:
        video, audio = container.streams.video[:1], container.streams.audio[:1]
        if not audio or not (video or sound_alone):
            raise UnreadableError("no picture or no sound in it")
        _look_at_keyframes(video)
        for packet in container.demux(*video, *audio):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    size = frame.width, frame.height
                    pictures.append(Picture(float(frame.time or 0), _small(frame)))
                elif isinstance(frame, av.AudioFrame):
                    sounds.append(Sound(float(frame.time or 0), _loudness(frame)))
    apart_ms = abs(sounds[0].at_s - start_s) * 1000 if sounds else 0.0
    end_s = end / VIDEO_CLOCK_RATE
    return Chunk(start_s, end_s, tuple(pictures), tuple(sounds), apart_ms, size)


def _look_at_keyframes(video: Iterable[VideoStream]) -> None:
    for stream in video:
        if stream.codec_context is None:
            raise UnreadableError("pictures that nobody can decode")
        stream.codec_context.skip_frame = "NONKEY"


def _small(frame: av.VideoFrame) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    width, height = THUMBNAIL
    plane = frame.reformat(width, height, "yuv420p").planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[:height, :width].copy()


def _loudness(frame: av.AudioFrame) -> float:
    peak = float(np.abs(frame.to_ndarray()).max(initial=0.0))
    return 20 * float(np.log10(max(peak, 1e-6)))
