"""How loud a site is to a listener, and the gain that brings its speech to the program's loudness.

Loudness is ITU-R BS.1770's, in LUFS; the target is EBU R 128's. Pure; one thread.
"""

import math
from collections import deque

import numpy as np

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from streams.frames import AUDIO_CLOCK_RATE

TARGET_LUFS = -23.0
SILENT_LUFS = -70.0
"""The absolute gate of BS.1770."""

RELATIVE_GATE_LU = 10.0
"""Of BS.1770: what is so much below the mean is a pause, and does not count."""

LEAST_DB, MOST_DB = -18.0, 18.0
"""A microphone that needs more is wrongly set, and would bring up its room with it."""

MOMENT_BLOCKS = 20
"""400 ms: what R 128 calls momentary, and gates by."""

DOWN_DB, UP_DB = 0.4, 0.1
"""In a block: too loud is turned down at 20 dB/s, too soft is turned up at 5 dB/s."""

MEMORY_BLOCKS = 500
"""10 s of speech."""

ABOVE_FLOOR_LU = 9.0
"""Speech stands out of the room it is spoken in by so much, if only between syllables. Steady
sound (hum, a fan, a test tone) does not, and is left as it is."""
FLOOR_RISE_DB = 0.02
"""In a block: a room that got louder by 10 dB is known after 10 s."""
LEAST_FLOOR_LUFS = -60.0
"""No room is so quiet; what reads lower is a microphone that was muted."""

FORGET = 10**-0.002
"""In a block of speech below the relative gate: 1 dB/s, until a softer speaker is believed."""

_OFFSET_LU = -0.691
_RAMP: Samples = np.linspace(0, 1, BLOCK_SAMPLES, dtype=np.float32)


def _k_weights() -> Samples:
    """Power gain of BS.1770's two filters at the bins of a block's spectrum, scaled so that the sum
    over the weighted spectrum is the mean square (Parseval)."""
    z = np.exp(
        -2j * np.pi * np.fft.rfftfreq(BLOCK_SAMPLES, 1 / AUDIO_CLOCK_RATE) / AUDIO_CLOCK_RATE
    )
    shelf = np.polyval((1.19839281085285, -2.69169618940638, 1.53512485958697), z)
    shelf /= np.polyval((0.73248077421585, -1.69065929318241, 1.0), z)
    high_pass = np.polyval((1.0, -2.0, 1.0), z)
    high_pass /= np.polyval((0.99007225036621, -1.99004745483398, 1.0), z)
    both_sides = np.full(z.size, 2.0)
    both_sides[[0, -1]] = 1.0
    weights: Samples = np.abs(shelf * high_pass) ** 2 * both_sides / BLOCK_SAMPLES**2
    return weights.astype(np.float32)


_WEIGHTS: Samples = _k_weights()


def k_energy(block: Samples) -> float:
    """The K-weighted mean square of 20 ms, of both channels together. 16 µs; most microphones have
    one channel, which is half."""
    left, right = block
    if np.array_equal(left, right):
        return 2 * _k_energy(left)
    return _k_energy(left) + _k_energy(right)


def _k_energy(channel: Samples) -> float:
    spectrum = np.fft.rfft(channel)
    power = spectrum.real**2
    power += spectrum.imag**2
    return float(power @ _WEIGHTS)


def lufs(energy: float) -> float:
    """At least `SILENT_LUFS`."""
    return max(SILENT_LUFS, _OFFSET_LU + 10 * math.log10(energy)) if energy > 0 else SILENT_LUFS


class Leveller:
    """One site's automatic gain: slow, bounded, and led by speech alone."""

    def __init__(self) -> None:
        self.gain_db = 0.0
        self.speaking = False
        """The last 400 ms stood out of their room."""
        self._moment: deque[float] = deque(maxlen=MOMENT_BLOCKS)
        self._floor: float | None = None
        self._mean = 0.0
        self._heard = 0

    def apply(self, block: Samples) -> Samples:
        """Scales the block in place, without a step, and returns it."""
        last = _factor(self.gain_db)
        self._follow(k_energy(block))
        gain = _factor(self.gain_db)
        if gain != last:
            block *= np.float32(last) + np.float32(gain - last) * _RAMP
        elif gain != 1.0:
            block *= np.float32(gain)
        return block

    def _follow(self, energy: float) -> None:
        self._moment.append(energy)
        momentary = sum(self._moment) / len(self._moment)
        loudness, floor = lufs(momentary), self._floor_after(lufs(energy))
        self.speaking = loudness > floor + ABOVE_FLOOR_LU
        if not self.speaking:
            return
        if self._heard and loudness < lufs(self._mean) - RELATIVE_GATE_LU:
            self._mean *= FORGET
            return
        self._heard = min(self._heard + 1, MEMORY_BLOCKS)
        self._mean += (momentary - self._mean) / self._heard
        wanted = min(MOST_DB, max(LEAST_DB, TARGET_LUFS - lufs(self._mean)))
        self.gain_db += min(UP_DB, max(-DOWN_DB, wanted - self.gain_db))

    def _floor_after(self, loudness: float) -> float:
        """The room's own loudness, now that this block has been heard."""
        last = loudness if self._floor is None else self._floor + FLOOR_RISE_DB
        self._floor = max(LEAST_FLOOR_LUFS, min(loudness, last))
        return self._floor


def _factor(decibels: float) -> float:
    return float(10 ** (decibels / 20))
