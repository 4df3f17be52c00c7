"""What the one end writes about arrivals, the other reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.rtp.twcc import NEVER, REFERENCE_NS, TICK_NS, Arrivals, parse

MS = 1_000_000


@given(
    st.integers(0, 0xFFFF),
    st.lists(st.tuples(st.booleans(), st.integers(-300, 5_000)), min_size=1, max_size=200),
)
def test_arrivals_are_read_as_they_were_written(
    first: int, packets: list[tuple[bool, int]]
) -> None:
    arrivals, now_ns, meant = Arrivals(), 10**12, list[int | None]()
    for index, (comes, gap_ticks) in enumerate([(True, 0), *packets, (True, 1)]):
        now_ns += gap_ticks * TICK_NS
        meant.append(now_ns if comes else None)
        if comes:
            arrivals.add((first + index) & 0xFFFF, now_ns)
    fci = arrivals.report()
    assert fci is not None
    feedback = parse(fci)
    assert feedback.first == first
    start_ns = feedback.reference * REFERENCE_NS
    read = [None if at == NEVER else start_ns + at * TICK_NS for at in feedback.came]
    assert [at is None for at in read] == [at is None for at in meant]
    assert all(
        abs(one - other) <= TICK_NS
        for one, other in zip(read, meant, strict=True)
        if one is not None and other is not None
    )


def test_bits_are_read_too() -> None:
    """Our own reports have none; browsers use them for short runs with losses."""
    head = bytes.fromhex("0005 0010 000001 00")
    bits, pairs = bytes.fromhex("9fff"), bytes.fromhex("e010")
    feedback = parse(head + bits + pairs + bytes([4] * 13) + (1032).to_bytes(2))
    assert feedback.came == [NEVER, *range(4, 53, 4), 1084, NEVER]


@given(st.binary(max_size=80))
def test_garbage_is_refused_or_harmless(garbage: bytes) -> None:
    for head in (b"", b"\0\1\0\7\0\0\1\0", b"\0\1\xff\xff\0\0\1\0\x20\7", b"\0\0\0\0\0\0\0\0"):
        try:
            assert parse(head + garbage).came
        except ValueError:
            continue


@pytest.mark.parametrize("count", [0, 0xFFFF])
def test_feedback_of_nothing_or_of_everything_is_garbage(count: int) -> None:
    with pytest.raises(ValueError, match="no packet"):
        parse(b"\0\0" + count.to_bytes(2) + b"\0\0\1\0" + b"\x1f\xff" * 9)
