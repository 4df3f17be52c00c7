"""A site's decoded sound, addressed by sample time: late packets fall into place, missing ones are
concealed, and reading a little faster or slower follows the site's clock. Pure; one thread."""

import numpy as np

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from streams.frames import AUDIO_CLOCK_RATE

CAPACITY = 1 << 16
"""1.37 s."""

CONCEALED = 3 * BLOCK_SAMPLES
"""A gap up to 60 ms is filled with the sound before it, fading; a longer one is silence."""

JOIN = 240
"""5 ms of cross-fade wherever two pieces of sound meet that do not belong together."""

JUMP = AUDIO_CLOCK_RATE * 60 // 1000
"""An error above 60 ms is jumped over, one below is slewed away."""

DEAD_ZONE = AUDIO_CLOCK_RATE // 1000
MAX_SLEW = 4
"""Samples per block: 0.4 %, 7 cents, which nobody hears."""

_RISE: Samples = np.linspace(0, 1, JOIN, dtype=np.float32)


class SampleRing:
    """The newest 1.37 s; what was never written reads as silence."""

    def __init__(self) -> None:
        self._ring = np.zeros((2, CAPACITY), np.float32)
        self.head: int | None = None
        """The sample after the newest."""
        self._real_head = 0
        """The same, without what was concealed."""

    def write(self, at: int, samples: Samples) -> None:
        """Puts decoded sound in its place; what is older than the ring is ignored."""
        if self.head is None or abs(at - self.head) >= CAPACITY:
            self._ring[:] = 0
            self.head = self._real_head = at
        end = at + samples.shape[1]
        if at != self._real_head or self.head > self._real_head:
            samples = self._joined(at, samples)
        self._put(at, samples)
        self.head = max(self.head, end)
        self._real_head = max(self._real_head, end)

    def _joined(self, at: int, samples: Samples) -> Samples:
        """Cross-faded from what was concealed, or is to be, in its place."""
        width = min(JOIN, samples.shape[1])
        assert self.head is not None
        if self.head < at + width:
            self._extend(at + width)
        joined = samples.copy()
        rise = _RISE[:width]
        joined[:, :width] = samples[:, :width] * rise + self._get(at, width) * (1 - rise)
        return joined

    def _extend(self, to: int) -> None:
        """Conceals from the head on: the last block mirrored at the seam, fading to silence."""
        assert self.head is not None
        gap, start = to - self.head, self.head
        self._put(start, np.zeros((2, min(gap, CAPACITY)), np.float32))
        fresh = CONCEALED - (start - self._real_head)
        filled = min(gap, fresh)
        if filled > 0:
            age = np.arange(start - self._real_head, start - self._real_head + filled)
            # 0 1 … n-1 n-1 … 1 0: continuous at every seam.
            phase = age % (2 * BLOCK_SAMPLES)
            back = np.where(phase < BLOCK_SAMPLES, phase, 2 * BLOCK_SAMPLES - 1 - phase)
            fade = 1 - (age + 1) / CONCEALED
            source = self._ring[:, (self._real_head - 1 - back) % CAPACITY]
            self._put(start, (source * fade).astype(np.float32))
        self.head = to

    def read(self, at: int, count: int) -> Samples:
        """`count` samples from `at` on, concealed where they have not come. A fresh array."""
        if self.head is None or at + count <= self.head - CAPACITY:
            return np.zeros((2, count), np.float32)
        if at + count > self.head:
            if at + count - self.head >= CAPACITY:
                return np.zeros((2, count), np.float32)
            self._extend(at + count)
        return self._get(at, count)

    def _get(self, at: int, count: int) -> Samples:
        start = at % CAPACITY
        if start + count <= CAPACITY:
            return self._ring[:, start : start + count].copy()
        return np.take(self._ring, range(start, start + count), axis=1, mode="wrap")

    def _put(self, at: int, samples: Samples) -> None:
        start, count = at % CAPACITY, samples.shape[1]
        first = min(count, CAPACITY - start)
        self._ring[:, start : start + first] = samples[:, :first]
        self._ring[:, : count - first] = samples[:, first:]


class Reader:
    """Reads a ring block by block at the rate that brings it to where it ought to be."""

    def __init__(self) -> None:
        self._at: int | None = None
        self.late = 0
        """By how many samples the last block came too late; negative: too early."""

    def block(self, ring: SampleRing, ideal: int) -> Samples:
        """The next 20 ms, where `ideal` is the sample that should come first. Never clicks: small
        errors are slewed by resampling, large ones jumped over with a cross-fade."""
        if self._at is None:
            self._at = ideal
        error = ideal - self._at
        if abs(error) > JUMP:
            return self._jump(ring, ideal)
        slew = 0
        if abs(error) > DEAD_ZONE:
            slew = max(-MAX_SLEW, min(MAX_SLEW, error // 8))
        at, taken = self._at, BLOCK_SAMPLES + slew
        self._at = at + taken
        self.late = error
        if slew == 0:
            return ring.read(at, BLOCK_SAMPLES)
        return resampled(ring.read(at - 1, taken + 3), BLOCK_SAMPLES)

    def _jump(self, ring: SampleRing, ideal: int) -> Samples:
        assert self._at is not None
        old = ring.read(self._at, JOIN)
        block = ring.read(ideal, BLOCK_SAMPLES)
        block[:, :JOIN] = block[:, :JOIN] * _RISE + old * (1 - _RISE)
        self._at = ideal + BLOCK_SAMPLES
        self.late = 0
        return block


def resampled(samples: Samples, count: int) -> Samples:
    """`count` samples from `count + k` by cubic interpolation (Catmull-Rom). The input has one
    sample before and two after what it spans; the ends meet the neighbouring blocks exactly."""
    span = samples.shape[1] - 3
    position = np.arange(count, dtype=np.float64) * (span / count)
    whole = position.astype(np.intp)
    t = (position - whole).astype(np.float32)
    before, left, right, after = (samples[:, whole + k] for k in range(4))
    a = 1.5 * (left - right) + 0.5 * (after - before)
    b = before - 2.5 * left + 2 * right - 0.5 * after
    c = 0.5 * (right - before)
    result: Samples = ((a * t + b) * t + c) * t + left
    return result
