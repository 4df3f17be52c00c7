"""A made-up voice: syllables with vowels, tones and pauses, different for each site.

Nobody's recording and no words, but to ears and level meters it behaves like speech. One stretch
of it is made and encoded when a site starts, and then repeats: the sound of a demo site costs
nothing while it runs.
"""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

RATE = 48_000
FRAME = 960
"""Samples of one Opus packet: 20 ms."""
_MAKE_RATE = 16_000
_VOWELS = (
    (800, 1200, 2500),
    (500, 1800, 2500),
    (320, 2300, 3000),
    (450, 850, 2400),
    (350, 750, 2300),
    (560, 1400, 2450),
)
"""First three formants in Hz: a, e, i, o, u, ơ."""
_TONES = ((1.0, 1.0), (1.0, 1.35), (0.95, 0.72), (1.0, 0.85), (0.9, 1.2), (0.85, 0.6))
"""Pitch at start and end of a syllable: ngang, sắc, huyền, hỏi, ngã, nặng."""


@dataclass(frozen=True, slots=True)
class Speech:
    """A stretch of speech that can be repeated."""

    packets: tuple[bytes, ...]
    """Opus, 20 ms each."""
    mouth_open: tuple[bool, ...]
    """For each packet."""

    def mouth_at(self, seconds: float) -> bool:
        return self.mouth_open[int(seconds * RATE / FRAME) % len(self.mouth_open)]


def speak(pitch_hz: float, seed: int, seconds: float = 20) -> Speech:
    """The same voice and the same stretch for the same arguments."""
    spoken = _stretch(pitch_hz, np.random.default_rng(seed), round(seconds * _MAKE_RATE))
    at = np.arange(len(spoken) * RATE // _MAKE_RATE) * _MAKE_RATE / RATE
    samples = np.interp(at, np.arange(len(spoken)), spoken)
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    loud = np.sqrt((frames**2).mean(axis=1))
    return Speech(_encoded(frames), tuple(bool(level > 0.04) for level in loud))


def _stretch(pitch_hz: float, random: np.random.Generator, length: int) -> Samples:
    """Phrases of 4 to 9 syllables with a breath between them; silence at the end."""
    parts: list[Samples] = []
    total = 0
    while total < length - _MAKE_RATE:
        for _ in range(random.integers(4, 10)):
            parts.append(_syllable(pitch_hz, random))
            total += len(parts[-1])
        parts.append(np.zeros(int(random.uniform(0.25, 0.6) * _MAKE_RATE)))
        total += len(parts[-1])
    parts.append(np.zeros(_MAKE_RATE))
    spoken = np.concatenate(parts)[:length]
    spoken[-_MAKE_RATE // 4 :] = 0
    return np.asarray(spoken * 0.35 / np.abs(spoken).max())


def _syllable(pitch_hz: float, random: np.random.Generator) -> Samples:
    """A breath of noise, then harmonics of the pitch, loud near the vowel's formants."""
    count = int(random.uniform(0.16, 0.26) * _MAKE_RATE)
    start, end = _TONES[random.integers(len(_TONES))]
    pitch = pitch_hz * np.linspace(start, end, count) * random.uniform(0.95, 1.05)
    phase = 2 * np.pi * np.cumsum(pitch) / _MAKE_RATE
    formants = _VOWELS[random.integers(len(_VOWELS))]
    voiced = np.zeros(count)
    for harmonic in range(1, int(3600 / pitch_hz) + 1):
        voiced += _resonance(harmonic * pitch_hz, formants) * np.sin(harmonic * phase) / harmonic
    swell = np.minimum(np.linspace(0, 6, count), np.linspace(3, 0, count)).clip(0, 1)
    breath = random.standard_normal(count // 6) * np.hanning(count // 6) * 0.25
    spoken: Samples = voiced * swell
    spoken[: len(breath)] += breath
    return spoken


def _resonance(hz: float, formants: tuple[int, ...]) -> float:
    return float(sum(1 / (1 + ((hz - centre) / 110) ** 2) for centre in formants)) + 0.05


def _encoded(frames: Samples) -> tuple[bytes, ...]:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    encoder.bit_rate = 32_000
    encoder.options = {"application": "voip", "frame_duration": "20"}
    packets: list[bytes] = []
    for number, samples in enumerate(frames):
        values = (samples * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(values, "s16", "mono")
        frame.sample_rate, frame.pts = RATE, number * FRAME
        frame.time_base = Fraction(1, RATE)
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(packets)
