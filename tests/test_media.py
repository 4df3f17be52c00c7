"""The measuring tools measure right: every other media test rests on them."""

import asyncio
import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.layout import Layout, seats_of
from tests import media
from tests.media import Mark, draw, read_mark

SIZES = [(640, 360), (320, 180), (1280, 720)]


def luma(planar: media.Planar) -> media.Picture:
    return planar[: planar.shape[0] * 2 // 3]


@given(st.integers(0, 7), st.integers(0, media.NUMBERS - 1))
def test_a_mark_is_read_as_drawn(site: int, number: int) -> None:
    assert read_mark(luma(draw(320, 180, Mark(site, number)))) == Mark(site, number)


@pytest.mark.parametrize("grey", [0, 16, 128, 235, 255])
def test_a_plain_picture_has_no_mark(grey: int) -> None:
    assert read_mark(np.full((360, 640), grey, np.uint8)) is None


def test_most_wrong_bits_are_seen() -> None:
    right = Mark(3, 4711)
    for bit in range(media.BLOCKS):
        wrong = right.bits ^ 1 << bit
        value = wrong >> 7
        assert media._check(value) != wrong & 127


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("layout", [Layout.FULL, Layout.SIDE_BY_SIDE, Layout.GRID_4, Layout.GRID_9])
def test_a_mark_survives_scaling_into_a_seat(size: tuple[int, int], layout: Layout) -> None:
    canvas = np.full((720, 1280), 40, np.uint8)
    for number, seat in enumerate(seats_of(layout)):
        x, y = round(seat.x * 1280), round(seat.y * 720)
        width, height = round(seat.width * 1280) & ~1, round(seat.height * 720) & ~1
        frame = media.frame_of(draw(*size, Mark(number % 8, 1000 + number)), 0, Fraction(1, 15))
        scaled = media.luma_of(frame.reformat(width, height))
        canvas[y : y + height, x : x + width] = scaled
    read = [read_mark(canvas, seat) for seat in seats_of(layout)]
    assert read == [Mark(n % 8, 1000 + n) for n in range(layout.seats)]


def encoded(seconds: float, bitrate: int = 200_000) -> bytes:
    """A clip with a flash and a beep at 1 s, as fMP4."""
    buffer = io.BytesIO()
    with av.open(
        buffer, "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov"}
    ) as out:
        video = out.add_stream("libx264", rate=15, options={"tune": "zerolatency"})
        video.width, video.height, video.bit_rate = 320, 180, bitrate
        audio = out.add_stream("aac", rate=media.RATE, layout="mono")
        for n in range(round(seconds * 15)):
            planar = draw(320, 180, Mark(2, n), flash=n == 15)
            out.mux(video.encode(media.frame_of(planar, n, Fraction(1, 15))))
        samples = np.zeros(round(seconds * media.RATE), np.float32)
        samples[media.RATE : media.RATE + 4800] = media.tone(1000, 0.1)
        frame = av.AudioFrame.from_ndarray(samples[None], "fltp", "mono")
        frame.sample_rate, frame.pts = media.RATE, 0
        out.mux(audio.encode(frame))
        out.mux(audio.encode(None))
        out.mux(video.encode(None))
    return buffer.getvalue()


def test_a_clip_is_read_back_from_h264_and_aac() -> None:
    clip = media.decode(encoded(2))
    numbers = [mark.number for _, mark in clip.marks() if mark]
    assert numbers == list(range(30))
    assert [at for at, picture in clip.pictures if media.is_flash(picture)] == [
        pytest.approx(1, abs=0.03)
    ]
    assert media.loudest_tone(clip.heard(0.9, 1.2), 1000) == pytest.approx(-12, abs=2)
    assert media.loudest_tone(clip.heard(0, 0.8), 1000) < -80


@pytest.mark.parametrize("hz", [440, 1000, 1234.5])
def test_level_of_a_tone_among_others(hz: float) -> None:
    samples = media.tone(hz, 0.5, level_dbfs=-20) + media.tone(2 * hz, 0.5, level_dbfs=-3)
    assert media.tone_level(samples, hz) == pytest.approx(-20, abs=0.2)
    assert media.tone_level(samples, 3 * hz) < -80
    assert media.tone_level(np.zeros(0, np.float32), hz) == media.SILENCE_DBFS


def test_beeps_are_as_loud_as_the_tone() -> None:
    samples = media.tone(700, 2, beep_s=0.2)
    assert media.loudest_tone(samples, 700, 0.05) == pytest.approx(-12, abs=1)
    assert media.tone_level(samples, 700) == pytest.approx(-18, abs=1)


@pytest.mark.parametrize("lost", [480, 600, 700, 1700])
def test_a_crack_is_no_tone_and_a_tone_beside_cracks_is(lost: int) -> None:
    """In most tenths of a second a piece of another tone is missing, or of both."""
    heard = media.tone(440, 2)
    seconds = np.arange(len(heard)) / media.RATE

    def broken(samples: media.Samples) -> media.Samples:
        pieces = [samples[at + lost : at + 4007] for at in range(0, 90_000, 4000)]
        return np.concatenate(pieces)

    assert media.loudest_tone(broken(heard), 2600) > -60
    assert media.leaked_tone(broken(heard), 2600) < -80
    leak = (10 ** (-35 / 20) * np.sin(2 * np.pi * 2600 * seconds)).astype(np.float32)
    assert media.leaked_tone(broken(heard + leak), 2600) == pytest.approx(-35, abs=4)
    assert media.leaked_tone(heard + leak, 2600) == pytest.approx(-35, abs=0.5)


def test_files_for_a_browser(tmp_path: Path) -> None:
    video = media.write_y4m(tmp_path / "a.y4m", 320, 180, 15, media.numbered(5, 8, 320, 180))
    read = media.decode(video.read_bytes())
    assert [mark for _, mark in read.marks()] == [Mark(5, n) for n in range(8)]
    sound = media.write_wav(tmp_path / "a.wav", media.tone(500, 0.5))
    heard = media.decode(sound.read_bytes()).heard()
    assert media.tone_level(heard, 500) == pytest.approx(-12, abs=0.1)


def test_waiting_ends_with_the_condition_or_the_bound() -> None:
    async def story() -> None:
        tries = iter([None, 0, "there"])
        assert await media.wait_until(lambda: next(tries), "a value") == "there"
        with pytest.raises(TimeoutError, match="never: not within"):
            await media.wait_until(lambda: False, "never", 0.1)

    asyncio.run(story())
