"""Program packets → one viewer's numbers; and what a NACK finds again."""

import sys
from itertools import pairwise

import pytest
from aiortc.codecs.h264 import h264_depayload
from hypothesis import given
from hypothesis import strategies as st

from streams.downlink.fanout import HISTORY, Lane, Payload
from streams.downlink.renumbering import Renumbering
from streams.frames import Codec, Feed, Packet
from streams.rtp.bitstream import nal_units, size_of
from streams.rtp.packetise import MAX_PAYLOAD, USUAL, h264_payloads, packetise
from tests.cuts import whole
from tests.streams.network import h264_units

UNITS = h264_units(30)


def packet(index: int, *, feed: str = Feed.ROOM, public: bool = True) -> Packet:
    return Packet(feed, Codec.H264, index * 3600, index % 25 == 0, public, UNITS[index])


def test_packets_carry_the_same_nal_units() -> None:
    for unit in UNITS:
        payloads = h264_payloads(unit)
        back = b"".join(h264_depayload(payload) for payload in payloads)
        there = Packet(Feed.ROOM, Codec.H264, 0, True, True, unit)
        assert whole(packetise(there)).data == back, "also as it crosses the wire"
        assert nal_units(back) == [nal for nal in nal_units(unit) if nal[0] & 0x1F != 9]


def test_fragments_are_equally_long_but_for_the_last() -> None:
    payloads = h264_payloads(b"\0\0\0\1\x65" + b"\xaa" * 10_000)
    lengths = {len(payload) for payload in payloads[:-1]}
    assert len(payloads) == 9
    assert len(lengths) == 1
    assert len(payloads[-1]) <= max(lengths) <= MAX_PAYLOAD


def test_the_size_is_read_from_a_keyframe() -> None:
    assert size_of(Codec.H264, UNITS[0]) == (320, 180)
    for size in ((1280, 720), (1920, 1080), (640, 362)):
        assert size_of(Codec.H264, h264_units(1, size=size)[0]) == size


def test_numbers_go_on_without_a_gap_across_switches() -> None:
    room, public = Lane(Codec.H264), Lane(Codec.H264)
    for index in range(7):
        public.put(packetise(packet(index)))
    downlink, numbers = Renumbering(1, 96, first_sequence=65_530), []
    for lane in (room, public, room):
        for index in range(5):
            payloads = lane.put(packetise(packet(index))).payloads
            if not downlink.follows(lane):
                downlink.switch(lane, payloads[0].number)
            numbers += [downlink.number(payload) for payload in payloads]
        lane.put(packetise(packet(6)))  # while nobody listens
        downlink.switch(None, 0)
    steps = {(b - a) & 0xFFFF for a, b in pairwise(numbers)}
    assert steps == {1}


def test_what_was_sent_is_found_again_and_nothing_else() -> None:
    lane, downlink = Lane(Codec.OPUS), Renumbering(1, 111, first_sequence=100)
    old = sent(lane, 3)
    downlink.switch(lane, lane.next_number)
    got = {downlink.number(payload): payload for payload in sent(lane, 10)}
    assert {number: downlink.lost(number) for number in got} == got
    assert downlink.lost(99) is None, "before this viewer came"
    assert downlink.lost(110) is None, "not sent yet"
    assert downlink.lost(40_000) is None
    assert all(lane.find(payload.number) is payload for payload in old)


def test_history_is_bounded() -> None:
    lane, downlink = Lane(Codec.OPUS), Renumbering(1, 111, first_sequence=0)
    downlink.switch(lane, 0)
    numbers = [downlink.number(payload) for payload in sent(lane, HISTORY + 10)]
    assert downlink.lost(numbers[5]) is None
    assert downlink.lost(numbers[-1]) is not None


def sent(lane: Lane, count: int) -> list[Payload]:
    packets = (Packet(Feed.ROOM, Codec.OPUS, n * 960, True, True, b"x") for n in range(count))
    return [payload for one in packets for payload in lane.put(packetise(one)).payloads]


@given(st.binary(max_size=4000))
def test_any_bytes_are_packetised_without_harm(data: bytes) -> None:
    assert all(0 < len(payload) <= MAX_PAYLOAD + 65_536 for payload in h264_payloads(data))


def test_one_payload_of_a_unit_is_as_among_all() -> None:
    data = b"".join(
        b"\0\0\0\1" + bytes((kind,)) * size for kind, size in ((0x67, 20), (0x65, 9000))
    )
    packet = packetise(Packet(Feed.ROOM, Codec.H264, -5, True, True, data))
    one, all_of_them = Lane(Codec.H264).put(packet), Lane(Codec.H264).put(packet).payloads
    assert one.packets == len(all_of_them) == 9
    for _ in range(2):  # also once they were made
        assert tuple(map(one.payload, range(one.packets))) == all_of_them
        assert one.payloads == all_of_them


def test_a_parameter_set_of_a_megabyte_is_not_read_to_its_end() -> None:
    """Its bits are read one by one, on the event loop of all."""
    steps = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal steps
        steps += event == "call"

    endless = b"\0\0\0\1\x67" + b"\0\0\3" * 30_000 + b"\0\0\0\1\x65\x88"
    sys.setprofile(count)
    try:
        assert size_of(Codec.H264, endless) is None
    finally:
        sys.setprofile(None)
    assert steps < 20_000


def test_the_largest_packet_passes_where_ipv6_passes() -> None:
    ipv6, udp, again = 40, 8, 2
    assert MAX_PAYLOAD + sum(USUAL) + udp + ipv6 + again <= 1280


@pytest.mark.parametrize("width", [0, 1 << 20, (1 << 40) - 1, (1 << 600) - 1])
def test_a_size_that_no_picture_has_is_none(width: int) -> None:
    """It would be told to each page of the session, in two hundred digits."""

    def golomb(value: int) -> str:
        digits = f"{value + 1:b}"
        return "0" * (len(digits) - 1) + digits

    head = f"{66:08b}" + "0" * 16 + "1" * 4 + "1" + "0"  # Baseline, all else 0
    bits = head + golomb(width) + golomb(10) + "1" + "1" + "0" + "0"
    octets = int(bits, 2) << -len(bits) % 8
    sps = octets.to_bytes(-(-len(bits) // 8)).replace(b"\0\0", b"\0\0\3")
    found = size_of(Codec.H264, b"\0\0\0\1\x67" + sps)
    assert found == (None if width else (16, 176))
