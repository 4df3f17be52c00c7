"""Program time and its grids."""

import itertools
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.studio.clock import (
    BLOCK_SAMPLES,
    BLOCKS,
    Grid,
    Metronome,
    ProgramClock,
    segment_of,
    tick_now,
    video_pts,
)
from broadcast.studio.encoding import CANVASES
from broadcast.studio.frameclock import PATIENCE
from streams.frames import NS_PER_S

moments = st.integers(0, 2 * 10**18)


@given(moments, st.integers(1, 60))
def test_a_tick_is_the_one_at_its_own_time(moment: int, per_second: int) -> None:
    grid = Grid(per_second)
    index = grid.index(moment)
    assert grid.time_ns(index) <= moment < grid.time_ns(index + 1)
    assert grid.index(grid.time_ns(index)) == index


@given(moments)
def test_sound_and_picture_share_one_zero(moment: int) -> None:
    frame, block = Grid(25).index(moment), BLOCKS.index(moment)
    assert abs(video_pts(frame, 25) / 90_000 - block * BLOCK_SAMPLES / 48_000) <= 0.04


@given(moments, st.sampled_from([5, 24, 25, 30, 50, 60]), st.sampled_from([1000, 2000, 6000]))
def test_every_segment_has_a_first_frame_at_its_mark(
    moment: int, fps: int, segment_ms: int
) -> None:
    """Whole seconds hold whole frames, so two runs of the studio cut at the same frame."""
    second = moment // NS_PER_S - moment // NS_PER_S % (segment_ms // 1000)
    first = Grid(fps).index(second * NS_PER_S)
    assert video_pts(first, fps) == second * 90_000
    before, after = (segment_of(video_pts(n, fps), segment_ms) for n in (first - 1, first))
    assert after == before + 1


def test_program_time_is_wall_time_and_never_jumps() -> None:
    before_ns = time.time_ns()
    clock = ProgramClock.started_now()
    now_ns = clock.now_ns()
    assert before_ns - NS_PER_S < now_ns < time.time_ns() + NS_PER_S
    assert clock.monotonic_ns(clock.program_ns(5)) == 5


@given(st.integers(0, 200), moments, st.integers(0, NS_PER_S), st.integers(0, 9))
def test_only_what_is_later_than_the_patience_is_left_out(
    back: int, now_ns: int, patience_ns: int, kept: int
) -> None:
    grid = Grid(25)
    newest = grid.index(now_ns)
    index = max(0, newest - back)
    due = tick_now(grid, index, now_ns, patience_ns, kept)
    if now_ns - grid.time_ns(index) <= patience_ns:
        assert due == index
    else:
        assert due == max(index, newest - kept)


@pytest.mark.parametrize(
    ("encoding_ms", "stall_ms", "left_out"),
    [(15, 0, 0), (15, 120, 0), (15, 150, 0), (15, 300, 0), (15, 450, 4), (60, 0, 93), (39, 0, 0)],
)
def test_an_overload_costs_as_few_frames_as_it_can(
    encoding_ms: int, stall_ms: int, left_out: int
) -> None:
    """Twelve seconds of a frame clock and its encoder, in milliseconds: composing takes 5. The
    machine stalls once, or all of it is too slow; no frame is made twice, each is counted once."""
    grid, index, now, made, skipped = Grid(25), 0, 0.0, [], 0
    ends: list[float] = []
    """When each canvas that was given away is free again."""
    while index < 300:
        now = max(now, index * 40.0)
        if stall_ms and index == 100:
            now, stall_ms = now + stall_ms, 0
        due = tick_now(grid, index, round(now * 1_000_000), PATIENCE * 40_000_000, PATIENCE)
        skipped, index = skipped + due - index, due + 1
        busy = [end for end in ends if end > now]
        if len(busy) == CANVASES:
            skipped += 1
            continue
        now += 5
        ends = [*busy, max([now, *busy]) + encoding_ms]
        made.append(due)
    assert made == sorted(set(made))
    assert len(made) + skipped == index
    assert skipped == left_out
    assert max(b - a for a, b in itertools.pairwise(made)) <= (
        2 if encoding_ms > 40 else left_out + 1
    )


def test_a_late_metronome_skips_and_counts() -> None:
    """The machine that it runs on may be late by itself; it skips none that is less late."""
    clock, grid, stop = ProgramClock.started_now(), Grid(100), threading.Event()
    patience_ns = 30_000_000
    metronome = Metronome(clock, grid, stop, patience_ns)
    ticks = metronome.ticks()
    seen = [next(ticks)]
    begun = metronome.skipped
    for late_s in (0, 0, 0.2, 0, 0):
        time.sleep(late_s)
        seen.append(next(ticks))
        now_ns, before, tick = clock.now_ns(), *seen[-2:]
        assert grid.time_ns(tick) <= now_ns
        assert tick == before + 1 or now_ns - grid.time_ns(before + 1) > patience_ns
        assert tick >= before + late_s * grid.per_second
    assert metronome.skipped - begun == seen[-1] - seen[0] + 1 - len(seen)
    stop.set()
    assert list(ticks) == []
