"""Sound that was held up on the machine itself, in virtual time."""

from collections.abc import Iterable

from streams.downlink.backlog import FRESH_NS, LOOK_NS, STALE_NS, Backlog

MS, BLOCK_NS = 1_000_000, 20_000_000
ZERO_NS = 1_700_000_000_000 * MS


def sent(backlog: Backlog, came: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of (program time, when it came), what viewers get. As the relay asks."""
    passed = []
    for media_ns, now_ns in came:
        age_ns = now_ns - media_ns
        within = backlog.early_ns <= age_ns <= backlog.late_ns
        if within or not backlog.leaves_out(age_ns, now_ns):
            passed.append((media_ns, now_ns))
    return passed


def held_up(stall_ns: int, each_ns: int, seconds: int = 8) -> list[tuple[int, int]]:
    """Sound that from its third second on waits for so long, and then comes as fast as it is
    read, or made."""
    came, free_ns = [], 0
    for media_ns in range(ZERO_NS, ZERO_NS + seconds * 1000 * MS, BLOCK_NS):
        now_ns = max(media_ns + MS, free_ns)
        if 0 <= now_ns - ZERO_NS - 2000 * MS < stall_ns:
            now_ns = ZERO_NS + 2000 * MS + stall_ns
        came.append((media_ns, now_ns))
        free_ns = now_ns + each_ns
    return came


def test_what_comes_in_time_is_sent() -> None:
    came = held_up(0, 0)
    assert sent(Backlog(), came) == came


def test_a_short_stall_costs_nothing() -> None:
    came = held_up(STALE_NS - 2 * BLOCK_NS, MS)
    assert sent(Backlog(), came) == came


def test_of_a_long_stall_the_newest_part_alone_is_sent() -> None:
    for stall_ms in (500, 2_000, 10_000):
        for each_ns in (0, 200_000, MS, 8 * MS):
            came = held_up(stall_ms * MS, each_ns, 40)
            passed = sent(Backlog(), came)
            assert max(now_ns - media_ns for media_ns, now_ns in passed) <= FRESH_NS + MS
            left_out = {*came} - {*passed}
            assert min(now_ns - media_ns for media_ns, now_ns in left_out) > FRESH_NS
            assert passed[-1] == came[-1]


def test_sound_that_is_made_later_from_now_on_is_heard() -> None:
    """By a studio that is too slow, or one that was started anew after the clock was set back."""
    for later_ns in (300 * MS, 3600_000 * MS):
        first = held_up(0, 0, 2)
        then = [(media_ns, now_ns + later_ns) for media_ns, now_ns in held_up(0, 0)]
        passed = sent(Backlog(), first + then)
        assert len(passed) >= len(first) + len(then) - LOOK_NS // BLOCK_NS - 2
        assert passed[-100:] == then[-100:]


def test_a_clock_that_was_set_forward_costs_nothing() -> None:
    first = held_up(0, 0, 2)
    then = [(media_ns + 3600_000 * MS, now_ns) for media_ns, now_ns in held_up(0, 0)]
    assert sent(Backlog(), first + then) == first + then


def test_all_feeds_and_renditions_of_a_moment_fare_alike() -> None:
    came = [one for one in held_up(1_000 * MS, MS) for _ in range(3)]
    passed = sent(Backlog(), came)
    assert all(passed.count(one) == 3 for one in {*passed})
