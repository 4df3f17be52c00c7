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

LOOK_BLOCKS = 10
"""200 ms: so often the loudness is looked at, and so many blocks together."""

MOMENT_LOOKS = 2
"""400 ms: what R 128 calls momentary, and gates by."""

DOWN_DB, UP_DB = 0.4, 0.1
"""In a block: too loud is turned down at 20 dB/s, too soft is turned up at 5 dB/s."""

MEMORY_LOOKS = 50
"""10 s of speech."""

ABOVE_FLOOR_LU = 9.0
"""Speech stands out of the room it is spoken in by so much, if only between syllables. Steady
sound (hum, a fan, a test tone, applause) does not, and does not lead the gain: who speaks after
applause would else be too soft for half a minute."""
FLOOR_LOOKS = 5
"""1 s: no one speaks longer without a gap."""
LEAST_FLOOR_LUFS = -60.0
"""No room is so quiet; what reads lower is noise that was taken out."""

LOUDEST_LUFS = -18.0
"""What is louder for a moment, applause or the next speaker, is turned down for as long. A tone at
EBU's alignment level (-18 dBFS) is not."""

MOST_LOUDER = 3.0
"""5 LU: for no more above its mean does a look count. A knock at a microphone would else be what
speech is measured by for half a minute."""

FORGET = 10**-0.02
"""In a look at speech below the relative gate: 1 dB/s, until a softer speaker is believed."""

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


def k_energies(blocks: Samples) -> Samples:
    """The K-weighted mean square of each 20 ms of `(n, channels, 960)`, of both channels together.
    One channel is heard from both sides."""
    spectrum = np.fft.rfft(blocks)
    power = spectrum.real**2
    power += spectrum.imag**2
    energies: Samples = (power @ _WEIGHTS).sum(axis=1)
    return energies * 2 if blocks.shape[1] == 1 else energies


def lufs(energy: float) -> float:
    """At least `SILENT_LUFS`."""
    return max(SILENT_LUFS, _OFFSET_LU + 10 * math.log10(energy)) if energy > 0 else SILENT_LUFS


class Leveller:
    """One site's automatic gain: slow, bounded, and led by speech alone."""

    def __init__(self) -> None:
        self.gain_db = 0.0
        self.speaking = False
        """The last 400 ms stood out of their room."""
        self._wanted_db: float | None = None
        """Where the gain goes; None: it stays."""
        self._taken_db = self._too_much_db = 0.0
        """What of the gain is not given for a moment, and what should not be."""
        self._factor = 1.0
        self._new: list[Samples] = []
        """Blocks that wait to be looked at."""
        self._moment: deque[float] = deque(maxlen=MOMENT_LOOKS)
        self._quietest: deque[float] = deque(maxlen=FLOOR_LOOKS)
        """20 ms of each look, in LUFS. Empty: not heard since the microphone was off."""
        self._mean = 0.0
        self._heard = 0

    def apply(self, block: Samples) -> Samples:
        """Scales the block in place, without a step, and returns it."""
        self._listen(block)
        if self._wanted_db is not None:
            self.gain_db += min(UP_DB, max(-DOWN_DB, self._wanted_db - self.gain_db))
        self._taken_db += min(DOWN_DB, max(-UP_DB, self._too_much_db - self._taken_db))
        last, self._factor = self._factor, float(10 ** ((self.gain_db - self._taken_db) / 20))
        if self._factor != last:
            block *= np.float32(last) + np.float32(self._factor - last) * _RAMP
        elif last != 1.0:
            block *= np.float32(last)
        return block

    def _listen(self, block: Samples) -> None:
        if self._new and self._new[0].shape != block.shape:
            self._new.clear()
        self._new.append(block.copy())
        if len(self._new) == LOOK_BLOCKS:
            energies = k_energies(np.stack(self._new))
            self._new.clear()
            self._look(float(energies.mean()), float(energies.min()))

    def _look(self, mean: float, least: float) -> None:
        """At the energies of as many blocks."""
        self._moment.append(mean)
        momentary = sum(self._moment) / len(self._moment)
        loudness, floor = lufs(momentary), self._floor_after(lufs(mean), lufs(least))
        self.speaking = loudness > floor + ABOVE_FLOOR_LU
        self._too_much_db = max(0.0, loudness + self.gain_db - LOUDEST_LUFS)
        self._wanted_db = None
        if not self.speaking:
            return
        if self._heard and loudness < lufs(self._mean) - RELATIVE_GATE_LU:
            self._mean *= FORGET
            return
        counted = min(momentary, self._mean * MOST_LOUDER) if self._heard else momentary
        self._heard = min(self._heard + 1, MEMORY_LOOKS)
        self._mean += (counted - self._mean) / self._heard
        self._wanted_db = min(MOST_DB, max(LEAST_DB, TARGET_LUFS - lufs(self._mean)))

    def _floor_after(self, mean: float, least: float) -> float:
        """The room's own loudness, now that a look read so much. A microphone that is off tells
        nothing of it: on again, its room would be taken for speech and turned up."""
        if mean <= SILENT_LUFS:
            self._quietest.clear()
        elif self._quietest or least > SILENT_LUFS:
            self._quietest.append(least)
        return max(LEAST_FLOOR_LUFS, min(self._quietest, default=LEAST_FLOOR_LUFS))
