"""A site that flashes and beeps at moments that everybody on this machine knows.

Its camera and its microphone are a little slower than the program: a flash comes at all distances
from the program's next picture, and a packet of sound from its next block, one after the other. At
one distance alone, which would stand for as long as the machine is not started again, sound and
picture seem up to 40 ms nearer or further apart, and sound up to 20 ms faster or slower.
"""

import asyncio
import math
import time
from fractions import Fraction

import av
import numpy as np
from aiortc import MediaStreamTrack

from tests import media
from tests.media import RATE, Mark

PICTURE = Fraction(41, 1000)
"""Seconds; the program's are 40 ms apart."""
PICTURES = 25
"""From flash to flash."""
EVERY_S = float(PICTURES * PICTURE)
BEEP_S = 0.06
BLOCK_S = 0.020004
"""From packet to packet of 20 ms: 200 ppm slower than the program's blocks, once round in 100 s."""
HZ = 1000


class FlashCamera(MediaStreamTrack):
    """White for one frame whenever CLOCK_MONOTONIC passes a multiple of `EVERY_S`."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._tick = math.ceil(time.monotonic() / PICTURE)
        self._zero = self._tick

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(max(0.0, float(self._tick * PICTURE) - time.monotonic()))
        tick, self._tick = self._tick, self._tick + 1
        planar = media.draw(320, 180, Mark(1, 7), flash=tick % PICTURES == 0)
        return media.frame_of(planar, tick - self._zero, PICTURE)


class FlashBeeper(MediaStreamTrack):
    """60 ms of tone from the same moments on."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._tick = math.ceil(time.monotonic() / BLOCK_S)
        self._zero = self._tick
        self._tone = media.tone(HZ, 0.02) * 32767
        self._at_s = np.arange(len(self._tone)) / RATE

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0.0, self._tick * BLOCK_S - time.monotonic()))
        tick, self._tick = self._tick, self._tick + 1
        beeps = (tick * BLOCK_S + self._at_s) % EVERY_S < BEEP_S
        samples = (self._tone * beeps).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.sample_rate, frame.pts = RATE, (tick - self._zero) * len(samples)
        frame.time_base = Fraction(1, RATE)
        return frame
