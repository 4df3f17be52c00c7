"""The room's noise goes, the voice stays; and a voice is told from a fan."""

import numpy as np
import pytest

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.noise import Cleaner
from broadcast.studio.voice import VoiceDetector
from tests import media
from tests.broadcast.studio.test_loudness import speech

SECONDS = 10.5


def fan(level_dbfs: float, seconds: float = SECONDS) -> Samples:
    """Steady noise that falls by 3 dB an octave."""
    count = int(seconds * media.RATE)
    spectrum = np.fft.rfft(np.random.default_rng(7).normal(size=count))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(count, 1 / media.RATE), 60))
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise * 10 ** (level_dbfs / 20) / noise.std(), np.float32)


def cleaned(sound: Samples) -> Samples:
    """One channel, without the delay."""
    cleaner = Cleaner()
    blocks = np.split(np.stack([sound, sound]), len(sound) // BLOCK_SAMPLES, axis=1)
    return np.concatenate([cleaner.apply(block)[0] for block in blocks])[BLOCK_SAMPLES:]


def db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-12))


@pytest.mark.parametrize("level", [-60.0, -50.0, -40.0])
def test_a_fan_goes_down_by_ten_decibels_and_the_voice_stays(level: float) -> None:
    voice = np.concatenate(speech(SECONDS, -26), axis=1)[0]
    noisy = voice + fan(level)
    out = cleaned(noisy)
    at = np.arange(len(out)) / media.RATE
    pause = (at % 3.5 > 3.1) & (at % 3.5 < 3.4) & (at > 3.5)
    talk = (at % 3.5 < 3) & (at > 3.5)
    assert db(out[pause]) < db(noisy[: len(out)][pause]) - 9
    assert abs(db(out[talk]) - db(voice[: len(out)][talk])) < 1.5
    kept = db(voice[: len(out)][talk]) - db((out - voice[: len(out)])[talk])
    if level == -40:
        before = db(voice[: len(out)][talk]) - db((noisy - voice)[: len(out)][talk])
        assert kept > before + 4, "and what is left of the noise under the voice is less"


def band(samples: Samples, low_hz: float, high_hz: float) -> Samples:
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / media.RATE)
    kept = np.fft.irfft(spectrum * ((low_hz <= hz) & (hz < high_hz)), len(samples))
    return np.asarray(kept, np.float32)


def test_a_voice_keeps_its_height() -> None:
    """Sibilants reach far beyond the 8 kHz at which suppressors for telephones end."""
    at = np.arange(6 * media.RATE) / media.RATE
    hiss = np.random.default_rng(3).normal(size=len(at)).astype(np.float32) / 30
    voice = np.concatenate(speech(6, -26), axis=1)[0] + band(hiss, 3_000, 14_000) * (at % 0.5 < 0.1)
    out = cleaned(voice.astype(np.float32) + fan(-55, 6))
    spoken = (at[: len(out)] % 0.5 < 0.1) & (at[: len(out)] > 2)
    for low_hz, high_hz in ((4_000, 7_000), (7_500, 8_500), (9_000, 13_000)):
        before, after = (band(sound[: len(out)], low_hz, high_hz) for sound in (voice, out))
        assert db(after[spoken]) > db(before[spoken]) - 1.5


def test_nothing_is_lost_before_the_room_is_known() -> None:
    tone = media.tone(440, 0.4)
    out = cleaned(tone)
    assert np.allclose(out, tone[: len(out)], atol=1e-4)


def test_a_room_is_learnt_while_its_microphone_is_closed() -> None:
    cleaner, noise = Cleaner(), fan(-45, 2)
    blocks = np.split(np.stack([noise, noise]), len(noise) // BLOCK_SAMPLES, axis=1)
    for block in blocks[:-3]:
        cleaner.listen(block)
    assert db(np.concatenate([cleaner.apply(block)[0] for block in blocks[-3:]])[960:]) < -52


def test_a_voice_is_told_from_a_fan_and_from_silence() -> None:
    """The voice is a buzz with formants that rise and fall, four times a second."""
    at = np.arange(2 * media.RATE) / media.RATE
    pitch = 120 + 15 * np.sin(2 * np.pi * 0.7 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / media.RATE
    buzz = sum(
        np.sin(n * phase) * sum(np.exp(-(((n * 120 - f) / 150) ** 2)) for f in (500, 1500, 2500))
        for n in range(1, 30)
    )
    voice = buzz * np.maximum(0, np.sin(2 * np.pi * 4 * at)) * 0.2
    for sound, speaking in ((voice, True), (fan(-45, 2), False), (0 * at, False)):
        detector = VoiceDetector()
        for block in np.split(sound.astype(np.float32), 100):
            detector.hear(np.stack([block, block]))
        assert detector.speaking is speaking
