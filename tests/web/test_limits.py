"""A limiter lets through what it should, and forgets."""

from hypothesis import given
from hypothesis import strategies as st

from web.limits import MAX_KEYS, Backoff, Bucket, Limiter

HOUR_MS = 3_600_000


@given(st.lists(st.integers(0, 500), max_size=200))
def test_never_more_than_so_many_in_a_window(gaps: list[int]) -> None:
    limiter, now_ms, passed = Limiter(3, 1000), 0, list[int]()
    for gap in gaps:
        now_ms += gap
        wait_ms = limiter.wait_ms("key", now_ms)
        assert 0 <= wait_ms <= 1000
        if not wait_ms:
            limiter.count("key", now_ms)
            passed.append(now_ms)
            assert sum(at_ms > now_ms - 1000 for at_ms in passed) <= 3


def test_the_wait_it_names_is_enough() -> None:
    limiter = Limiter(1, 1000)
    limiter.count("key", 100)
    assert limiter.wait_ms("key", 400) == 700
    assert limiter.wait_ms("key", 1100) == 0
    assert limiter.wait_ms("other", 400) == 0


def test_many_addresses_do_not_fill_the_memory() -> None:
    limiter = Limiter(1, 1000)
    for number in range(MAX_KEYS + 50):
        limiter.count(str(number), 0)
    assert len(limiter._seen) == MAX_KEYS


def test_a_clock_that_is_set_back_keeps_nobody_out() -> None:
    limiter, bucket, backoff = Limiter(1, 1000), Bucket(1, 1000), Backoff(1, 1000, 8000)
    limiter.count("key", HOUR_MS)
    backoff.count("key", HOUR_MS)
    assert bucket.take("key", HOUR_MS) == 0
    assert limiter.wait_ms("key", HOUR_MS) == backoff.wait_ms("key", HOUR_MS) == 1000
    assert bucket.take("key", HOUR_MS) == 1000
    assert limiter.wait_ms("key", 5) == backoff.wait_ms("key", 5) == 0
    assert bucket.take("key", 5) == 0
    assert bucket.take("key", 5) == 1000, "from then on it counts again"
