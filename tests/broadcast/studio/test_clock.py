"""Program time and its grids."""

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from broadcast.studio.clock import (
    BLOCK_SAMPLES,
    BLOCKS,
    NS_PER_S,
    Grid,
    Metronome,
    ProgramClock,
    segment_of,
    video_pts,
)

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
    clock = ProgramClock.started_now()
    assert abs(clock.now_ns() - time.time_ns()) < NS_PER_S
    assert clock.monotonic_ns(clock.program_ns(5)) == 5


def test_a_late_metronome_skips_and_counts() -> None:
    stop = threading.Event()
    metronome = Metronome(ProgramClock.started_now(), Grid(100), stop, 30_000_000)
    ticks = metronome.ticks()
    first = next(ticks)
    assert next(ticks) == first + 1
    time.sleep(0.2)
    late = next(ticks)
    assert late == first + 2 or late > first + 10
    after = next(ticks)
    assert metronome.skipped >= 10
    assert after >= first + 12
    stop.set()
    assert list(ticks) == []
