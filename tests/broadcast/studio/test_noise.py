"""The room's noise goes, the voice stays; and a voice is told from a fan."""

import numpy as np
import pytest

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.noise import DELAY, FRAME, Cleaner
from broadcast.studio.opus import OpusEncoder
from broadcast.studio.sources import Source
from broadcast.studio.voice import VoiceDetector
from streams.frames import Codec, EncodedFrame, SiteId
from tests import media
from tests.broadcast.studio.test_loudness import speech

SECONDS = 10.5
BLOCK_NS = 20_000_000


def fan(level_dbfs: float, seconds: float = SECONDS) -> Samples:
    """Steady noise that falls by 3 dB an octave."""
    count = int(seconds * media.RATE)
    spectrum = np.fft.rfft(np.random.default_rng(7).normal(size=count))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(count, 1 / media.RATE), 60))
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise * 10 ** (level_dbfs / 20) / noise.std(), np.float32)


def cleaned(sound: Samples) -> Samples:
    """One channel, without the delay."""
    cleaner = Cleaner(2)
    blocks = np.split(np.stack([sound, sound]), len(sound) // BLOCK_SAMPLES, axis=1)
    return np.concatenate([cleaner.apply(block)[0] for block in blocks])[DELAY:]


def db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-12))


@pytest.mark.parametrize(("level", "lost_db"), [(-60.0, 1), (-50.0, 1), (-40.0, 2.5)])
def test_a_fan_goes_down_by_ten_decibels_and_the_voice_stays(level: float, lost_db: float) -> None:
    """A voice that is made of noise: the loud fan takes more of it than of a real one."""
    voice = np.concatenate(speech(SECONDS, -26), axis=1)[0]
    noisy = voice + fan(level)
    out = cleaned(noisy)
    at = np.arange(len(out)) / media.RATE
    pause = (at % 3.5 > 3.1) & (at % 3.5 < 3.4) & (at > 3.5)
    talk = (at % 3.5 < 3) & (at > 3.5)
    assert db(out[pause]) < db(noisy[: len(out)][pause]) - 10
    assert abs(db(out[talk]) - db(voice[: len(out)][talk])) < lost_db
    kept = db(voice[: len(out)][talk]) - db((out - voice[: len(out)])[talk])
    if level == -40:
        before = db(voice[: len(out)][talk]) - db((noisy - voice)[: len(out)][talk])
        assert kept > before + 3, "and what is left of the noise under the voice is less"


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
    # Around 8 kHz two of its bands meet.
    for low_hz, high_hz, most_db in ((4_000, 7_000, 1), (7_500, 8_500, 5), (9_000, 13_000, 1.5)):
        before, after = (band(sound[: len(out)], low_hz, high_hz) for sound in (voice, out))
        assert db(after[spoken]) > db(before[spoken]) - most_db


def test_it_is_later_by_its_delay() -> None:
    burst, out = (sound[media.RATE :][:2400] for sound in bursts())
    lags = np.correlate(out, burst, "full")
    assert np.argmax(lags) - (len(burst) - 1) == DELAY


def bursts() -> tuple[Samples, Samples]:
    """Of hiss, a tenth of a second in each second; and what the cleaner makes of them."""
    at = np.arange(2 * media.RATE) / media.RATE
    hiss = np.random.default_rng(3).normal(size=len(at)) / 30 * (at % 1 < 0.04)
    sound = (hiss + fan(-60, 2)).astype(np.float32)
    cleaner = Cleaner()
    out = [cleaner.apply(block[None])[0] for block in np.split(sound, 2 * media.RATE // FRAME)]
    return sound, np.concatenate(out)


def test_it_has_learnt_a_room_when_it_heard_two_seconds_of_it() -> None:
    cleaner, room = Cleaner(), fan(-45, 2.1)[None]
    cleaner.listen(room / 1000)
    cleaner.listen(room[:, :1000])
    assert not cleaner.learnt, "a closed microphone and odd packets teach nothing"
    cleaner.listen(room[:, : 2 * media.RATE])
    assert cleaner.learnt
    for _ in range(5):
        cleaner.listen(room / 1000)
    cleaner.listen(room[:, : 4 * FRAME])
    assert db(cleaner.apply(room[:, 4 * FRAME : 8 * FRAME])) < -45 - 9, "nor do they make it forget"


def test_both_channels_are_cleaned_alike() -> None:
    voice = np.concatenate(speech(3.5, -26), axis=1)[0] + fan(-50, 3.5)
    cleaner = Cleaner(2)
    out = cleaner.apply(np.stack([voice, 0.5 * voice]))
    assert np.allclose(out[0], 2 * out[1], atol=1e-3)


ON, OFF, BLOCKS = 100, 300, 420
LATER = 6
"""Blocks: so much later is the sound heard than it comes."""


def played(packets: list[bytes], *, cleaned_from: int | None) -> Samples:
    """A site that is heard all the time and cleaned until block `OFF`."""
    source, out = Source(SiteId("a"), lambda _: None), []
    for n, packet in enumerate(packets):
        now_ns = n * BLOCK_NS
        frame = EncodedFrame(source.site, Codec.OPUS, n * BLOCK_SAMPLES, None, now_ns, True, packet)
        source.offer(frame, now_ns)
        source.sound.decode()
        if cleaned_from is not None:
            source.sound.clean(wished=cleaned_from <= n < OFF)
        if n >= LATER:
            block = source.sound.block(now_ns - LATER * BLOCK_NS)
            assert block is not None
            out.append(block[0])
    return np.concatenate(out)


def packets(sound: Samples) -> list[bytes]:
    encoder = OpusEncoder(96_000)
    blocks = np.split(np.stack([sound, sound]), len(sound) // BLOCK_SAMPLES, axis=1)
    coded = (encoder.encode(block, n * BLOCK_SAMPLES) for n, block in enumerate(blocks))
    return [data for some in coded for _, data in some]


def test_switching_goes_on_sample_by_sample() -> None:
    """A tone keeps its phase, but for slewing and what its filters turn it; and nothing clicks."""
    hz = 500
    coded = packets(media.tone(hz, BLOCKS * 0.02))
    plain, out = (played(coded, cleaned_from=n)[20 * BLOCK_SAMPLES :] for n in (None, ON))
    turns = np.exp(-2j * np.pi * hz * np.arange(len(out)) / media.RATE) * out
    phase = np.angle(turns.reshape(-1, BLOCK_SAMPLES).sum(axis=1))
    step = np.angle(np.exp(1j * np.diff(phase)))
    assert np.abs(step).max() < 1, "7 ms at once were 3"
    assert np.abs(np.diff(out, 2)).max() < 1.2 * np.abs(np.diff(plain, 2)).max()


def test_who_speaks_while_it_is_switched_on_or_off_is_not_lowered() -> None:
    voice = np.concatenate(speech(BLOCKS * 0.02, -26), axis=1)[0] + fan(-60, BLOCKS * 0.02)
    coded = packets(voice.astype(np.float32))
    plain, out = (played(coded, cleaned_from=n) for n in (None, ON))
    for at in range(ON, BLOCKS - 30, 5):
        heard = slice(at * BLOCK_SAMPLES, (at + 25) * BLOCK_SAMPLES)
        if db(plain[heard]) > -42:  # no pause
            assert abs(db(out[heard]) - db(plain[heard])) < 1


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
