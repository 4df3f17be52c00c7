"""No peak of a recording is above -1 dBTP, whatever comes; and what is below is left alone."""

from pathlib import Path

import numpy as np
import pytest

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.mixer import Limiter
from broadcast.studio.recorded import LATER, PeakLimiter
from tests import media
from tests.broadcast.studio.test_loudness import ebur128, speech

SECONDS = 6
COUNT = SECONDS * media.RATE


def blocks(samples: Samples) -> list[Samples]:
    both = np.stack([samples, samples]).astype(np.float32)
    return np.split(both, COUNT // BLOCK_SAMPLES, axis=1)


def struck(hertz: float, decay: float, hiss: float) -> list[Samples]:
    """Three times a second, at all places of a block; some 9 dB above full scale, as where a soft
    speaker's gain is up."""
    rng, at = np.random.default_rng(2), np.arange(4000)
    sound = np.zeros(COUNT)
    for begins in range(0, COUNT - 4000, media.RATE // 3 + 77):
        tone = 2.5 * np.sin(2 * np.pi * hertz * at / media.RATE)
        noise = hiss * rng.normal(size=4000) * np.exp(-at / 300)
        sound[begins : begins + 4000] += (tone + noise) * np.exp(-at / decay)
    return blocks(sound)


def clipped() -> list[Samples]:
    """A microphone that is driven 20 dB too far."""
    spoken = np.concatenate(speech(SECONDS + 1, -4), axis=1)[0]
    return blocks(np.clip(spoken[:COUNT] * 10, -1, 1))


@pytest.mark.parametrize(
    "sound",
    [struck(120, 900, 0.5), struck(0, 400, 1.5), clipped()],
    ids=["knocks", "claps", "clipped"],
)
def test_nothing_is_above_1_dbtp(tmp_path: Path, sound: list[Samples]) -> None:
    limiter, peaks = Limiter(), PeakLimiter()
    recorded = [peaks.apply(limiter.apply(block.copy())) for block in sound]
    assert ebur128(recorded, tmp_path)[1] <= -1


def test_ordinary_sound_is_only_later() -> None:
    limiter, sound = PeakLimiter(), blocks(media.tone(440, SECONDS, level_dbfs=-4))
    before, after = (
        np.concatenate(all_, axis=1) for all_ in (sound, list(map(limiter.apply, sound)))
    )
    assert np.array_equal(after[:, LATER:], before[:, :-LATER])


def test_the_gain_moves_without_a_click_and_comes_back() -> None:
    limiter, tone = PeakLimiter(), media.tone(300, SECONDS, level_dbfs=-10)
    loud = (np.arange(COUNT) // (media.RATE // 2) == 1) * 3 + 1
    out = np.concatenate(list(map(limiter.apply, blocks(tone * loud))), axis=1)[0]
    assert np.abs(out).max() <= 0.71 + 1e-3
    calm = out[media.RATE + 5000 :]
    assert media.steepest(calm) < 1.1 * media.steepest(tone)
    assert np.abs(out[-9600:]).max() == pytest.approx(10**-0.5, abs=0.01)
