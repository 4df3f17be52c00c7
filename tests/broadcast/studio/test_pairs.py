"""Two packets of Opus in one: what leaves, and that a player hears the same."""

import random

import av
import numpy as np
import pytest

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.opus import OpusEncoder
from broadcast.studio.pairs import MAX_JOINED, STALE, Pairs, joined
from streams.frames import Codec, Feed, Packet

FULL = 0xFC
"""20 ms of full-band sound in stereo, one frame (RFC 6716 3.1)."""


def packet(number: int, data: bytes = bytes((FULL, 1)), *, public: bool = True) -> Packet:
    return Packet(Feed.ROOM, Codec.OPUS, number * BLOCK_SAMPLES, True, public, data)


def taken(pairs: Pairs, *packets: Packet) -> list[tuple[int, bytes]]:
    """Those with an odd number begin a pair."""
    return [
        (one.pts // BLOCK_SAMPLES, one.data)
        for each in packets
        for one in pairs.take(each, begins=each.pts // BLOCK_SAMPLES % 2 == 1)
    ]


def heard(packets: list[bytes]) -> Samples:
    decoder = av.CodecContext.create("libopus", "r")
    blocks = [frame.to_ndarray() for data in packets for frame in decoder.decode(av.Packet(data))]
    return np.concatenate(blocks, axis=1)


@pytest.mark.parametrize("bitrate_bps", [24_000, 96_000])
def test_a_player_hears_the_same(bitrate_bps: int) -> None:
    """Tones that come and go, so that packets are of many lengths."""
    encoder, singles = OpusEncoder(bitrate_bps), list[bytes]()
    times = np.arange(100 * BLOCK_SAMPLES) / 48_000
    tone = (0.3 * np.sin(2 * np.pi * 300 * times) * (np.sin(7 * times) > 0)).astype(np.float32)
    for number, block in enumerate(np.split(np.stack((tone, tone)), 100, axis=1)):
        singles += (data for _, data in encoder.encode(block, number * BLOCK_SAMPLES))
    pairs = [*zip(singles[::2], singles[1::2], strict=False)]
    both = [joined(*pair) or pair for pair in pairs]
    assert sum(isinstance(one, bytes) for one in both) > 0.9 * len(both), "few are of two kinds"
    assert len({len(first) == len(second) for first, second in pairs}) == 2, "both forms"
    left = [data for one in both for data in ([one] if isinstance(one, bytes) else one)]
    assert np.array_equal(heard(left), heard([data for pair in pairs for data in pair]))


def test_lengths_are_told_as_players_read_them() -> None:
    """RFC 6716 3.2.1: up to 251 octets in one octet, beyond in two."""
    for length in (0, 1, 251, 252, 253, 255, 300, 400):
        first, second = bytes((FULL,)) + bytes(length), bytes((FULL,)) + b"\x07" * 30
        both = joined(first, second)
        assert both is not None
        assert both[0] == FULL | 2
        told, at = both[1], 2
        if told >= 252:
            told, at = told + 4 * both[2], 3
        assert told == length
        assert both[at:] == first[1:] + second[1:]
    assert joined(bytes((FULL, 1)), bytes((FULL, 2))) == bytes((FULL | 1, 1, 2))


def test_what_cannot_be_one_packet_is_two() -> None:
    one = bytes((FULL, 1))
    assert joined(one, b"\x78\x01") is None, "mono"
    assert joined(bytes((FULL | 1, 1, 2)), bytes((FULL | 1, 1, 2))) is None, "two frames already"
    assert joined(b"", one) is None
    assert joined(one, b"") is None
    assert joined(one + bytes(MAX_JOINED), one) is None


def test_a_pair_leaves_with_its_second_under_the_time_of_its_first() -> None:
    first, second, third = (bytes((FULL, n)) for n in (1, 2, 3))
    pairs = Pairs()
    assert not taken(pairs, packet(1, first))
    assert taken(pairs, packet(2, second)) == [(1, bytes((FULL | 1, 1, 2)))]
    assert not taken(pairs, packet(3, third))


def test_whose_other_half_is_missing_goes_alone() -> None:
    data = bytes((FULL, 1))
    assert taken(Pairs(), packet(2)) == [(2, data)], "nobody waits"
    assert taken(Pairs(), packet(1), packet(3)) == [(1, data)], "the next one waits"
    assert taken(Pairs(), packet(1), packet(4)) == [(1, data), (4, data)]
    other = bytes((0x78, 1))
    assert taken(Pairs(), packet(1), packet(2, other)) == [(1, data), (2, other)]


def test_nothing_old_is_sent() -> None:
    later = STALE // BLOCK_SAMPLES + 1
    assert later % 2 == 1
    assert not taken(Pairs(), packet(1), packet(later + 2))
    assert not taken(Pairs(), packet(11), packet(3)), "time began anew"


def test_what_may_leave_the_room_and_what_may_not_are_never_one() -> None:
    for public in (True, False):
        pairs = Pairs()
        pairs.take(packet(1, public=public), begins=True)
        left = pairs.take(packet(2, public=not public), begins=False)
        assert [one.public for one in left] == [public, not public]


def test_any_sound_comes_out_once_and_in_order() -> None:
    chance = random.Random(4)
    pairs, number, sent, came = Pairs(), 0, 0, list[int]()
    for _ in range(3000):
        number += chance.choice((1, 1, 1, 2, 3))
        kind = chance.choice((FULL, FULL, 0x78))
        data = bytes((kind,)) + bytes(chance.choice((0, 3, 3, 300, 700)))
        sent += 1
        for one in pairs.take(packet(number, data), begins=number % 2 == 1):
            came += [one.pts] * (2 if one.data[0] & 3 else 1)
    assert sent - len(came) in (0, 1)
    assert came == sorted(came)
