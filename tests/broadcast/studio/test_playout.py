"""Lip sync: sound and picture of one moment are presented together, whatever each went through."""

import random

import pytest

from broadcast.studio.playout import MARGIN_NS, MAX_DELAY_NS, MIN_DELAY_NS, Playout, Transit
from streams.frames import NS_PER_MS, NS_PER_S

SOUND_ZERO, PICTURE_ZERO, CAPTURE_ZERO = 7 * NS_PER_S, 9000 * NS_PER_S, 10**18


def stream(
    transit: Transit,
    zero: int,
    step_ms: int,
    travel_ms: float,
    *,
    seconds: float = 10,
    begin_s: float = 0,
    captured: bool = True,
    jitter_ms: float = 0,
    drift: float = 0.0,
    seed: int = 1,
) -> None:
    """Frames captured every `step_ms`, each `travel_ms` (and up to `jitter_ms` more) later here.
    The site's clock runs `1 + drift` times as fast as ours."""
    rng = random.Random(seed)
    for n in range(int(seconds * 1000 / step_ms)):
        at = int(begin_s * NS_PER_S) + n * step_ms * NS_PER_MS
        late = (travel_ms + rng.random() * jitter_ms) * NS_PER_MS
        captured_ns = CAPTURE_ZERO + at if captured else None
        transit.add(zero + at, captured_ns, int(at / (1 + drift) + late))


def presented(playout: Playout, moment_ns: int) -> tuple[int, int]:
    """When sound and picture captured at that moment are presented."""
    playout._retarget()
    assert playout.sound_target_ns is not None
    assert playout.picture_offset_ns is not None
    return (
        SOUND_ZERO + moment_ns + playout.sound_target_ns,
        PICTURE_ZERO + moment_ns + playout.picture_offset_ns,
    )


@pytest.mark.parametrize("picture_ms", [20, 60, 150])
def test_capture_times_line_up_streams_that_travel_unequally(picture_ms: int) -> None:
    playout = Playout()
    stream(playout.sound, SOUND_ZERO, 20, 20)
    stream(playout.picture, PICTURE_ZERO, 40, picture_ms)
    sound, picture = presented(playout, 9 * NS_PER_S)
    assert abs(sound - picture) < NS_PER_MS
    assert sound >= 9 * NS_PER_S + picture_ms * NS_PER_MS + MIN_DELAY_NS


@pytest.mark.parametrize("later_ms", [-200, -60, 120, 200])
def test_sound_is_shifted_against_its_picture_as_the_operator_says(later_ms: int) -> None:
    playout = Playout()
    stream(playout.sound, SOUND_ZERO, 20, 20)
    stream(playout.picture, PICTURE_ZERO, 40, 60)
    before = presented(playout, 9 * NS_PER_S)
    playout.sound_later_ns = later_ms * NS_PER_MS
    sound, picture = presented(playout, 9 * NS_PER_S)
    assert abs(sound - picture - later_ms * NS_PER_MS) < NS_PER_MS
    assert sound >= before[0] - 40 * NS_PER_MS, "what held the sound back was its picture alone"
    assert picture >= before[1], "neither comes before it can"


def test_without_capture_times_both_count_as_equally_fast() -> None:
    playout = Playout()
    stream(playout.sound, SOUND_ZERO, 20, 20, captured=False)
    stream(playout.picture, PICTURE_ZERO, 40, 30, captured=False)
    sound, picture = presented(playout, 9 * NS_PER_S)
    assert abs(sound - picture) == 10 * NS_PER_MS


def test_jitter_lengthens_the_delay_for_both() -> None:
    playout = Playout()
    stream(playout.sound, SOUND_ZERO, 20, 20)
    stream(playout.picture, PICTURE_ZERO, 40, 20, jitter_ms=150)
    sound, picture = presented(playout, 9 * NS_PER_S)
    assert abs(sound - picture) < NS_PER_MS
    assert sound - 9 * NS_PER_S > (20 + 150) * NS_PER_MS


def test_the_delay_stays_within_bounds() -> None:
    quiet, wild = Transit(), Transit()
    stream(quiet, 0, 20, 20)
    stream(wild, 0, 20, 20, jitter_ms=5000)
    assert quiet.delay_ns == MIN_DELAY_NS
    assert wild.delay_ns == MAX_DELAY_NS


def test_where_a_line_trembles_more_is_left_for_what_comes_later_still() -> None:
    for jitter_ms, left_ms in ((4, 15), (10, 19), (15, 24), (60, 25)):
        transit = Transit()
        stream(transit, 0, 20, 20, jitter_ms=jitter_ms)
        stays = max(MIN_DELAY_NS, (jitter_ms + left_ms) * NS_PER_MS)
        assert abs(transit.delay_ns - stays) < 2 * NS_PER_MS


def test_it_grows_at_once_and_shrinks_slowly() -> None:
    transit = Transit()
    stream(transit, 0, 20, 20)
    stream(transit, 0, 20, 20, begin_s=10, seconds=0.2, jitter_ms=300)
    grown = transit.delay_ns
    assert grown > 150 * NS_PER_MS, "ten packets later"
    stream(transit, 0, 20, 20, begin_s=10.2, seconds=3)
    assert transit.delay_ns > grown - 65 * NS_PER_MS, "20 ms each second"
    stream(transit, 0, 20, 20, begin_s=13.2, seconds=5)
    assert transit.delay_ns == MIN_DELAY_NS, "then 60 ms"


def test_it_shrinks_slowly_while_it_may_be_needed_again() -> None:
    transit, delays = Transit(), []
    stream(transit, 0, 20, 20)
    for n in range(10):
        stream(transit, 0, 20, 20, begin_s=10 + 4 * n, seconds=0.2, jitter_ms=300, seed=n)
        stream(transit, 0, 20, 20, begin_s=10.2 + 4 * n, seconds=3.8)
        delays.append(transit.delay_ns)
    assert min(delays) > 100 * NS_PER_MS


def test_two_stragglers_in_two_seconds_lengthen_nothing() -> None:
    transit = Transit()
    stream(transit, 0, 20, 20)
    for n in range(500, 1000):
        late = 300 if n % 60 == 0 else 20
        transit.add(n * 20 * NS_PER_MS, None, (n * 20 + late) * NS_PER_MS)
        assert transit.delay_ns == MIN_DELAY_NS


def test_the_time_to_decode_is_waited_for() -> None:
    transit = Transit()
    for n in range(1000):
        transit.note_work((80 if n % 50 == 0 else 8 + n % 5) * NS_PER_MS)
    assert 10 * NS_PER_MS <= transit.work_ns <= 15 * NS_PER_MS, "not for one in fifty"
    stream(transit, 0, 40, 20)
    assert transit.delay_ns == transit.work_ns + MARGIN_NS


def test_a_longer_way_is_no_jitter() -> None:
    """Once all come 300 ms later, they wait no longer than before; meanwhile none is lost."""
    transit = Transit()
    stream(transit, 0, 20, 20)
    stream(transit, 0, 20, 320, begin_s=10, seconds=20)
    assert transit.base_ns == 320 * NS_PER_MS
    assert transit.delay_ns == MIN_DELAY_NS


def test_capture_times_that_cannot_be_are_not_believed() -> None:
    playout = Playout()
    stream(playout.sound, SOUND_ZERO, 20, 20)
    stream(playout.picture, PICTURE_ZERO, 40, 20)
    playout.picture.captured_shift_ns = -(10**18)
    playout._retarget()
    assert playout.sound_target_ns is not None
    held = SOUND_ZERO + playout.sound_target_ns
    assert held - 20 * NS_PER_MS <= 2 * MIN_DELAY_NS + 20 * NS_PER_MS


def test_sound_waits_for_its_picture_only_so_long() -> None:
    """What the picture needs beyond is its own loss: it still aims to be there with its sound."""
    playout = Playout()
    stream(playout.sound, SOUND_ZERO, 20, 20, jitter_ms=200)
    stream(playout.picture, PICTURE_ZERO, 40, 300, jitter_ms=380)
    sound, picture = presented(playout, 9 * NS_PER_S)
    assert abs(sound - picture) < NS_PER_MS
    assert sound - 9 * NS_PER_S <= 20 * NS_PER_MS + MAX_DELAY_NS + 5 * NS_PER_MS


@pytest.mark.parametrize("drift", [-300e-6, 300e-6])
def test_the_target_follows_a_drifting_clock(drift: float) -> None:
    transit = Transit()
    stream(transit, 0, 20, 20, seconds=100, drift=drift)
    assert transit.base_ns is not None
    here = 100 / (1 + drift) - 100
    assert abs(transit.base_ns - 20 * NS_PER_MS - here * NS_PER_S) < 4 * NS_PER_MS


def test_the_picture_follows_where_the_sound_really_is() -> None:
    playout = Playout()
    stream(playout.sound, SOUND_ZERO, 20, 20)
    stream(playout.picture, PICTURE_ZERO, 40, 20)
    _, before = presented(playout, NS_PER_S)
    playout.sound_error_ns = 30 * NS_PER_MS
    _, after = presented(playout, NS_PER_S)
    assert after - before == 30 * NS_PER_MS


def test_a_stream_that_begins_anew_forgets_the_old_one() -> None:
    transit = Transit()
    stream(transit, 0, 20, 20)
    transit.add(5000 * NS_PER_S, None, 11 * NS_PER_S)
    assert transit.base_ns == 11 * NS_PER_S - 5000 * NS_PER_S


def test_offsets_outlive_the_streams_they_came_from() -> None:
    """Sound that still waits is played out after the site has gone."""
    playout = Playout()
    stream(playout.sound, SOUND_ZERO, 20, 20)
    playout._retarget()
    before = playout.sound_target_ns
    playout.restart()
    playout._retarget()
    assert playout.sound_target_ns == before
