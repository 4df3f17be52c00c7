"""The sites as the studio hears and sees them: frames in, decoded sound and pictures out.

Threads: the loop offers frames; the mixing thread decodes sound (50 µs a packet, so that no
wake-up is spent on it); a small pool decodes pictures, one worker at a time for each site; the
frame clock and the stills take pictures. What crosses is a deque or a whole immutable value.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import av
import av.error
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from broadcast.studio.encoders import AUDIO_TIME_BASE, VIDEO_TIME_BASE, Samples
from broadcast.studio.jitter import Reader, SampleRing
from broadcast.studio.mixer import Fader, Meter
from broadcast.studio.playout import NS_PER_S, Playout
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE, Codec, EncodedFrame, SiteId

MAX_QUEUED_FRAMES = 45
"""1.5 s of pictures that wait for a decoder; then everything up to the next keyframe is dropped."""

MAX_QUEUED_SOUND = 100
"""2 s of Opus packets; then the oldest is dropped."""

MAX_PICTURES = 16
"""Decoded and not yet due: the longest hold at 30/s, and some; then the oldest is dropped."""

KEYFRAME_INTERVAL_NS = 500_000_000
MAX_PIXELS = 4096 * 2304
"""A stream that says it is larger is not believed: its pictures would take all memory."""

SMALL_PIXELS = 640 * 360
"""A standby site that sends no more is always decoded whole (0.01 of a core)."""

LARGE_DECODED = 4
"""Of the others so many (0.04 of a core each at 720p); the rest by their keyframes."""

log = logging.getLogger(__name__)


def media_ns(frame: EncodedFrame) -> int:
    return frame.pts * NS_PER_S // frame.codec.clock_rate


class SoundTrack:
    """Opus packets to 20 ms blocks. `offer` on the loop, all else on the mixing thread."""

    def __init__(self, playout: Playout) -> None:
        self._playout = playout
        self._inbox: deque[EncodedFrame] = deque()
        self._decoder: AudioCodecContext | None = None
        self._ring = SampleRing()
        self._reader = Reader()
        self.meter = Meter()
        self.fader = Fader()
        self.dropped = 0
        self.received_ns = 0
        """Of the newest packet; 0 before the first."""

    def offer(self, frame: EncodedFrame) -> None:
        if len(self._inbox) >= MAX_QUEUED_SOUND:
            self._inbox.popleft()
            self.dropped += 1
        self._inbox.append(frame)

    def decode(self) -> None:
        """All that came since the last block."""
        while self._inbox:
            frame = self._inbox.popleft()
            self.received_ns = frame.received_ns
            try:
                samples = self._decoded(frame)
            except av.error.FFmpegError as error:
                log.debug("%s: broken Opus packet: %s", frame.source, error)
                self._decoder = None
                continue
            self.meter.add(samples)
            self._ring.write(frame.pts, samples)

    def _decoded(self, frame: EncodedFrame) -> Samples:
        if self._decoder is None:
            self._decoder = _opus_decoder()
        packet = av.Packet(frame.data)
        packet.pts, packet.time_base = frame.pts, AUDIO_TIME_BASE
        parts = [planar(decoded) for decoded in self._decoder.decode(packet)]
        return np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), np.float32)

    def rest(self) -> None:
        """Nobody listens: the next block may be read from wherever it ought to be."""
        self._reader = Reader()
        self._playout.sound_error_ns = 0

    def block(self, from_ns: int) -> Samples | None:
        """The 20 ms to be heard from `from_ns` (CLOCK_MONOTONIC) on; None if nothing ever came."""
        target_ns = self._playout.sound_target_ns
        if target_ns is None:
            return None
        ideal = (from_ns - target_ns) * AUDIO_CLOCK_RATE // NS_PER_S
        block = self._reader.block(self._ring, ideal)
        self._playout.sound_error_ns = self._reader.late * NS_PER_S // AUDIO_CLOCK_RATE
        return block


def _opus_decoder() -> AudioCodecContext:
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate = AUDIO_CLOCK_RATE
    decoder.layout = "stereo"
    return decoder


def planar(frame: av.AudioFrame) -> Samples:
    """Any decoded stereo sound as `(2, n)` floats."""
    samples = frame.to_ndarray()
    floats = samples.astype(np.float32, copy=False)
    if samples.dtype == np.int16:
        floats = floats * np.float32(1 / 32768)
    return floats if frame.format.is_planar else floats.reshape(-1, 2).T


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture and when it came in."""

    frame: av.VideoFrame
    media_ns: int
    received_ns: int


class PictureTrack:
    """Encoded frames to pictures waiting for their presentation time."""

    def __init__(self, playout: Playout, ask_keyframe: Callable[[], None]) -> None:
        self._playout = playout
        self._ask_keyframe = ask_keyframe
        self._inbox: deque[EncodedFrame] = deque()
        self._pictures: deque[Picture] = deque(maxlen=MAX_PICTURES)
        self._decoder: VideoCodecContext | None = None
        self._codec: Codec | None = None
        self._received: dict[int, int] = {}
        """When the frames came in that the decoder still holds, by pts."""
        self._broken = True
        """Nothing can be decoded before the next keyframe."""
        self._asked_ns = 0
        self._shown: Picture | None = None
        self.newest: Picture | None = None
        self.wanted = False
        """On program or preview: every frame is decoded."""
        self.spared = False
        """Large and not wanted, but there is time for it."""
        self.dropped = 0
        self.received_ns = 0
        """Of the newest frame; 0 before the first."""
        self.lock = threading.Lock()
        """Held by the worker that decodes this track."""

    @property
    def large(self) -> bool:
        newest = self.newest
        return newest is not None and newest.frame.width * newest.frame.height > SMALL_PIXELS

    @property
    def waiting(self) -> bool:
        return bool(self._inbox)

    def offer(self, frame: EncodedFrame) -> bool:
        """On the loop. True if a worker should look."""
        self.received_ns = frame.received_ns
        if len(self._inbox) >= MAX_QUEUED_FRAMES:
            self.dropped += len(self._inbox)
            self._inbox.clear()
            self._broken = True
        if self._broken or not self._worth(frame):
            self._broken = not frame.key
            if self._broken:
                self._want_keyframe()
                return False
        self._inbox.append(frame)
        return True

    def _worth(self, frame: EncodedFrame) -> bool:
        """Whether to decode it; skipping one makes all up to the next keyframe useless."""
        return self.wanted or self.spared or frame.key or not self.large

    def restart(self) -> None:
        """The site's stream ended; the next one starts with a keyframe."""
        self._inbox.clear()
        self._broken = True

    def _want_keyframe(self) -> None:
        now = time.monotonic_ns()
        if (self.wanted or self.newest is None) and now - self._asked_ns >= KEYFRAME_INTERVAL_NS:
            self._asked_ns = now
            self._ask_keyframe()

    def decode(self) -> None:
        """On a worker: all that waits."""
        while self._inbox:
            try:
                frame = self._inbox.popleft()
            except IndexError:
                return
            try:
                self._decode(frame)
            except av.error.FFmpegError as error:
                log.debug("%s: broken picture: %s", frame.source, error)
                self._decoder = None
                self._broken = True

    def _decode(self, frame: EncodedFrame) -> None:
        if self._decoder is None or self._codec is not frame.codec:
            if not frame.key:
                self._broken = True
                return
            self._decoder, self._codec = _video_decoder(frame.codec), frame.codec
            self._received.clear()
        packet = av.Packet(frame.data)
        packet.pts = packet.dts = frame.pts
        packet.time_base = VIDEO_TIME_BASE
        self._received[frame.pts] = frame.received_ns
        for decoded in self._decoder.decode(packet):
            self._keep(decoded, frame)

    def _keep(self, decoded: av.VideoFrame, last: EncodedFrame) -> None:
        pts = last.pts if decoded.pts is None else decoded.pts
        received_ns = self._received.get(pts, last.received_ns)
        self._received = {p: r for p, r in self._received.items() if p > pts}
        when = pts * NS_PER_S // VIDEO_CLOCK_RATE
        if self.newest is not None and when < self.newest.media_ns - NS_PER_S:
            self._pictures.clear()
        picture = Picture(decoded, when, received_ns)
        self._pictures.append(picture)
        self.newest = picture

    def due(self, now_ns: int) -> Picture | None:
        """On the frame clock: the newest picture whose time has come (CLOCK_MONOTONIC)."""
        offset_ns = self._playout.picture_offset_ns
        if offset_ns is not None:
            while self._pictures and self._pictures[0].media_ns + offset_ns <= now_ns:
                self._shown = self._pictures.popleft()
        return self._shown


def _video_decoder(codec: Codec) -> VideoCodecContext:
    decoder = av.CodecContext.create("h264" if codec is Codec.H264 else "vp8", "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    decoder.flags |= Flags.low_delay
    decoder.options = {"max_pixels": str(MAX_PIXELS)}
    return decoder


class Source:
    """One site."""

    def __init__(self, site: SiteId, ask_keyframe: Callable[[SiteId], None]) -> None:
        self.site = site
        self.playout = Playout()
        self.sound = SoundTrack(self.playout)
        self.picture = PictureTrack(self.playout, lambda: ask_keyframe(site))
        self._retarget_at_ns = 0

    def offer(self, frame: EncodedFrame) -> bool:
        """On the loop. True if the picture's worker should look."""
        transit = self.playout.picture if frame.codec.is_video else self.playout.sound
        transit.add(media_ns(frame), frame.captured_ns, frame.received_ns)
        if frame.received_ns >= self._retarget_at_ns or transit.base_ns is None:
            self._retarget_at_ns = frame.received_ns + NS_PER_S // 2
            self.playout.retarget()
        if frame.codec.is_video:
            return self.picture.offer(frame)
        self.sound.offer(frame)
        return False


class Sources:
    """All sites that ever sent something, and the pool that decodes their pictures."""

    def __init__(self, ask_keyframe: Callable[[SiteId], None], workers: int = 2) -> None:
        self._ask_keyframe = ask_keyframe
        self._sources: dict[SiteId, Source] = {}
        self._wanted: frozenset[SiteId] = frozenset()
        self._jobs: queue.SimpleQueue[PictureTrack | None] = queue.SimpleQueue()
        self._workers = [
            threading.Thread(target=self._work, name=f"decode-{n}") for n in range(workers)
        ]

    def start(self) -> None:
        for worker in self._workers:
            worker.start()

    def close(self) -> None:
        for _ in self._workers:
            self._jobs.put(None)
        for worker in self._workers:
            worker.join()

    def offer(self, frame: EncodedFrame) -> None:
        """On the loop."""
        source = self._sources.get(frame.source)
        if source is None:
            source = self._sources[frame.source] = Source(frame.source, self._ask_keyframe)
            source.picture.wanted = frame.source in self._wanted
        if source.offer(frame):
            self._jobs.put(source.picture)

    def gone(self, site: SiteId) -> None:
        """The site left; its last picture stays until it counts as lost."""
        if (source := self._sources.get(site)) is not None:
            source.playout.restart()
            source.picture.restart()

    def get(self, site: SiteId) -> Source | None:
        return self._sources.get(site)

    def all(self) -> list[Source]:
        return list(self._sources.values())

    def want(self, sites: frozenset[SiteId]) -> None:
        """Sites whose every picture is needed: on program or preview."""
        self._wanted = sites
        for source in self.all():
            source.picture.wanted = source.site in sites
        self.share()

    def share(self) -> None:
        """Says which of the large standby sites are decoded whole; call it once in a while."""
        large = [s.picture for s in self.all() if s.picture.large and not s.picture.wanted]
        for number, picture in enumerate(large):
            picture.spared = number < LARGE_DECODED

    def _work(self) -> None:
        while (track := self._jobs.get()) is not None:
            # Whoever holds the lock looks again after letting go, so no frame is forgotten.
            while track.waiting and track.lock.acquire(blocking=False):
                try:
                    track.decode()
                finally:
                    track.lock.release()
