"""A recording's sound: AAC whose peaks, between two samples too, are below -1 dBTP (EBU R 128).
One thread.

What is heard in a conversation is limited at once (`mixer.Limiter`), and bent where it comes
suddenly: a knock or a clap that was bent is up to 7 dB higher between its samples. A recording may
be 2 ms late, so that its gain is down before the peak comes.
"""

from itertools import pairwise

import numpy as np

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import AacEncoder, Samples

SEGMENT = 48
"""1 ms: so long the gain goes down or up in a straight line."""

LATER = 2 * SEGMENT

CEILING = 0.71
"""-3 dBTP: of claps and knocks AAC makes up to 1.3 dB more, of noise 2."""

NEAR = 0.6 * CEILING
"""Where all samples are below, nothing between them is above the ceiling."""

RELEASE = 0.001
"""How much of the way back to unity the gain goes in a segment: about a second in all."""

AROUND = 6
"""Samples on either side from which what lies between two is told."""


def _between() -> Samples:
    """What the samples around count at each quarter from one to the next: a windowed sinc."""
    quarters = np.array([[0.25], [0.5], [0.75]])
    away = np.arange(2 * AROUND) - (AROUND - 1) - quarters
    weights: Samples = np.sinc(away) * np.cos(np.pi * away / (2 * AROUND + 1)) ** 2
    return weights.astype(np.float32)


_BETWEEN: Samples = _between()


class PeakLimiter:
    """Blocks in, blocks out, `LATER`."""

    def __init__(self) -> None:
        self._held: Samples = np.zeros((2, AROUND + LATER), np.float32)
        """The end of what came, and `AROUND` before it."""
        self._gain = 1.0
        """Where the next block begins."""
        self._most = 1.0
        """What the first segment of it may have."""

    def apply(self, block: Samples) -> Samples:
        """A fresh array, or a view of one."""
        sound = np.concatenate((self._held, block), axis=1)
        self._held = sound[:, -self._held.shape[1] :]
        due = sound[:, AROUND : AROUND + BLOCK_SAMPLES]
        if self._gain == self._most == 1.0 and float(np.abs(sound).max()) < NEAR:
            return due
        most = [self._most, *np.minimum(1, CEILING / np.maximum(_peaks(sound), 1e-9)).tolist()]
        gains = [self._gain]
        for of_this, of_next in pairwise(most):
            risen = gains[-1] + (1 - gains[-1]) * RELEASE
            gains.append(min(of_this, of_next, risen if risen < 0.999 else 1.0))
        self._gain, self._most = gains[-1], most[-1]
        at, ends = np.arange(BLOCK_SAMPLES), np.arange(0, BLOCK_SAMPLES + 1, SEGMENT)
        return due * np.interp(at, ends, gains).astype(np.float32)


def _peaks(sound: Samples) -> Samples:
    """Of each segment but the first, as far as what comes after it is known."""
    first = AROUND + SEGMENT
    samples = np.abs(sound[:, first : first + BLOCK_SAMPLES]).max(axis=0)
    around = np.lib.stride_tricks.sliding_window_view(sound, 2 * AROUND, axis=1)
    around = around[:, first - AROUND + 1 :][:, :BLOCK_SAMPLES]
    between = np.abs(around @ _BETWEEN.T).max(axis=(0, 2))
    peaks: Samples = np.maximum(samples, between).reshape(-1, SEGMENT).max(axis=1)
    return peaks


class RecordedSound:
    """Limited, and encoded."""

    def __init__(self) -> None:
        self._limiter = PeakLimiter()
        self._aac = AacEncoder()

    def encode(self, block: Samples, pts: int) -> list[tuple[int, bytes]]:
        """As `AacEncoder.encode`."""
        return self._aac.encode(self._limiter.apply(block), pts)

    def flush(self) -> list[tuple[int, bytes]]:
        """As `AacEncoder.flush`."""
        return self._aac.flush()
