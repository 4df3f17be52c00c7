"""What came when, as a sender reads it back (libwebrtc's reading of the draft)."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylibsrtp import Policy, Session

from streams.rtp.twcc import MAX_SPAN, TICK_NS, Arrivals

MS = 1_000_000


def read(fci: bytes) -> tuple[int, int, dict[int, int]]:
    """(base sequence, count of reports, arrival in ticks of 250 us by sequence number)."""
    assert len(fci) % 4 == 0
    base, total, last = struct.unpack_from("!HHI", fci)
    reference, count = last >> 8, last & 0xFF
    symbols: list[int] = []
    at = 8
    while len(symbols) < total:
        (chunk,) = struct.unpack_from("!H", fci, at)
        at += 2
        if chunk & 0x8000:
            assert chunk & 0x4000, "one-bit vectors are not written here"
            symbols += [chunk >> shift & 3 for shift in range(12, -2, -2)]
        else:
            symbols += [chunk >> 13] * (chunk & 0x1FFF)
    came, ticks = {}, reference * 256
    for index, symbol in enumerate(symbols[:total]):
        if symbol == 0:
            continue
        ticks += fci[at] if symbol == 1 else struct.unpack_from("!h", fci, at)[0]
        at += symbol
        came[(base + index) & 0xFFFF] = ticks
    assert len(fci) - at < 4
    return base, count, came


def test_arrivals_are_told_in_quarter_milliseconds_and_losses_left_out() -> None:
    arrivals = Arrivals()
    times = {65_533: 1000 * MS, 65_534: 1003 * MS, 1: 1011 * MS, 2: 1100 * MS, 3: 1101 * MS}
    for sequence, at in times.items():
        arrivals.add(sequence, at)
    fci = arrivals.report()
    assert fci is not None
    base, count, came = read(fci)
    assert (base, count) == (65_533, 0)
    assert came == {sequence: at // TICK_NS for sequence, at in times.items()}


def test_what_is_told_is_not_told_again_but_a_hole_is() -> None:
    arrivals = Arrivals()
    arrivals.add(10, 0)
    assert arrivals.report() is not None
    assert arrivals.report() is None
    arrivals.add(13, 5 * MS)
    fci = arrivals.report()
    assert fci is not None
    base, count, came = read(fci)
    assert (base, count, list(came)) == (11, 1, [13])
    arrivals.add(12, 9 * MS)
    late = arrivals.report()
    assert late is not None
    assert list(read(late)[2]) == [12]


@given(
    st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 300 * MS)), min_size=1, max_size=400)
)
def test_whatever_comes_can_be_read_back(packets: list[tuple[int, int]]) -> None:
    arrivals = Arrivals()
    first: dict[int, int] = {}
    for sequence, at in packets:
        arrivals.add(sequence, at)
        first.setdefault(sequence, at)
    fci = arrivals.report()
    assert fci is not None
    _, _, came = read(fci)
    told = {sequence: at for sequence, at in first.items() if sequence > max(first) - MAX_SPAN}
    assert came == {sequence: at // TICK_NS for sequence, at in told.items()}


def test_a_steady_stream_costs_little() -> None:
    arrivals = Arrivals()
    for sequence in range(200):
        arrivals.add(sequence, sequence * MS)
    fci = arrivals.report()
    assert fci is not None
    assert len(fci) == pytest.approx(8 + 2 + 200, abs=4)
    base, _, came = read(fci)
    assert base == 0
    assert came == {sequence: sequence * MS // TICK_NS for sequence in range(200)}


def test_a_late_packet_does_not_make_those_after_it_lost() -> None:
    arrivals = Arrivals()
    for sequences in ((10, 11, 13), (12,), (14,)):
        for sequence in sequences:
            arrivals.add(sequence, sequence * MS)
        fci = arrivals.report()
    assert fci is not None
    base, _, came = read(fci)
    assert (base, list(came)) == (14, [14]), "13 was told of already"


def test_the_longest_report_is_one_datagram() -> None:
    """Two octets for each packet: each came long before the one with the number before."""
    arrivals = Arrivals()
    for sequence in reversed(range(2000)):
        if sequence % 3:
            arrivals.add(sequence, (2000 - sequence) * 100 * MS)
    fci = arrivals.report()
    assert fci is not None
    head = struct.pack("!BBHII", 0x8F, 205, 2 + len(fci) // 4, 1, 7)
    Session(Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_OUTBOUND)).protect_rtcp(head + fci)
