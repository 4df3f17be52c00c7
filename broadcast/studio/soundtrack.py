"""A site's sound: Opus packets in, blocks of 20 ms out.

The loop offers packets; all else is on the mixing thread, which decodes too: at 50 µs a packet a
wake-up of another thread would cost more than the work.
"""

import logging
from collections import deque

import numpy as np

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.jitter import Reader, SampleRing
from broadcast.studio.loudness import Leveller
from broadcast.studio.mixer import FALL, RISE, Fader, Meter
from broadcast.studio.noise import DELAY, DELAY_NS, Cleaner
from broadcast.studio.opus import GRAIN, LONGEST_PACKET, OpusDecoder, OpusError, is_stereo
from broadcast.studio.playout import Playout
from broadcast.studio.voice import VoiceDetector
from streams.frames import AUDIO_CLOCK_RATE, NS_PER_S, EncodedFrame

MAX_QUEUED_SOUND = 100
"""2 s of Opus packets; then the oldest is dropped."""

EARLY = AUDIO_CLOCK_RATE * 10 // 1000
"""So much sooner than its presentation time sound is read, and it is stamped as much later: all of
a block must be here when it ends, 20 ms after it begins. 5 ms or more are left beyond the lateness
that the wait is made for; with 5 less, more would be lost where lines tremble."""

LOUDEST = 2.0
"""+6 dBFS. Of a packet that is none Opus makes up to 100 dB more, for which the limiter would turn
all others down for seconds. Its decoder to integers bounds it likewise."""

log = logging.getLogger(__name__)


class SoundTrack:
    """`offer` on the loop, everything else on the mixing thread."""

    def __init__(self, playout: Playout) -> None:
        self._playout = playout
        self._inbox: deque[EncodedFrame] = deque()
        self._decoder = OpusDecoder(1)
        self._next: int | None = None
        """The sample after the newest packet's last."""
        self._ring = SampleRing(1)
        """Of one channel until stereo comes, as it hardly ever does from a browser."""
        self._reader = Reader()
        self._packet: int | None = None
        """Where the newest packet begins; None where packets are not as long as blocks."""
        self.meter = Meter()
        self.leveller = Leveller()
        self.fader = Fader()
        self.voice = VoiceDetector()
        self._cleaner: Cleaner | None = None
        """Hears all that comes."""
        self._heard_by: Cleaner | None = None
        """The one that cleaned the last block; None if that was as it came, or there was none."""
        self.dropped = 0
        self.recovered = 0
        """Samples that were lost on the way and made again from the packets after them."""
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
            if self._ring.channels == 1 and is_stereo(frame.data):
                self._ring.widen()
                self._decoder, self._next = OpusDecoder(), None
                if self._cleaner is not None:
                    self._cleaner = Cleaner(2)
                    self.rest()
            try:
                self._recover(frame)
                samples = self._decoder.decode(frame.data)
            except OpusError as error:
                log.debug("%s: broken Opus packet: %s", frame.source, error)
                self._decoder, self._next = OpusDecoder(self._ring.channels), None
                continue
            self.meter.add(samples)
            self.voice.hear(samples)
            if self._cleaner is not None and self._heard_by is None:
                self._cleaner.listen(samples)
            self._ring.write(frame.pts, samples)
            self._packet = frame.pts if samples.shape[1] == BLOCK_SAMPLES else None
            self._next = frame.pts + samples.shape[1]

    def _recover(self, frame: EncodedFrame) -> None:
        """Fills a short gap before this packet; a longer one was silence (DTX), or is beyond help.
        Packets come in order, so what has not come by now never will."""
        lost = frame.pts - self._next if self._next is not None else 0
        if 0 < lost <= LONGEST_PACKET and lost % GRAIN == 0:
            self._ring.write(frame.pts - lost, self._decoder.recover(lost, frame.data))
            self.recovered += lost

    def rest(self) -> None:
        """Nobody listens: the next block may be read from wherever it ought to be."""
        self._heard_by = None
        self._reader = Reader()
        self._playout.sound_error_ns = 0

    def clean(self, *, wished: bool) -> None:
        """Takes the room's noise out as soon as the room is known, or leaves it in. That takes
        7 ms, for which the picture waits too."""
        self._playout.sound.work_ns = DELAY_NS if wished else 0
        if wished is (self._cleaner is None):
            self._cleaner = Cleaner(self._ring.channels) if wished else None

    def block(self, from_ns: int) -> Samples | None:
        """The 20 ms to be heard from `from_ns` (CLOCK_MONOTONIC) on, and `EARLY` sooner; None if
        nothing ever came."""
        target_ns = self._playout.sound_target_ns
        if target_ns is None:
            return None
        ideal = (from_ns - target_ns) * AUDIO_CLOCK_RATE // NS_PER_S + EARLY
        last = self._heard_by
        self._heard_by = self._cleaner if self._cleaner and self._cleaner.learnt else None
        return self._go_on(ideal) if last is self._heard_by else self._change_over(last, ideal)

    def _change_over(self, last: Cleaner | None, ideal: int) -> Samples:
        """The next block, faded over from what it would have been without the cleaner or with the
        last one. What is heard goes on sample by sample."""
        at = self._reader.place(ideal)
        old = self._ring.read(at, BLOCK_SAMPLES)
        if last is not None:
            old = last.apply(old)
            self._reader.skip(-DELAY)
        if self._heard_by is not None:
            self._heard_by.listen(self._ring.read(at + DELAY - BLOCK_SAMPLES, BLOCK_SAMPLES))
            self._reader.skip(DELAY)
        return self._go_on(ideal) * RISE + old * FALL

    def _go_on(self, ideal: int) -> Samples:
        if self._heard_by is None:
            return self._read(ideal)
        return self._heard_by.apply(self._read(ideal + DELAY))

    def level(self, block: Samples) -> Samples:
        """To the program's loudness, in place."""
        return self.leveller.apply(np.clip(block, -LOUDEST, LOUDEST, out=block))

    def _read(self, ideal: int) -> Samples:
        block = self._reader.block(self._ring, ideal, self._packet)
        self._playout.sound_error_ns = self._reader.late * NS_PER_S // AUDIO_CLOCK_RATE
        return block
