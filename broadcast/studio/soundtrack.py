"""A site's sound: Opus packets in, blocks of 20 ms out.

The loop offers packets; all else is on the mixing thread, which decodes too: at 50 µs a packet a
wake-up of another thread would cost more than the work.
"""

import logging
from collections import deque

import av
import av.error
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from broadcast.studio.encoders import AUDIO_TIME_BASE, Samples
from broadcast.studio.jitter import Reader, SampleRing
from broadcast.studio.mixer import Fader, Meter
from broadcast.studio.playout import NS_PER_S, Playout
from streams.frames import AUDIO_CLOCK_RATE, EncodedFrame

MAX_QUEUED_SOUND = 100
"""2 s of Opus packets; then the oldest is dropped."""

log = logging.getLogger(__name__)


class SoundTrack:
    """`offer` on the loop, everything else on the mixing thread."""

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
