"""Folding what was seen: still, black, silent."""

import numpy as np

from broadcast.studio.interpreting import BELOW
from broadcast.witness.memory import (
    COMPARED,
    FRAME_S,
    Chunk,
    Likeness,
    Luma,
    Memory,
    Picture,
    Sound,
)
from tests import media

NOISE = np.random.default_rng(7)
SIZE = (1280, 720)


def scene(brightness: int = 120) -> Luma:
    return (NOISE.integers(0, 60, (90, 160)) + brightness).astype(np.uint8)


def chunk(at_s: float, luma: Luma | None, dbfs: float = -20.0) -> Chunk:
    pictures = () if luma is None else (Picture(at_s, luma),)
    return Chunk(at_s, at_s + 1, pictures, (Sound(at_s + 0.9, dbfs),), 5.0, SIZE)


def test_a_moving_picture_with_sound_is_all_zero() -> None:
    memory = Memory()
    for second in range(1000, 1010):
        memory.note(chunk(second, scene()))
    assert (memory.still_s, memory.black_s) == (0, 0)
    assert memory.silent_s < 0.2
    assert memory.size == SIZE


def test_a_still_picture_under_a_ticking_clock() -> None:
    memory, picture = Memory(), scene()
    for second in range(1000, 1010):
        ticking = picture.copy()
        ticking[4:9, 150:158] = 235 if second % 2 else 16
        memory.note(chunk(second, ticking))
    assert memory.still_s == 9
    memory.note(chunk(1010, scene()))
    assert memory.still_s == 0


def test_black_under_a_lower_third() -> None:
    memory = Memory()
    for second in range(1000, 1005):
        black = np.full((90, 160), 16, np.uint8)
        black[75:83] = scene()[75:83]
        memory.note(chunk(second, black))
    assert memory.black_s == 4


def test_silence_grows_until_a_sound_and_a_jump_begins_anew() -> None:
    memory = Memory()
    for second in range(1000, 1006):
        memory.note(chunk(second, None, -20 if second < 1002 else -90))
    assert memory.silent_s == 1006 - 1001.9
    memory.note(chunk(5000, None, -90))
    assert memory.silent_s == 1
    assert memory.still_s == 0


def syllables(seconds: int, pace_hz: float, pitch_hz: float) -> media.Samples:
    """Four or five a second, as somebody speaks them, with a breath after some."""
    at = np.arange(seconds * media.RATE) / media.RATE
    loud = np.maximum(0, np.sin(2 * np.pi * pace_hz * at)) * (np.sin(at * 2.1) > -0.6)
    return (0.3 * loud * np.sin(2 * np.pi * pitch_hz * at)).astype(np.float32)


def frames(samples: media.Samples, late: int = 0) -> list[Sound]:
    """As an encoder has them that began `late` samples after the other one."""
    starts = range(late, len(samples) - 1024, 1024)
    peaks = [float(np.abs(samples[at : at + 1024]).max()) for at in starts]
    return [
        Sound(100 + at / media.RATE, 20 * float(np.log10(max(peak, 1e-6))))
        for at, peak in zip(starts, peaks, strict=True)
    ]


def test_a_language_without_its_interpreter_is_like_the_room() -> None:
    room, voice = syllables(10, 4.3, 150), syllables(10, 5.1, 210)
    for late in (0, 300, 512, 900):
        alone, interpreted = Likeness(), Likeness()
        for likeness, spoken in (alone, room), (interpreted, room * BELOW + voice):
            for second in range(0, 470, 47):
                likeness.note(room=frames(room)[second : second + 47])
                likeness.note(spoken=frames(spoken, late)[second : second + 47])
        assert 2 < alone.alike_s < 10, "not in pauses"
        assert interpreted.alike_s < 0.5


def test_what_comes_first_waits_for_the_other_and_not_for_ever() -> None:
    likeness, room = Likeness(), frames(syllables(4, 4.3, 150))
    likeness.note(spoken=room)
    assert likeness.alike_s == 0
    likeness.note(room=room)
    assert likeness.alike_s > 1
    before_s = likeness.alike_s
    for second in range(1000):
        likeness.note(spoken=[Sound(200 + second * FRAME_S, -20)])
    assert likeness.alike_s == before_s
    assert len(likeness._spoken) == COMPARED
