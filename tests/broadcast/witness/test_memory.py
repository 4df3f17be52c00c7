"""Folding what was seen: still, black, silent."""

import numpy as np

from broadcast.witness.memory import Chunk, Luma, Memory, Picture, Sound

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
