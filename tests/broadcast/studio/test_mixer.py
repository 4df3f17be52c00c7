"""Ramps, sums, mix-minus, limiter and meter."""

import numpy as np
import pytest

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.mixer import ROOF, Fader, Limiter, Meter, mix
from tests import media


def blocks(hz: float, count: int, level_dbfs: float = -12) -> list[Samples]:
    """A steady tone, cut into stereo blocks."""
    samples = media.tone(hz, count * BLOCK_SAMPLES / media.RATE, level_dbfs=level_dbfs)
    stereo = np.stack([samples, samples])
    return [stereo[:, n * 960 : n * 960 + 960].copy() for n in range(count)]


def test_a_microphone_opens_and_closes_without_a_click() -> None:
    fader, out = Fader(), []
    for n, block in enumerate(blocks(300, 20)):
        fader.open = 5 <= n < 12
        out.append(fader.apply(block)[0])
    samples = np.concatenate(out)
    steady = media.steepest(blocks(300, 1)[0][0])
    assert media.steepest(samples) < 1.5 * steady
    opened, closed, ramp = 5 * 960, 12 * 960, media.RATE // 100
    assert not samples[:opened].any()
    assert not samples[closed + ramp :].any(), "after 10 ms nothing is heard"
    whole = np.concatenate([block[0] for block in blocks(300, 20)])
    assert np.allclose(samples[opened + ramp : closed], whole[opened + ramp : closed])


def test_a_closed_microphone_is_silent_and_says_so() -> None:
    fader = Fader()
    assert fader.silent
    fader.open = True
    assert not fader.silent
    fader.apply(blocks(300, 1)[0])
    fader.open = False
    assert not fader.silent, "it still fades"
    fader.apply(blocks(300, 1)[0])
    assert fader.silent


def test_mix_minus_takes_a_site_out_by_40_db() -> None:
    own, other = blocks(440, 10), blocks(1000, 10)
    minus = [mix({"a": a, "b": b}) - a for a, b in zip(own, other, strict=True)]
    samples = np.concatenate(minus, axis=1)[0]
    assert media.tone_level(samples, 1000) == pytest.approx(-12, abs=0.1)
    assert media.tone_level(samples, 440) < -12 - 40


def test_nothing_open_is_silence() -> None:
    assert not mix({}).any()


def test_the_limiter_leaves_ordinary_sound_alone() -> None:
    block = blocks(440, 1, -3)[0]
    assert np.array_equal(Limiter().apply(block.copy()), block)


def test_four_loud_sites_stay_below_the_roof_and_do_not_crackle() -> None:
    limiter = Limiter()
    tones = [blocks(hz, 50, -2) for hz in (310, 470, 690, 1010)]
    out = [limiter.apply(mix(dict(enumerate(at)))) for at in zip(*tones, strict=True)]
    samples = np.concatenate(out, axis=1)[0]
    assert np.abs(samples).max() <= ROOF
    settled = samples[5 * 960 :]
    assert media.tone_level(settled, 470) > -18
    # Third harmonic of the loudest corner case: distortion stays 40 dB below the tones.
    assert media.tone_level(settled, 930) < media.tone_level(settled, 310) - 40


def test_the_limiter_lets_go_slowly() -> None:
    limiter = Limiter()
    limiter.apply(blocks(440, 1, 6)[0])
    quiet = [limiter.apply(block) for block in blocks(440, 200, -20)]
    assert media.tone_level(quiet[0][0], 440) < -24
    assert media.tone_level(quiet[-1][0], 440) == pytest.approx(-20, abs=0.3)
    assert media.steepest(np.concatenate(quiet, axis=1)[0][960:]) < 1.1 * media.steepest(
        blocks(440, 1, -20)[0][0]
    )


def test_the_meter_reads_a_full_scale_sine_as_zero() -> None:
    meter = Meter()
    meter.add(blocks(1000, 1, 0)[0])
    assert meter.read() == pytest.approx(0, abs=0.1)
    meter.add(blocks(1000, 1, -30)[0])
    assert meter.read() == pytest.approx(-30, abs=0.1)
    assert meter.read() == pytest.approx(-30, abs=0.1), "where nothing came it stands still"
    meter.add(blocks(1000, 1, 0)[0] * 0)
    assert meter.read() == -96
