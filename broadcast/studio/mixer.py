"""Sound arithmetic: ramps, sums, mix-minus, limiter, meter. Pure; blocks of 20 ms, `(2, 960)`."""

import math
from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples

RAMP = 480
"""10 ms: short enough to lose no syllable, long enough not to click."""

CEILING = 0.71
"""Full scale is 1; peaks above are turned down (-3 dBFS), what still passes is bent, not cut."""

ROOF = 0.8
"""No sample is above (-1.9 dBFS). What lies between two of them may be, where much is bent:
`recorded.PeakLimiter` is for that."""

RELEASE = 0.02
"""How much of the way back to unity the limiter goes in a block: about a second in all."""

SILENCE_DBFS = -96.0

Key = TypeVar("Key")


def _ramp() -> Samples:
    x = (np.arange(RAMP) + 1) / RAMP
    rise = np.ones(BLOCK_SAMPLES, np.float32)
    rise[:RAMP] = 0.5 - 0.5 * np.cos(np.pi * x)
    return rise


RISE: Samples = _ramp()
FALL: Samples = (1 - RISE).astype(np.float32)


class Fader:
    """One microphone's switch. Opens and closes over 10 ms, at the start of a block."""

    def __init__(self) -> None:
        self.open = False
        self._was_open = False

    @property
    def silent(self) -> bool:
        """Nothing will be heard in the next block."""
        return not self.open and not self._was_open

    def apply(self, block: Samples) -> Samples:
        """Scales the block in place and returns it."""
        if self.open != self._was_open:
            block *= RISE if self.open else FALL
        elif not self.open:
            block[:] = 0
        self._was_open = self.open
        return block


def mix(blocks: Mapping[Key, Samples]) -> Samples:
    """The sum of all; silence if there are none. A fresh array."""
    total = np.zeros((2, BLOCK_SAMPLES), np.float32)
    for block in blocks.values():
        total += block
    return total


class Limiter:
    """Keeps one bus below the roof: gain falls at once (over the first 5 ms of the block), comes
    back slowly; what is still above the ceiling is bent by tanh, which adds no clicks."""

    ATTACK = 240

    def __init__(self) -> None:
        self._gain = 1.0

    def apply(self, block: Samples) -> Samples:
        """Limits in place and returns the block."""
        peak = float(np.abs(block).max())
        last = self._gain
        wanted = CEILING / peak if peak > CEILING else 1.0
        self._gain = min(wanted, last + (1 - last) * RELEASE if last < 0.999 else 1.0)
        if last != 1.0 or self._gain != 1.0:
            curve = np.full(BLOCK_SAMPLES, self._gain, np.float32)
            curve[: self.ATTACK] = np.linspace(last, self._gain, self.ATTACK, dtype=np.float32)
            block *= curve
            bend(block)
        return block


def bend(block: Samples) -> None:
    """Soft clip in place: linear up to the ceiling, then asymptotic to the roof."""
    over = np.abs(block) > CEILING
    if over.any():
        loud = block[over]
        room = ROOF - CEILING
        block[over] = np.sign(loud) * (CEILING + room * np.tanh((np.abs(loud) - CEILING) / room))


class Meter:
    """Root mean square since it was last read, in dBFS where a full-scale sine is 0 (AES17)."""

    TOGETHER = 8
    """Blocks are summed up at once: each step costs the same for one."""

    def __init__(self) -> None:
        self._new: list[Samples] = []
        self._squares = 0.0
        self._count = 0
        self._last = SILENCE_DBFS

    def add(self, samples: Samples) -> None:
        """The samples are kept for a while, and must stay as they are."""
        self._new.append(samples)
        if len(self._new) == self.TOGETHER:
            self._sum_up()

    def _sum_up(self) -> None:
        flat = np.concatenate([samples.ravel() for samples in self._new])
        self._new.clear()
        self._squares += float(np.dot(flat, flat))
        self._count += flat.size

    def read(self) -> float:
        """-96 for silence. Starts anew; where nothing came since, it stands where it stood: sound
        that nobody waits for comes now and then."""
        if self._new:
            self._sum_up()
        if self._count:
            mean = self._squares / self._count
            self._last = max(SILENCE_DBFS, 10 * math.log10(2 * mean)) if mean else SILENCE_DBFS
            self._squares, self._count = 0.0, 0
        return self._last
