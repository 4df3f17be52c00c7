"""A site that flashes and beeps at moments that everybody on this machine knows."""

import asyncio
import math
import time
from fractions import Fraction

import av
import numpy as np
from aiortc import MediaStreamTrack

from tests import media
from tests.media import RATE, Mark

FPS = 25
EVERY_S = 1
HZ = 1000


class FlashCamera(MediaStreamTrack):
    """White for one frame whenever CLOCK_MONOTONIC passes a multiple of `EVERY_S`."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._tick = math.ceil(time.monotonic() * FPS)
        self._zero = self._tick

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(max(0.0, self._tick / FPS - time.monotonic()))
        tick, self._tick = self._tick, self._tick + 1
        planar = media.draw(320, 180, Mark(1, 7), flash=tick % (EVERY_S * FPS) == 0)
        return media.frame_of(planar, tick - self._zero, Fraction(1, FPS))


class FlashBeeper(MediaStreamTrack):
    """60 ms of tone from the same moments on."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._tick = math.ceil(time.monotonic() * 50)
        self._zero = self._tick
        self._tone = (media.tone(HZ, 0.02) * 32767).astype(np.int16)

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0.0, self._tick / 50 - time.monotonic()))
        tick, self._tick = self._tick, self._tick + 1
        samples = self._tone * (tick % (EVERY_S * 50) < 3)
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.sample_rate, frame.pts = RATE, (tick - self._zero) * 960
        frame.time_base = Fraction(1, RATE)
        return frame
