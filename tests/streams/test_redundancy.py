"""Sound that is sent twice (RFC 2198), as the relay makes it."""

from streams.fanout import Lane
from streams.frames import Codec, Feed, Packet
from streams.redundancy import redundant


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


def test_nothing_that_was_said_in_a_closed_item_is_sent_with_what_follows() -> None:
    lane = Lane(Codec.OPUS)
    lane.put(Packet(Feed.ROOM, Codec.OPUS, 0, True, False, b"secret"))
    (open_again,) = lane.put(Packet(Feed.ROOM, Codec.OPUS, 960, True, True, b"open")).payloads
    assert b"secret" in lane.redundant(open_again, 111, room=True)
    assert b"secret" not in lane.redundant(open_again, 111, room=False)
    assert b"secret" in lane.redundant(open_again, 111, room=True)
