"""The media player as a source beside the sites: what it shows is decoded already, and has its
presentation time (CLOCK_MONOTONIC) from the player's thread."""

import time
from collections import deque

import av
import numpy as np

from broadcast.program import PLAYER
from broadcast.studio.encoders import Samples
from broadcast.studio.jitter import Reader, SampleRing
from broadcast.studio.mixer import FALL, RISE
from broadcast.studio.picturetrack import Picture, PictureTrack
from broadcast.studio.playout import Playout
from broadcast.studio.soundtrack import MAX_QUEUED_SOUND, SoundTrack
from broadcast.studio.sources import Source
from streams.frames import AUDIO_CLOCK_RATE, NS_PER_S

SEAM = AUDIO_CLOCK_RATE // 500
"""2 ms: Matroska's times are whole milliseconds."""


class PlayerSound(SoundTrack):
    """`put`, `run` and `halt` on the player's thread, all else on the mixing thread. What was put
    is heard at its time; after `halt` nothing of it is, and it goes silent over 10 ms."""

    def __init__(self, playout: Playout) -> None:
        super().__init__(playout)
        self._ring = SampleRing()
        self._coming: deque[tuple[int, Samples]] = deque(maxlen=MAX_QUEUED_SOUND)
        self._epoch = 0
        """Grows with each `halt`."""
        self._heard_epoch = 0
        self._runs = False
        self._ran = False
        self.gain: float | None = None
        """What brings this file to the program's loudness; None: nobody measured it."""
        self._last_gain = 1.0
        self._follows = 0
        """The sample after the last that was put."""

    def put(self, at_ns: int, samples: Samples) -> None:
        """What goes on where the last piece ended begins with the sample after its last, however
        the file rounds its times: a sample too many or too few at each seam is a crackle."""
        at = round(at_ns * AUDIO_CLOCK_RATE / NS_PER_S)
        if abs(at - self._follows) <= SEAM:
            at = self._follows
        self._follows = at + samples.shape[1]
        self._coming.append((at, samples))

    def run(self) -> None:
        self._runs = True

    def halt(self) -> None:
        self._runs = False
        self._coming.clear()
        self._epoch += 1

    def decode(self) -> None:
        """Takes what was put; not before what was there before has faded."""
        if self._heard_epoch != self._epoch and self._ran:
            return
        if self._heard_epoch != self._epoch:
            self._heard_epoch = self._epoch
            self._ring, self._reader = SampleRing(), Reader()
        while self._coming:
            try:
                at, samples = self._coming.popleft()
            except IndexError:
                return  # it was halted just now
            self.received_ns = time.monotonic_ns()
            self.meter.add(samples)
            self._ring.write(at, samples)

    def level(self, block: Samples) -> Samples:
        """By what was measured of the whole file, so that its soft places stay soft; a file that
        was not measured is led like a voice."""
        if (gain := self.gain) is None:
            return super().level(block)
        block *= np.linspace(self._last_gain, gain, block.shape[1], dtype=np.float32)
        self._last_gain = gain
        return block

    def rest(self) -> None:
        super().rest()
        self._ran = False
        self._last_gain = self.gain or 1.0

    def block(self, from_ns: int) -> Samples | None:
        """As a site's, but ramped where the clip starts and stands."""
        runs = self._runs and self._heard_epoch == self._epoch
        ran, self._ran = self._ran, runs
        if not runs and not ran:
            super().rest()
            return None
        block = super().block(from_ns)
        if block is not None and runs != ran:
            block *= RISE if runs else FALL
        return block


class PlayerSource(Source):
    """`show` and `rewind` on the player's thread."""

    def __init__(self) -> None:
        self.site = PLAYER
        self.playout = Playout()
        self.playout.fix(0)
        self.sound: PlayerSound = PlayerSound(self.playout)
        self.picture = PictureTrack(self.playout, lambda: None)

    def show(
        self, frame: av.VideoFrame, at_ns: int, now_ns: int | None = None, aspect: float = 1.0
    ) -> None:
        """A picture, from `at_ns` on; pictures come in the order of their times. `aspect`: width by
        height of its samples."""
        self.picture.show(Picture(frame, at_ns, now_ns or at_ns, aspect))

    def rewind(self) -> None:
        """What was put and is not yet presented never will be."""
        self.sound.halt()
        self.picture.forget()

    def clear(self) -> None:
        """There is nothing to see any more."""
        self.rewind()
        self.picture.forget(shown=True)
