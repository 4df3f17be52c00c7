"""Sound that is sent twice (RFC 2198), as the relay makes it and as sites send it."""

import random

import pytest

from streams.connections.sdp import Section
from streams.downlink.fanout import Lane
from streams.frames import Codec, EncodedFrame, Feed, Packet, SiteId
from streams.rtp.header import HEADER
from streams.rtp.packetise import MAX_PAYLOAD, packetise
from streams.rtp.red import redundant, taken_apart
from streams.uplink.publisher import Publisher


def test_a_packet_carries_the_one_before() -> None:
    made = redundant(111, (960, b"before"), 1920, b"now")
    assert made[0] == 0x80 | 111
    assert int.from_bytes(made[1:4]) == 960 << 10 | len(b"before")
    assert made[4] == 111
    assert made[5:] == b"beforenow"


def test_what_does_not_fit_the_header_is_sent_once() -> None:
    alone = bytes((111,)) + b"now"
    assert redundant(111, None, 1920, b"now") == alone
    assert redundant(111, (0, b"x" * 1024), 960, b"now") == alone, "ten bits of length"
    assert redundant(111, (0, b"x"), 1 << 14, b"now") == alone, "fourteen bits of time"


def test_what_makes_a_datagram_too_long_is_sent_once() -> None:
    """Two packets of sound at 256 kbit/s."""
    data = bytes(MAX_PAYLOAD // 2 + 1)
    assert redundant(111, (0, data), 960, data) == bytes((111,)) + data
    assert len(redundant(111, (0, data[:-4]), 960, data[:-4])) <= MAX_PAYLOAD


def test_nothing_that_was_said_in_a_closed_item_is_sent_with_what_follows() -> None:
    lane = Lane(Codec.OPUS)
    lane.put(packetise(Packet(Feed.ROOM, Codec.OPUS, 0, True, False, b"secret")))
    opened = packetise(Packet(Feed.ROOM, Codec.OPUS, 960, True, True, b"open"))
    (open_again,) = lane.put(opened).payloads
    assert b"secret" in lane.redundant(open_again, 111, room=True)
    assert b"secret" not in lane.redundant(open_again, 111, room=False)
    assert b"secret" in lane.redundant(open_again, 111, room=True)


def test_what_was_packed_is_taken_apart() -> None:
    assert taken_apart(redundant(111, (960, b"before"), 1920, b"now")) == (
        b"now", [(960, b"before")]
    )  # fmt: skip
    assert taken_apart(redundant(111, None, 960, b"now")) == (b"now", [])
    assert taken_apart(b"") == (b"", [])
    twice = bytes((0xEF, 0x1E, 0, 2, 0xEF, 0x0F, 0, 1, 0x6F)) + b"aabc"
    assert taken_apart(twice) == (b"c", [(1920, b"aa"), (960, b"b")])


@pytest.mark.parametrize("cut", [b"\xef", b"\xef\x0f\x00", b"\xef\x0f\x00\x04\x6fabc"])
def test_what_is_cut_off_is_refused(cut: bytes) -> None:
    with pytest.raises(ValueError, match="redundant sound"):
        taken_apart(cut)


def site_on(line_loses: float, count: int) -> tuple[Publisher, list[EncodedFrame]]:
    """After so many packets of 20 ms, each with the one before, all times wrapping."""
    frames: list[EncodedFrame] = []
    section = Section("audio", "0", "", Codec.OPUS, 111, redundancy=63)
    source = Publisher(SiteId("hall"), (section,), lambda _report: None, frames.append)
    line = random.Random(4)
    for number in range(count):
        stamp, now_ns = (0xFFFF_0000 + number * 960) & 0xFFFFFFFF, number * 20_000_000
        earlier = ((stamp - 960) & 0xFFFFFFFF, b"%d" % (number - 1)) if number else None
        head = HEADER.pack(0x80, 63, (65_000 + number) & 0xFFFF, stamp, 5)
        if number == 0 or line.random() >= line_loses:
            source.on_rtp(head + redundant(111, earlier, stamp, b"%d" % number), now_ns)
        source.tick(now_ns + 10_000_000)
    return source, frames


def test_a_lost_sound_is_restored_from_the_next() -> None:
    source, frames = site_on(0.2, 2000)
    numbers = [int(frame.data) for frame in frames]
    assert numbers == sorted(set(numbers))
    assert len(numbers) > 0.95 * 2000
    steps = {(frame.pts - frames[0].pts) // 960 - int(frame.data) for frame in frames}
    assert steps == {0}, "each in its own time"
    counts = source.counts()
    assert counts.packets + counts.repaired == len(numbers)
    assert counts.nacks == 0


def test_nothing_is_said_twice_on_a_good_line() -> None:
    source, frames = site_on(0, 100)
    assert [int(frame.data) for frame in frames] == list(range(100))
    assert source.counts().repaired == 0
