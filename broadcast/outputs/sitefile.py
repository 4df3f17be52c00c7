"""One Matroska file of a site's stream as it came. FFmpeg muxes; a cluster is written five times a
second, and no finalising step is needed."""

import contextlib
import hashlib
import io
import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import OutputContainer
from av.video.stream import VideoStream

from broadcast.outputs.disk import Disk, write_all
from broadcast.outputs.fmp4 import split_access_unit
from streams.frames import AUDIO_CLOCK_RATE, NS_PER_S, Codec, EncodedFrame

SYNC_NS = NS_PER_S * 3 // 10
"""How old what is not safe may get; with the cluster in the making and the picture that waits for
its sound, a power cut costs less than a second."""
NEW_STREAM_NS = 8 * NS_PER_S
"""Media time that moves by so much more or less than the clock is another stream's, as for playout
(`broadcast/studio/playout.py`): no line stands still for so long and then gives all."""
OPTIONS = {
    "live": "1",
    "flush_packets": "1",
    "cluster_time_limit": "200",
    # Sound comes only while the microphone is open: the picture must not wait for it.
    "max_interleave_delta": "200000",
}

Shape = tuple[Codec, bytes]
"""What a decoder must know first: a file holds one."""


class UnfitError(Exception):
    """No file can begin with this keyframe, or go on with this frame: the site's fault, not the
    disk's."""


def shape_of(frame: EncodedFrame) -> Shape | None:
    """Of a keyframe, or of sound alone; None if it lacks what it takes to decode it."""
    if not frame.codec.is_video:
        return (frame.codec, b"")
    if frame.codec is Codec.H264:
        parameters, _ = split_access_unit(frame.data)
        return None if parameters is None else (frame.codec, parameters.sps + parameters.pps)
    # VP8: width and height follow the start code of a keyframe (RFC 6386, 9.1).
    return (frame.codec, frame.data[6:10]) if len(frame.data) >= 10 else None


class SiteFile:
    """From one keyframe on, with the sound that comes beside it; or sound alone. Raises `OSError`;
    the constructor and `add` also `UnfitError`."""

    def __init__(self, path: Path, first: EncodedFrame, disk: Disk) -> None:
        self.path, self.size, self.shape = path, 0, shape_of(first)
        self._disk, self._hash = disk, hashlib.sha256()
        with _fit(), _probe(first) as probe:
            template = _picture_in(probe) if probe is not None else None
            self._file = path.open("xb", buffering=0)
            self._container: OutputContainer = av.open(
                self, "w", format="matroska", options=OPTIONS
            )
            self._video: VideoStream | None = None
            if template is not None:
                self._video = self._container.add_stream_from_template(template)
        self._audio = self._container.add_stream("libopus", rate=AUDIO_CLOCK_RATE)
        self._first = first
        self._first_sound: EncodedFrame | None = None
        self._last: dict[bool, int] = {}
        self._transit_ns: dict[bool, int] = {}
        """From media time to arrival, of the last picture and the last sound."""
        self._newest_ns = self._synced_ns = first.received_ns

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    @property
    def duration_s(self) -> float:
        """As its frames came."""
        return (self._newest_ns - self._first.received_ns) / NS_PER_S

    def write(self, data: bytes) -> int:
        """For the muxer."""
        write_all(self._file, data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def add(self, frame: EncodedFrame) -> None:
        """The next picture or sound. What lies before the first picture is left out."""
        video = frame.codec.is_video
        stream = self._video if video else self._audio
        if stream is None:
            return
        if not video and not self.goes_on(frame):
            self._first_sound = None
        self._transit_ns[video] = _transit_ns(frame)
        at = self._time(frame)
        if at <= self._last.get(video, -1):
            return
        self._last[video] = at
        packet = av.Packet(frame.data)
        packet.pts = packet.dts = at
        packet.time_base = Fraction(1, frame.codec.clock_rate)
        packet.is_keyframe = frame.key
        packet.stream = stream
        with _fit():
            self._container.mux(packet)
        self._newest_ns = frame.received_ns

    def goes_on(self, frame: EncodedFrame) -> bool:
        """Its media time follows that of the last picture, or sound. A site that chooses another
        source of its own (an SSRC, RFC 3550) begins with any."""
        last_ns = self._transit_ns.get(frame.codec.is_video)
        return last_ns is None or abs(_transit_ns(frame) - last_ns) < NEW_STREAM_NS

    def _time(self, frame: EncodedFrame) -> int:
        """In the stream's own units, zero at the first picture."""
        if frame.codec.is_video:
            return frame.pts - self._first.pts
        if self._first_sound is None:
            self._first_sound = frame
        sound, rate = self._first_sound, frame.codec.clock_rate
        return frame.pts - sound.pts + _later_ns(self._first, sound) * rate // NS_PER_S

    @property
    def due(self) -> bool:
        """What was written since the last sync is to be made safe."""
        return self._newest_ns - self._synced_ns >= SYNC_NS

    def sync(self) -> None:
        self._disk.sync(self._file)
        self._synced_ns = self._newest_ns

    def close(self) -> None:
        """Whole, and safe on the disk."""
        self._container.close()
        self._disk.sync(self._file)
        self._file.close()

    def abandon(self) -> None:
        """After a fault: as it is."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError, ValueError, av.error.FFmpegError):
            self._container.close()


@contextlib.contextmanager
def _fit() -> Iterator[None]:
    """What the disk refuses is an `OSError`, and stays one."""
    try:
        yield
    except OSError:
        raise
    except av.error.FFmpegError as error:
        raise UnfitError(str(error)) from error


def _transit_ns(frame: EncodedFrame) -> int:
    return frame.received_ns - frame.pts * NS_PER_S // frame.codec.clock_rate


def _later_ns(first: EncodedFrame, second: EncodedFrame) -> int:
    """By the site's own clock if it told it, else as they came."""
    if first.captured_ns is not None and second.captured_ns is not None:
        return second.captured_ns - first.captured_ns
    return second.received_ns - first.received_ns


def _probe(key: EncodedFrame) -> AbstractContextManager[av.container.InputContainer | None]:
    """The keyframe alone, opened as a file: so FFmpeg reads size and parameter sets from it."""
    if not key.codec.is_video:
        return nullcontext()
    if key.codec is Codec.H264:
        return av.open(io.BytesIO(key.data), "r", format="h264")
    width, height = struct.unpack_from("<HH", key.data, 6)
    head = struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, b"VP80", width, height, 90_000, 1, 1, 0)
    frame = struct.pack("<IQ", len(key.data), 0) + key.data
    return av.open(io.BytesIO(head + frame), "r", format="ivf")


def _picture_in(probe: av.container.InputContainer) -> VideoStream:
    """Raises `UnfitError`."""
    found = next(iter(probe.streams.video), None)
    if found is None or not (found.codec_context.width and found.codec_context.height):
        raise UnfitError("a keyframe without a size")
    return found
