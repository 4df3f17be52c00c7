"""The media player as a source beside the sites: what it shows is decoded already, and has its
presentation time (CLOCK_MONOTONIC) from the player's thread."""

import time
from collections import deque

import av

from broadcast.program import PLAYER
from broadcast.studio.clock import NS_PER_S
from broadcast.studio.encoders import Samples
from broadcast.studio.jitter import Reader, SampleRing
from broadcast.studio.mixer import FALL, RISE
from broadcast.studio.picturetrack import Picture, PictureTrack
from broadcast.studio.playout import Playout
from broadcast.studio.soundtrack import MAX_QUEUED_SOUND, SoundTrack
from broadcast.studio.sources import Source
from streams.frames import AUDIO_CLOCK_RATE


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

    def put(self, at_ns: int, samples: Samples) -> None:
        self._coming.append((at_ns * AUDIO_CLOCK_RATE // NS_PER_S, samples))

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

    def rest(self) -> None:
        super().rest()
        self._ran = False

    def block(self, from_ns: int) -> Samples | None:
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

    def show(self, frame: av.VideoFrame, at_ns: int, now_ns: int | None = None) -> None:
        """A picture, from `at_ns` on; pictures come in the order of their times."""
        self.picture.show(Picture(frame, at_ns, now_ns or at_ns))

    def rewind(self) -> None:
        """What was put and is not yet presented never will be."""
        self.sound.halt()
        self.picture.forget()

    def clear(self) -> None:
        """There is nothing to see any more."""
        self.rewind()
        self.picture.forget(shown=True)
