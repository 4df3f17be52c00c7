"""Keyframes over time, sound past them."""

from streams.downlink.pacer import MAX_WAITING, Pacer

MS = 1_000_000


def test_nothing_waits_on_a_line_that_takes_all() -> None:
    pacer: Pacer[int] = Pacer()
    assert all(pacer.admits(100_000, now) for now in range(100))


def test_a_keyframe_leaves_at_the_rate_of_the_line() -> None:
    pacer: Pacer[int] = Pacer()
    pacer.rate_bps = 800_000  # 100 octets in each ms
    assert not pacer.admits(20 * 1000, 1000 * MS)
    assert all(pacer.put(index, 1000) for index in range(20))
    sent = [(now, one) for now in range(1000, 1300, 20) for one in pacer.due(now * MS)]
    assert [one for _, one in sent] == list(range(20)), "in order"
    assert [now for now, _ in sent].count(1000) == 6, "what the bucket has goes at once"
    assert 1120 <= sent[-1][0] <= 1200


def test_what_follows_waits_behind_it() -> None:
    pacer: Pacer[str] = Pacer()
    pacer.rate_bps = 80_000
    pacer.put("key", 4000)
    pacer.put("more", 4000)
    assert not pacer.admits(10, 0)
    assert list(pacer.due(0)) == ["key"]
    assert not pacer.admits(10, 300 * MS)
    assert list(pacer.due(1000 * MS)) == ["more"]


def test_the_queue_is_bounded_in_time_and_can_be_forgotten() -> None:
    pacer: Pacer[int] = Pacer()
    pacer.rate_bps = 80_000
    put = [pacer.put(index, 1000) for index in range(100)]
    assert put == [True] * 21 + [False] * 79
    pacer.clear()
    assert list(pacer.due(10**12)) == []


def test_a_line_that_becomes_free_lets_all_go() -> None:
    pacer: Pacer[int] = Pacer()
    pacer.rate_bps = 80_000
    assert pacer.put(1, 10_000)
    assert pacer.put(2, 10_000)
    pacer.rate_bps = None
    assert not pacer.admits(10, 0), "never before what waits"
    assert list(pacer.due(0)) == [1, 2]
    assert pacer.admits(10, 0)


def test_also_where_nothing_limits_the_rate_the_queue_is_bounded() -> None:
    """A line became free, and then the port congested: nothing leaves, and all that comes waits."""
    pacer: Pacer[int] = Pacer()
    pacer.rate_bps = 80_000
    assert pacer.put(0, 1000)
    pacer.rate_bps = None
    while pacer.put(1, 10_000):
        assert pacer.waits < 2 * MAX_WAITING
