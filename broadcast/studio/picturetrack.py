"""A site's picture: encoded frames in, decoded pictures out when their time has come.

The loop offers frames; one thread at a time decodes, a worker of the pool or, of what is on the
picture, the frame clock itself; it takes what is due, and the stills what is newest.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import av
import av.error
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from broadcast.studio.colours import say_as_television
from broadcast.studio.encoders import VIDEO_TIME_BASE
from broadcast.studio.fields import Deinterlacer
from broadcast.studio.playout import Playout
from streams.frames import NS_PER_S, VIDEO_CLOCK_RATE, Codec, EncodedFrame

MAX_QUEUED_FRAMES = 45
"""1.5 s of pictures that wait for a decoder; then everything up to the next keyframe is dropped."""

MAX_PICTURES = 20
"""Decoded and not yet due: the longest wait at 30/s, and some; then some are left out."""

FOR_THE_CLOCK = 5
"""So many frames wait for the frame clock; if it does not fetch them, a worker comes after all."""

KEYFRAME_INTERVAL_NS = 500_000_000
MAX_PIXELS = 4096 * 2304
"""A stream that says it is larger is not believed: its pictures would take all memory."""

LEAST_ASPECT = 0.25
"""Of samples: television's are between 0.9 and 1.8 (H.264 table E-1), DV's HDTV 1.5."""

SMALL_PIXELS = 640 * 360
"""A standby site that sends no more is always decoded whole (0.01 of a core)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture and when it came in."""

    frame: av.VideoFrame
    media_ns: int
    received_ns: int
    aspect: float = 1.0
    """Width of its samples by their height."""


class PictureTrack:
    """Encoded frames to pictures waiting for their presentation time."""

    def __init__(self, playout: Playout, ask_keyframe: Callable[[], None]) -> None:
        self._playout = playout
        self._ask_keyframe = ask_keyframe
        self._inbox: deque[tuple[EncodedFrame, int]] = deque()
        """With the time since when it is here."""
        self._pictures: deque[Picture] = deque()
        self._decoder: VideoCodecContext | None = None
        self._codec: Codec | None = None
        self._fields = Deinterlacer()
        self._received: dict[int, int] = {}
        """When the frames came in that the decoder still holds, by pts."""
        self._broken = True
        """Nothing can be decoded before the next keyframe."""
        self._asked_ns = 0
        self.absent = True
        """Nothing of it has come since the site did."""
        self._shown: Picture | None = None
        self.newest: Picture | None = None
        self.wanted = False
        """On program or preview: every frame is decoded."""
        self.spared = False
        """Large and not wanted, but there is time for it."""
        self._aspect = 1.0
        """Of the samples, as the last keyframe has them."""
        self.as_television = False
        """Fetched from a camera, which is no browser."""
        self.clocked = False
        """On program: the frame clock decodes what came, just before it takes what is due."""
        self.dropped = 0
        self.received_ns = 0
        """Of the newest frame; 0 before the first."""
        self.lock = threading.Lock()
        """Held by whoever decodes this track."""
        self.announced = False
        """A worker is going to look, and will find what is added now."""

    @property
    def pixels(self) -> int:
        """Of its newest picture; 0 before the first."""
        newest = self.newest
        return 0 if newest is None else newest.frame.width * newest.frame.height

    @property
    def large(self) -> bool:
        return self.pixels > SMALL_PIXELS

    @property
    def waiting(self) -> bool:
        return bool(self._inbox)

    def offer(self, frame: EncodedFrame, here_ns: int) -> bool:
        """On the loop. True if a worker should look."""
        self.received_ns, self.absent = frame.received_ns, False
        if len(self._inbox) >= MAX_QUEUED_FRAMES:
            self.dropped += len(self._inbox)
            self._inbox.clear()
            self._broken = True
        if self._broken or not self._worth(frame):
            self._broken = not frame.key
            if self._broken:
                self._want_keyframe()
                return False
        self._inbox.append((frame, here_ns))
        if self.clocked and len(self._inbox) < FOR_THE_CLOCK:
            return False
        return self.announce()

    def announce(self) -> bool:
        """True if a worker should look who was not told yet."""
        announced, self.announced = self.announced, True
        return not announced

    def _worth(self, frame: EncodedFrame) -> bool:
        """Whether to decode it; skipping one makes all up to the next keyframe useless."""
        return self.wanted or self.spared or frame.key or not self.large

    def show(self, picture: Picture) -> None:
        """One that was decoded elsewhere, with a media time as the playout has it."""
        self.received_ns, self.absent = picture.received_ns, False
        self._add(picture)

    def _add(self, picture: Picture) -> None:
        """Where there is no room left, it takes the place of the last one. To drop the oldest,
        whose time is next, would leave nothing to see of who sends 50/s and waits for sound."""
        if len(self._pictures) == MAX_PICTURES:
            self._drop_past(picture.received_ns)
        if len(self._pictures) == MAX_PICTURES:
            with suppress(IndexError):
                self._pictures.pop()
        self._pictures.append(picture)
        self.newest = picture

    def forget(self, *, shown: bool = False) -> None:
        """Pictures that wait for their time will not be shown; `shown`: nor what is to be seen."""
        self._pictures.clear()
        if shown:
            self._shown = self.newest = None

    def restart(self) -> None:
        """The site's stream ended; the next one starts with a keyframe."""
        self._inbox.clear()
        self._broken = self.absent = True

    def _want_keyframe(self) -> None:
        now = time.monotonic_ns()
        if (self.wanted or self.newest is None) and now - self._asked_ns >= KEYFRAME_INTERVAL_NS:
            self._asked_ns = now
            self._ask_keyframe()

    def decode(self) -> None:
        """All that waits, unless another thread is at it."""
        self.announced = False
        # Whoever holds the lock looks again after letting go, so no frame is forgotten.
        while self.waiting and self.lock.acquire(blocking=False):
            try:
                self._decode_all()
            finally:
                self.lock.release()

    def _decode_all(self) -> None:
        while self._inbox:
            try:
                frame, here_ns = self._inbox.popleft()
            except IndexError:
                return
            try:
                self._decode(frame)
            except av.error.FFmpegError as error:
                log.debug("%s: broken picture: %s", frame.source, error)
                self._decoder = None
                self._broken = True
            # What the clock decodes has waited for the clock, and keeps no picture waiting.
            took_ns = 0 if self.clocked else time.monotonic_ns() - here_ns
            self._playout.picture.note_work(took_ns + self._fields.delay_ns)

    def _decode(self, frame: EncodedFrame) -> None:
        if self._decoder is None or self._codec is not frame.codec:
            if not frame.key:
                self._broken = True
                return
            self._decoder, self._codec = _video_decoder(frame.codec), frame.codec
            self._fields = Deinterlacer()
            self._received.clear()
        packet = av.Packet(frame.data)
        packet.pts = packet.dts = frame.pts
        packet.time_base = VIDEO_TIME_BASE
        self._received[frame.pts] = frame.received_ns
        for decoded in self._decoder.decode(packet):
            for whole in self._fields.whole(decoded):
                self._keep(whole, frame)

    def _keep(self, decoded: av.VideoFrame, last: EncodedFrame) -> None:
        pts = last.pts if decoded.pts is None else decoded.pts
        received_ns = self._received.get(pts, last.received_ns)
        self._received = {p: r for p, r in self._received.items() if p > pts}
        when = pts * NS_PER_S // VIDEO_CLOCK_RATE
        if self.newest is not None and when < self.newest.media_ns - NS_PER_S:
            self._pictures.clear()
        if self.as_television:
            say_as_television(decoded)
        if last.key:
            self._aspect = aspect_of(self._decoder)
        picture = Picture(decoded, when, received_ns, self._aspect)
        self._add(picture)
        if not self.wanted:
            self._drop_past(time.monotonic_ns())

    def _drop_past(self, now_ns: int) -> None:
        """Nobody takes what is due of a site at standby: it keeps what it would show now, and what
        comes after that. Twenty pictures of each of fifty sites are 80 MB."""
        offset_ns = self._playout.picture_offset_ns
        if offset_ns is not None:
            with suppress(IndexError):
                while self._pictures[1].media_ns + offset_ns <= now_ns:
                    self._pictures.popleft()

    @property
    def kept(self) -> int:
        """Pictures that wait for their time."""
        return len(self._pictures)

    def due(self, now_ns: int) -> Picture | None:
        """On the frame clock: the newest picture whose time has come (CLOCK_MONOTONIC)."""
        if self.clocked:
            self.decode()
        offset_ns = self._playout.picture_offset_ns
        if offset_ns is not None:
            # Another thread may forget them at any moment.
            with suppress(IndexError):
                while self._pictures[0].media_ns + offset_ns <= now_ns:
                    self._shown = self._pictures.popleft()
        return self._shown


def aspect_of(stream: VideoCodecContext | VideoStream | None) -> float:
    """Of its samples, width by height; 1 where it says nothing that a camera could have."""
    said = None if stream is None else stream.sample_aspect_ratio
    return float(said) if said and LEAST_ASPECT < said < 1 / LEAST_ASPECT else 1.0


def _video_decoder(codec: Codec) -> VideoCodecContext:
    decoder = av.CodecContext.create("h264" if codec is Codec.H264 else "vp8", "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    decoder.flags |= Flags.low_delay
    decoder.options = {"max_pixels": str(MAX_PIXELS)}
    return decoder
