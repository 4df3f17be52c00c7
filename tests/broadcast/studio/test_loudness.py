"""Automatic gain, and the program's loudness as FFmpeg's `ebur128` measures it on the AAC."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.loudness import MOST_DB, Leveller, k_energies, lufs
from broadcast.studio.mixer import Limiter, mix
from tests import media

ROOM_DBFS = -75.0


def speech(seconds: float, level_dbfs: float, seed: int = 1) -> list[Samples]:
    """Blocks of noise in the rhythm and the band of speech: four syllables a second, pauses of half
    a second, over a quiet room."""
    rng, count = np.random.default_rng(seed), int(seconds * media.RATE)
    at = np.arange(count) / media.RATE
    rhythm = np.maximum(0, np.sin(2 * np.pi * 4 * at)) * (at % 3.5 < 3)
    spectrum = np.fft.rfft(rng.normal(size=count))
    hz = np.fft.rfftfreq(count, 1 / media.RATE)
    voice = np.fft.irfft(spectrum * np.exp(-((np.log2((hz + 1) / 500)) ** 2)), count)
    voice *= 10 ** (level_dbfs / 20) / voice.std() / 2
    room = rng.normal(size=count) * 10 ** (ROOM_DBFS / 20)
    both = np.stack([voice * rhythm + room] * 2).astype(np.float32)
    return np.split(both, count // BLOCK_SAMPLES, axis=1)


def ebur128(blocks: list[Samples], folder: Path) -> tuple[float, float]:
    """Integrated loudness (LUFS) and true peak (dBTP) of the sound after AAC and back."""
    file, sound = folder / "program.m4a", np.concatenate(blocks, axis=1).T.tobytes()
    coded = ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "128k", str(file))
    raw = ("-f", "f32le", "-ar", "48000", "-ac", "2", "-i", "-")
    subprocess.run(["ffmpeg", "-v", "error", *raw, *coded], input=sound, check=True)
    return ebur128_of(file)


def ebur128_of(file: Path) -> tuple[float, float]:
    """Likewise of a file."""
    command = ("ffmpeg", "-nostdin", "-hide_banner", "-i", str(file), "-vn")
    measured = subprocess.run(
        [*command, "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr.rpartition("Summary:")[2]
    figures = dict(re.findall(r"(I|Peak):\s+(-?[\d.]+) (?:LUFS|dBFS)", measured))
    return float(figures["I"]), float(figures["Peak"])


def test_loudness_is_that_of_bs_1770() -> None:
    tone = media.tone(997, 0.02, level_dbfs=-20)
    silence = 0 * tone
    blocks = np.stack([[tone, tone], [tone, silence], [silence, silence]])
    assert list(map(lufs, k_energies(blocks))) == pytest.approx([-20, -23, -70], abs=0.1)
    assert list(map(lufs, k_energies(blocks[:, :1]))) == pytest.approx([-20, -20, -70], abs=0.1)


def test_a_session_of_loud_and_soft_sites_is_heard_at_23_lufs(tmp_path: Path) -> None:
    """Three sites in turn, 18 dB apart, one of them twice; 90 s."""
    limiter, program = Limiter(), []
    sites = [(Leveller(), level) for level in (-12.0, -30.0, -22.0)]
    for turn, number in enumerate((0, 1, 2, 0)):
        leveller, level = sites[number]
        levelled = map(leveller.apply, speech(22.4, level, turn))
        program += [limiter.apply(mix({number: block})) for block in levelled]
    loudness, peak_dbtp = ebur128(program, tmp_path)
    assert loudness == pytest.approx(-23, abs=1), "EBU R 128"
    assert peak_dbtp <= -1


def test_what_is_far_too_loud_stays_below_1_dbtp(tmp_path: Path) -> None:
    limiter = Limiter()
    shouting = [speech(4, -4.0, seed) for seed in range(3)]
    program = [limiter.apply(mix(dict(enumerate(at)))) for at in zip(*shouting, strict=True)]
    assert ebur128(program, tmp_path)[1] <= -1


def test_gain_stays_within_its_bounds_and_a_pause_does_not_raise_it() -> None:
    leveller = Leveller()
    for block in speech(14, -42):
        leveller.apply(block)
    assert leveller.gain_db == pytest.approx(MOST_DB)
    before = leveller.gain_db
    room = np.random.default_rng(1).normal(size=(500, 2, BLOCK_SAMPLES)) * 10 ** (ROOM_DBFS / 20)
    for block in room.astype(np.float32):
        leveller.apply(block)
        assert not leveller.speaking
    assert leveller.gain_db == before


def test_the_room_behind_a_microphone_that_was_off_is_not_turned_up() -> None:
    rng = np.random.default_rng(1)
    off = np.zeros((1, BLOCK_SAMPLES), np.float32)
    leveller = Leveller()
    for spoken in ([], speech(8, -30)):
        for block in spoken:
            leveller.apply(block[:1])
        gain_db = leveller.gain_db
        for _ in range(155):
            leveller.apply(off.copy())
        for _ in range(500):
            room = rng.normal(size=off.shape) * 10 ** (-50 / 20)
            leveller.apply(room.astype(np.float32))
        assert leveller.gain_db == pytest.approx(gain_db, abs=1)


def test_who_speaks_where_all_noise_is_taken_out_is_led_all_the_same() -> None:
    leveller = Leveller()
    for block in speech(14, -42):
        leveller.apply(np.where(np.abs(block) > 3e-4, block, 0).astype(np.float32))
    assert leveller.gain_db == pytest.approx(MOST_DB)


def test_a_knock_at_the_microphone_is_soon_forgotten() -> None:
    leveller = Leveller()
    for block in speech(14, -36):
        leveller.apply(block)
    spoken_db = leveller.gain_db
    for block in np.split(np.stack([media.tone(200, 0.1, level_dbfs=0)] * 2), 5, axis=1):
        leveller.apply(block.copy())
    for block in speech(14, -36, seed=2):
        leveller.apply(block)
    assert leveller.gain_db == pytest.approx(spoken_db, abs=2)


def test_steady_sound_is_left_as_it_is() -> None:
    leveller, tone = Leveller(), media.tone(440, 4, level_dbfs=-18.2)
    blocks = np.split(np.stack([tone, tone]), 200, axis=1)
    assert all(np.array_equal(leveller.apply(block.copy()), block) for block in blocks)


def applause(seconds: int, level_dbfs: float) -> list[Samples]:
    """Of many hands."""
    rng, count = np.random.default_rng(9), seconds * media.RATE
    claps = np.zeros(count)
    for begins in rng.integers(0, count - 1000, 400 * seconds):
        claps[begins : begins + 1000] += rng.normal(size=1000) * np.exp(-np.arange(1000) / 200)
    claps *= 10 ** (level_dbfs / 20) / claps.std()
    return np.split(np.stack([claps] * 2).astype(np.float32), seconds * 50, axis=1)


@pytest.mark.parametrize("level_dbfs", [-20.0, -10.0], ids=["10 dB", "20 dB"])
def test_applause_is_held_down_and_who_speaks_after_it_is_as_loud_as_before(
    level_dbfs: float,
) -> None:
    """So much louder than who speaks. It led the gain: for 20 s speech was 10 dB and more lower."""
    leveller = Leveller()
    parts = speech(28, -22), applause(8, level_dbfs), speech(14, -22, seed=2)
    before, clapped, after = ([leveller.apply(block) for block in part] for part in parts)
    spoken = heard_lufs(before[-350:])
    assert heard_lufs(clapped[-350:]) < -17
    assert heard_lufs(after[150:500]) == pytest.approx(spoken, abs=3)


def heard_lufs(blocks: list[Samples]) -> float:
    return lufs(float(k_energies(np.stack(blocks)).mean()))


def test_one_who_speaks_softer_is_believed_in_time() -> None:
    leveller = Leveller()
    for block in [*speech(10.5, -20), *speech(31.5, -40)]:
        leveller.apply(block)
    assert leveller.gain_db > 10


def test_gain_moves_without_a_click() -> None:
    leveller = Leveller()
    tone = media.tone(300, 2, level_dbfs=-6)
    loud = np.where(np.arange(tone.size) % 9600 < 7200, tone, 0).astype(np.float32)
    blocks = np.split(np.stack([loud, loud]), 100, axis=1)
    out = [leveller.apply(block.copy())[0] for block in blocks]
    assert leveller.gain_db < -5
    own = np.abs(np.diff(loud, 2)).max()
    assert np.abs(np.diff(np.concatenate(out), 2)).max() <= own
