"""Decoded sound in sample time: late, lost and drifting packets."""

import numpy as np
import pytest

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.jitter import CAPACITY, JUMP, Reader, SampleRing, resampled
from tests import media

START = 123_456_789_000
HZ = 300.0


def tone(seconds: float, hz: float = HZ) -> Samples:
    samples = media.tone(hz, seconds)
    return np.stack([samples, samples])


def packets(samples: Samples) -> list[tuple[int, Samples]]:
    return [(at, samples[:, at : at + 960]) for at in range(0, samples.shape[1], 960)]


CURVE = media.steepest(tone(0.1)[0])
CORNER = 2.5 * float(np.abs(np.diff(tone(0.1)[0])).max())
"""Where mirrored sound begins the slope turns round; a step would be twenty times that."""


def test_what_is_written_is_read() -> None:
    ring, sound = SampleRing(), tone(0.5)
    for at, samples in packets(sound):
        ring.write(START + at, samples)
    assert np.array_equal(ring.read(START + 100, 5000), sound[:, 100:5100])


def test_it_wraps_around() -> None:
    ring, sound = SampleRing(), tone(3)
    for at, samples in packets(sound):
        ring.write(START + at, samples)
    end = sound.shape[1]
    assert np.array_equal(ring.read(START + end - 40_000, 40_000), sound[:, end - 40_000 :])


def test_a_late_packet_falls_into_place() -> None:
    ring, sound = SampleRing(), tone(0.2)
    in_order = packets(sound)
    for at, samples in [*in_order[:4], *in_order[5:], in_order[4]]:
        ring.write(START + at, samples)
    read = ring.read(START, sound.shape[1])[0]
    # Exact but for the 5 ms in which it joins what had been made up in its place.
    hole = slice(4 * 960 + 240, 5 * 960)
    assert np.allclose(read[hole], sound[0, hole])


def test_a_lost_packet_makes_no_click() -> None:
    ring, sound = SampleRing(), tone(0.4)
    for n, (at, samples) in enumerate(packets(sound)):
        if n != 10:
            ring.write(START + at, samples)
    read = ring.read(START, sound.shape[1])[0]
    assert media.steepest(read) < CORNER
    assert media.tone_level(read[10 * 960 : 11 * 960], HZ) > -30


def test_a_long_hole_is_silence() -> None:
    ring, sound = SampleRing(), tone(0.2)
    for at, samples in packets(sound):
        ring.write(START + at, samples)
    ring.write(START + 48_000, sound[:, :960])
    assert not ring.read(START + 9600 + 3000, 30_000).any()


def test_sound_that_stops_fades_and_one_that_returns_joins() -> None:
    ring, sound = SampleRing(), tone(1)
    parts = packets(sound)
    out = []
    for n, (at, samples) in enumerate(parts):
        if not 15 <= n < 30:
            ring.write(START + at, samples)
        out.append(ring.read(START + at, 960)[0])
    read = np.concatenate(out)
    assert media.steepest(read) < CORNER
    assert not read[20 * 960 : 29 * 960].any()
    assert np.allclose(read[31 * 960 :], sound[0, 31 * 960 :])


def test_a_new_stream_far_away_starts_afresh() -> None:
    ring = SampleRing()
    ring.write(START, tone(0.02))
    ring.write(5, tone(0.02))
    assert np.array_equal(ring.read(5, 960), tone(0.02))
    assert not ring.read(START, 960).any()
    assert not ring.read(5 + 3 * CAPACITY, 960).any()


def test_resampling_keeps_the_ends_and_the_tone() -> None:
    sound = tone(0.1)
    longer = resampled(sound[:, 999 : 999 + 964 + 3], 960)
    assert longer.shape == (2, 960)
    assert longer[0, 0] == sound[0, 1000]
    expected = np.interp(1000 + np.arange(960) * 964 / 960, np.arange(4800), sound[0])
    assert np.abs(longer[0] - expected).max() < 1e-3


@pytest.mark.parametrize("ppm", [-500, 500])
def test_a_drifting_clock_is_followed_without_clicks(ppm: int) -> None:
    """60 s of a site whose sound card is off by 500 ppm: 30 ms would have been lost or piled up."""
    ring, reader, sound = SampleRing(), Reader(), tone(61)
    out, written = [], 0
    for block in range(50 * 59):
        ideal = round((block * BLOCK_SAMPLES) * (1 + ppm / 1e6))
        while written < ideal + 4 * 960:
            ring.write(written, sound[:, written : written + 960])
            written += 960
        out.append(reader.block(ring, ideal)[0])
        assert abs(reader.late) < 200, "4 ms"
    read = np.concatenate(out)
    assert media.steepest(read) < 1.2 * CURVE
    level = media.tone_level(read[-48_000:], HZ)
    assert level == pytest.approx(-12, abs=0.5)


def test_a_large_error_is_jumped_over_with_a_cross_fade() -> None:
    ring, reader, sound = SampleRing(), Reader(), tone(1)
    for at, samples in packets(sound):
        ring.write(at, samples)
    out = [reader.block(ring, n * 960)[0] for n in range(5)]
    out += [reader.block(ring, n * 960 + JUMP + 777)[0] for n in range(5, 10)]
    read = np.concatenate(out)
    assert media.steepest(read) < 3 * CURVE
    assert np.array_equal(read[-960:], sound[0, 9 * 960 + JUMP + 777 :][:960])
    assert reader.late == 0


def test_clocks_that_drift_do_not_go_back_and_forth_between_two_packets() -> None:
    ring, reader = SampleRing(), Reader()
    for n in range(60):
        wanted = n * BLOCK_SAMPLES + (-30, 0, 30, 60)[n % 4]
        reader.block(ring, wanted, 7 * BLOCK_SAMPLES)
        assert reader.place(0) == (n + 1) * BLOCK_SAMPLES
