"""The question of the round trip, and its answers, also malformed ones."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.rtp.extended_reports import reference_time, round_trip_ns

OURS, THEIRS = 1, 77
ASKED_NS, HELD_NS, TRIP_NS = 5_000_000_000_000, 300_000_000, 42_000_000


def answer(question: bytes, held_ns: int) -> bytes:
    """What Chrome sends: an empty receiver report, then the DLRR block."""
    (middle,) = struct.unpack_from("!I", question, 14)
    delay = (held_ns << 16) // 1_000_000_000
    block = struct.pack("!BBHIII", 5, 0, 3, OURS, middle, delay)
    return (
        struct.pack("!BBHI", 0x80, 201, 1, THEIRS)
        + struct.pack("!BBHI", 0x80, 207, 5, THEIRS)
        + block
    )


def test_the_round_trip_is_what_is_left_without_the_time_it_was_held() -> None:
    reply = answer(reference_time(OURS, ASKED_NS), HELD_NS)
    trip_ns = round_trip_ns(reply, ASKED_NS + HELD_NS + TRIP_NS, OURS)
    assert trip_ns == pytest.approx(TRIP_NS, abs=100_000)


def test_others_round_trips_and_nonsense_are_not_ours() -> None:
    reply = answer(reference_time(OURS, ASKED_NS), HELD_NS)
    assert round_trip_ns(reply, ASKED_NS + HELD_NS + TRIP_NS, 2) is None
    assert round_trip_ns(reply, ASKED_NS, OURS) is None, "an answer before the question"
    assert round_trip_ns(reply[:-4], ASKED_NS + HELD_NS, OURS) is None


@given(st.binary(max_size=80))
def test_any_bytes_do_no_harm(tail: bytes) -> None:
    for head in (b"", struct.pack("!BBHI", 0x80, 207, 5, THEIRS)):
        trip_ns = round_trip_ns(head + tail, ASKED_NS, OURS)
        assert trip_ns is None or 0 <= trip_ns <= 60_000_000_000
