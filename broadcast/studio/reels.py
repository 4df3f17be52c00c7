"""Films and sounds, as the media player opens them: pictures and sound at their places in time. For
the player's thread alone.

A file is opened as what its name says, never as a playlist or anything else that names further
files or addresses.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from broadcast.studio.canvas import planes_of
from broadcast.studio.colours import matrix_for, say_as_television
from broadcast.studio.encoders import Samples
from broadcast.studio.fields import Deinterlacer
from broadcast.studio.hdr import Flattener, is_high, within
from broadcast.studio.picturetrack import aspect_of
from streams.frames import AUDIO_CLOCK_RATE, NS_PER_MS, NS_PER_S

log = logging.getLogger(__name__)

FORMATS = {
    **dict.fromkeys((".mp4", ".m4v", ".mov", ".m4a"), "mov"),
    **dict.fromkeys((".mkv", ".webm"), "matroska"),
    **dict.fromkeys((".ogg", ".opus"), "ogg"),
    **{f".{name}": name for name in ("mp3", "wav", "flac")},
}
"""FFmpeg's name for what is in a file, by the end of its name."""
DECODING_THREADS = 2
HURRIED_NS, LATE_NS, LOST_NS = -100 * NS_PER_MS, -40 * NS_PER_MS, NS_PER_S
"""So near to its time a film leaves out pictures that no other needs; so near, once it was in time,
or so late, all up to its next keyframe. A machine that is too slow for its pictures is not too slow
for its sound."""
PREROLL_NS = 100 * NS_PER_MS
"""What comes out of a decoder of sound in its first moments is not what was put in (of Opus 80 ms,
RFC 7845 4.6)."""
LARGEST_TURNED = (1920, 1080)
"""To turn 2160p takes 30 ms, this 8."""
HIGH_APART_NS, HIGH_BEFORE_NS = NS_PER_S // 31, NS_PER_S // 5
"""Of 50 or 60 pictures a second of high dynamic range, which two cores would not make, every second
one is left out; and so is what comes so long before where it is to begin."""
LONGEST = AUDIO_CLOCK_RATE // 5
"""Samples. FLAC may have 65,535 in a block, which are eight seconds of a telephone's rate."""
LOUDEST = 8.0
"""+18 dBFS. A file of floating point may hold anything, infinity and NaN too, and what is mixed
with that is that."""


class UnplayableError(Exception):
    """`str()` is `missing`, `unreadable` or `too_large`; the page has a sentence for each."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A picture, or some sound."""

    at_ns: int
    """From the file's beginning."""
    picture: av.VideoFrame | None = None
    aspect: float = 1.0
    """Of the picture's samples, width by height."""
    sound: Samples | None = None


class Reel:
    """One stream of a file, which is open for it alone: however far its picture and its sound lie
    apart, as in what telephones and OBS write, each is read in its own place. Raises
    `UnplayableError`."""

    def __init__(self, path: Path, index: int) -> None:
        self._path, self._index = path, index
        self._open()

    def _open(self) -> None:
        self._container = _opened(self._path)
        self.stream = self._container.streams[self._index]
        if isinstance(self.stream, VideoStream):
            self.stream.codec_context.thread_count = DECODING_THREADS
        elif isinstance(self.stream, AudioStream):
            _name_no_channels(self.stream)

    def close(self) -> None:
        self._container.close()

    def seek(self, at_s: float) -> None:
        """To the keyframe before."""
        base = self.stream.time_base
        try:
            self._container.seek(0 if base is None else int(at_s / base), stream=self.stream)
        except av.error.FFmpegError:
            # It has no index, as a recording that was broken off: from its beginning.
            self.close()
            self._open()

    def packets(self) -> Iterator["Packet[Stream]"]:
        """To the file's end, or to where it was broken off."""
        try:
            yield from self._container.demux(self.stream)
        except av.error.FFmpegError as error:
            log.warning("%s cannot be read to its end: %s", self._path.name, error)


def _opened(path: Path) -> InputContainer:
    try:
        return av.open(
            str(path),
            format=FORMATS[path.suffix.lower()],
            options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except FileNotFoundError:
        raise UnplayableError("missing") from None
    except (av.error.FFmpegError, OSError, KeyError) as error:
        raise UnplayableError("unreadable") from error


class Film:
    """A film, or sound alone. Raises `UnplayableError`."""

    def __init__(self, path: Path) -> None:
        with _opened(path) as found:
            videos = [
                one for one in found.streams.video
                if one.codec_context is not None and not one.disposition & Disposition.attached_pic
            ]  # fmt: skip
            sounds = [one for one in found.streams.audio if one.codec_context is not None]
            sounds.sort(key=lambda one: not one.disposition & Disposition.default)
            self.duration_ns = (found.duration or 0) * 1000
            """0: it does not say."""
            self._start_ns = (found.start_time or 0) * 1000
            self.has_pictures = bool(videos)
            self._aspect = aspect_of(videos[0]) if videos else 1.0
            indices = [one.index for one in (*videos[:1], *sounds[:1])]
        if not indices:
            raise UnplayableError("unreadable")
        self._reels = [Reel(path, index) for index in indices]
        self._to_key = self._was_in_time = False
        """No picture is decoded before the next keyframe; and since the last jump it kept up."""
        self._resampler = AudioResampler("fltp", "stereo", AUDIO_CLOCK_RATE)
        self._fields = Deinterlacer()
        self._flattener, self._flattened_ns = Flattener(), 0
        """And when the last picture was that it made flat."""
        self._from_ns = 0
        """Where it was wished to begin."""

    def close(self) -> None:
        for reel in self._reels:
            reel.close()

    def from_(self, at_ns: int) -> Iterator[Piece]:
        """All pieces from the keyframe at or before `at_ns` on, in the order of their times. Ends
        what an earlier call gave."""
        for reel in self._reels:
            sooner_ns = 0 if isinstance(reel.stream, VideoStream) else PREROLL_NS
            reel.seek((max(0, at_ns - sooner_ns) + self._start_ns) / NS_PER_S)
        self._resampler = AudioResampler("fltp", "stereo", AUDIO_CLOCK_RATE)
        self._fields = Deinterlacer()
        self._to_key = self._was_in_time = False
        self._from_ns = at_ns
        return merge(*map(self._read, self._reels), key=lambda piece: piece.at_ns)

    def keep_up(self, late_ns: int) -> None:
        """How late what it gave last was; negative: before its time."""
        if self.has_pictures:
            hurried = late_ns > HURRIED_NS
            self._reels[0].stream.codec_context.skip_frame = "NONREF" if hurried else "DEFAULT"
            self._was_in_time |= not hurried
            self._to_key |= late_ns > (LATE_NS if self._was_in_time else LOST_NS)

    def _read(self, reel: Reel) -> Iterator[Piece]:
        """From where it stands."""
        for packet in reel.packets():
            if self._to_key and packet.stream.type == "video":
                if not packet.is_keyframe:
                    continue
                self._to_key = False
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                continue  # a broken part of a file; what follows may be whole
            for frame in frames:
                yield from self._pieces(frame)

    def sounds(self) -> Iterator[Samples]:
        """Its sound from where it stands, as opened from the beginning; nothing else is decoded."""
        for reel in self._reels[self.has_pictures :]:
            for piece in self._read(reel):
                if piece.sound is not None:
                    yield piece.sound

    def _pieces(self, frame: object) -> Iterator[Piece]:
        if isinstance(frame, av.VideoFrame):
            for shown in self._fields.whole(frame):
                if shown.pts is not None and shown.time_base is not None:
                    yield from self._picture(shown, self._at_ns(shown.pts, shown.time_base))
        elif isinstance(frame, av.AudioFrame):
            for sound in self._resampled(frame):
                if sound.pts is not None and sound.time_base is not None:
                    at_ns = self._at_ns(sound.pts, sound.time_base)
                    whole = _bounded(sound.to_ndarray().astype(np.float32))
                    for first in range(0, whole.shape[1], LONGEST):
                        later_ns = first * NS_PER_S // AUDIO_CLOCK_RATE
                        yield Piece(at_ns + later_ns, sound=whole[:, first : first + LONGEST])

    def _picture(self, frame: av.VideoFrame, at_ns: int) -> Iterator[Piece]:
        quarters = round(frame.rotation / 90) % 4
        if not is_high(frame):
            say_as_television(frame)
        elif self._spared(at_ns):
            return
        else:
            frame, self._flattened_ns = self._flattener.flat(frame), at_ns
        yield Piece(at_ns, *upright(frame, quarters, self._aspect))

    def _spared(self, at_ns: int) -> bool:
        """One of high dynamic range takes long."""
        early = at_ns < self._from_ns - HIGH_BEFORE_NS
        return early or 0 < at_ns - self._flattened_ns < HIGH_APART_NS

    def _resampled(self, frame: av.AudioFrame) -> list[av.AudioFrame]:
        try:
            return self._resampler.resample(frame)
        except ValueError:
            # Its rate or channels changed in the middle: two files were put together as one.
            self._resampler = AudioResampler("fltp", "stereo", AUDIO_CLOCK_RATE)
            return self._resampler.resample(frame)

    def _at_ns(self, pts: int, time_base: Fraction) -> int:
        return int(pts * time_base * NS_PER_S) - self._start_ns


def _name_no_channels(sound: AudioStream) -> None:
    """Where a file names each of its channels, as QuickTime's may, PyAV (18.1) frees the names once
    for each frame, and that ends the process. FFmpeg then takes them as of their number."""
    context = sound.codec_context
    layout = context.layout  # read once: that frees them too
    if "(" in layout.name:
        context.layout = f"{layout.nb_channels} channels"


def _bounded(sound: Samples) -> Samples:
    """In place."""
    return np.clip(np.nan_to_num(sound, copy=False), -LOUDEST, LOUDEST, out=sound)


def upright(frame: av.VideoFrame, quarters: int, aspect: float) -> tuple[av.VideoFrame, float]:
    """As it is to be seen: telephones write beside the picture how they were held. And the aspect
    of its samples."""
    if not quarters:
        return frame, aspect
    lying = frame.reformat(
        *within(frame, LARGEST_TURNED),
        format="yuv420p",
        interpolation="AREA",
        dst_colorspace=matrix_for(frame),
        dst_color_range=ColorRange.MPEG,
        threads=1,
    )
    width, height = (lying.height, lying.width) if quarters % 2 else (lying.width, lying.height)
    turned = av.VideoFrame(width, height, "yuv420p")
    turned.color_range, turned.colorspace = ColorRange.MPEG, lying.colorspace
    for plane, target in zip(planes_of(lying), planes_of(turned), strict=True):
        target[:] = np.rot90(plane, quarters)
    return turned, 1 / aspect if quarters % 2 else aspect
