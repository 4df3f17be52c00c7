"""Packets of a bad network → whole frames in order, and what is asked for meanwhile."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.frames import Codec, EncodedFrame, SiteId
from streams.rtp.bitstream import PPS, SPS, START_CODE, nal_units
from streams.rtp.header import RtpPacket
from streams.rtp.packetise import h264_payloads
from streams.uplink.publishers import PATIENCE_S
from streams.uplink.stream import (
    GIVE_UP_NS,
    PLI_INTERVAL_NS,
    READ_LATE_NS,
    STOPPED_NS,
    Uplink,
    Wishes,
)
from tests.streams.network import (
    FRAME_MS,
    NS_PER_MS,
    SSRC,
    Line,
    decodes,
    h264_units,
    opus_packets,
    transmitted,
    video_packets,
)

HALL = SiteId("hall")
UNITS = h264_units(100)


def video() -> Uplink:
    return Uplink(HALL, Codec.H264, SSRC)


def run(uplink: Uplink, line: Line) -> tuple[list[tuple[int, EncodedFrame]], list[int]]:
    told = list(transmitted(uplink, video_packets(UNITS), line))
    frames = [(at, what) for at, what in told if isinstance(what, EncodedFrame)]
    return frames, [at for at, what in told if what == "pli"]


def test_a_clean_line_gives_every_frame_as_it_was() -> None:
    frames, plis = run(video(), Line(loss=0))
    assert len(frames) == len(UNITS)
    assert plis == []
    assert [frame.key for _, frame in frames] == [index % 25 == 0 for index in range(100)]
    steps = {b.pts - a.pts for (_, a), (_, b) in pairwise(frames)}
    assert steps == {90 * FRAME_MS}, "wrapped numbers and timestamps go on"
    assert decodes([frame.data for _, frame in frames]) == len(UNITS)


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.2])
def test_lost_packets_are_asked_for_and_come_again(loss: float) -> None:
    uplink = video()
    frames, _ = run(uplink, Line(loss, jitter_ms=25, seed=3))
    assert uplink.statistics.repaired > 0
    assert len(frames) > (0.98 if loss < 0.1 else 0.9) * len(UNITS)
    assert decodes([frame.data for _, frame in frames]) == len(frames)


def test_frames_leave_in_order_however_they_arrive() -> None:
    frames, _ = run(video(), Line(loss=0.05, jitter_ms=80, seed=9))
    stamps = [frame.pts for _, frame in frames]
    assert stamps == sorted(stamps)


def test_what_never_comes_is_given_up_and_a_keyframe_asked_for() -> None:
    uplink = video()
    packets = video_packets(UNITS)
    lost = {packet.sequence for at, packet in packets if at // (FRAME_MS * NS_PER_MS) == 30}
    frames, plis = [], []
    for at, packet in packets:
        if packet.sequence not in lost:
            frames += uplink.add(packet, at)
        wishes, more = uplink.poll(at)
        frames += more
        plis += [at] if wishes.pli else []
    first_after = min(frame.pts for frame in frames[30:]) - frames[0].pts
    assert [frame.key for frame in frames[30:31]] == [True], "nothing broken is passed on"
    assert first_after == 50 * 90 * FRAME_MS
    assert plis
    assert plis[0] <= 31 * FRAME_MS * NS_PER_MS + GIVE_UP_NS + 100 * NS_PER_MS
    assert decodes([frame.data for frame in frames]) == len(frames)


def test_what_nobody_sends_again_is_not_waited_for() -> None:
    """As of an encoder that offers no NACK."""
    uplink = Uplink(HALL, Codec.H264, SSRC, nack=False)
    packets = video_packets(UNITS[:2])
    for at, packet in packets[:-2] + packets[-1:]:
        uplink.add(packet, at)
    lost_ns = packets[-1][0]
    assert uplink.poll(lost_ns + 30 * NS_PER_MS)[0] == Wishes()
    assert uplink.poll(lost_ns + 50 * NS_PER_MS)[0] == Wishes(pli=True)


def test_parameter_sets_that_the_offer_told_of_go_before_keyframes() -> None:
    units = nal_units(UNITS[0])
    told = [unit for unit in units if unit[0] & 0x1F in (SPS, PPS)]
    bare = b"".join(START_CODE + unit for unit in units if unit not in told)
    uplink = Uplink(HALL, Codec.H264, SSRC, parameter_sets=told)
    packets = video_packets([bare, *UNITS[1:10]])
    frames = [frame for at, packet in packets for frame in uplink.add(packet, at)]
    assert decodes([frame.data for frame in frames]) == 10
    assert uplink.assembly.size == (320, 180)


def test_a_stream_that_stopped_is_asked_for_nothing_until_it_goes_on() -> None:
    uplink = video()
    packets = video_packets(UNITS[:3])
    for at, packet in packets[:-1]:
        uplink.add(packet, at)
    uplink.ask_keyframe()
    ends_ns = packets[-1][0]
    assert uplink.poll(ends_ns)[0].pli
    assert uplink.poll(ends_ns + 3 * STOPPED_NS)[0] == Wishes()
    assert uplink.at_rest
    at, last = 4 * STOPPED_NS, packets[-1][1]
    assert not uplink.add(last, at), "what follows is made from what may be missing"
    assert uplink.poll(at)[0].pli
    first = (last.sequence + 1) & 0xFFFF
    again = [frame for _, one in video_packets(UNITS[:1], first) for frame in uplink.add(one, at)]
    assert [frame.key for frame in again] == [True]
    assert uplink.at_rest


def test_a_large_picture_is_not_looked_through_for_each_of_its_packets() -> None:
    uplink = video()
    large = bytes((0x65, 0x88)) + bytes(range(1, 256)) * 2_500
    packets = video_packets([UNITS[0][: UNITS[0].index(b"\0\0\1\x65")] + b"\0\0\1" + large])
    assert len(packets) > 500
    looked = 0

    class Counted(dict[int, RtpPacket]):
        def get(self, *asked: object) -> RtpPacket | None:  # type: ignore[override]
            nonlocal looked
            looked += 1
            return super().get(*asked)  # type: ignore[call-overload, no-any-return]

    uplink._packets = Counted()
    (frame,) = (frame for at, packet in packets for frame in uplink.add(packet, at))
    assert large in frame.data
    assert len(packets) <= looked < 3 * len(packets)


def test_a_broken_source_hears_one_pli_in_half_a_second() -> None:
    uplink = video()
    plis = []
    for at, packet in video_packets(UNITS[1:25]) * 4:
        uplink.add(packet, at)
        if uplink.poll(at)[0].pli:
            plis.append(at)
    assert plis
    assert all(b - a >= PLI_INTERVAL_NS for a, b in pairwise(plis))


TINY = (b"\0\0\1\6" * 300, b"\0\1\6" * 400, bytes(1200))
"""Start codes within a fragment; units of one octet, and of none, in a packet (RFC 6184 5.7.1)."""


@pytest.mark.parametrize(
    ("head", "inside"),
    [(bytes((0x7C, 0x05)), TINY[0]), (bytes((0x78,)), TINY[1]), (bytes((0x78,)), TINY[2])],
)
def test_a_picture_of_countless_units_is_dropped_at_once(head: bytes, inside: bytes) -> None:
    uplink = video()
    packets = video_packets(UNITS[:2])
    for at, packet in packets:
        uplink.add(packet, at)
    last = packets[-1][1]
    frames = list[EncodedFrame]()
    for number in range(1, 301):
        first = h264_payloads(UNITS[0])[0] if number == 1 else head + inside
        packet = last._replace(
            sequence=(last.sequence + number) & 0xFFFF,
            timestamp=(last.timestamp + 3600) & 0xFFFFFFFF,
            marker=number == 300,
            payload=first,
        )
        frames += uplink.add(packet, 10**9)
    assert not frames
    assert uplink.assembly.bad == 1
    assert uplink.poll(10**9)[0].pli


def test_a_wish_for_a_keyframe_is_passed_on_once() -> None:
    uplink = video()
    for at, packet in video_packets(UNITS[:3]):
        uplink.add(packet, at)
    uplink.ask_keyframe()
    wishes = [uplink.poll(10**9 + n * 20 * NS_PER_MS)[0].pli for n in range(10)]
    assert wishes == [True] + [False] * 9 or sum(wishes) == 1


def test_sound_never_waits_long_for_what_is_lost() -> None:
    uplink = Uplink(HALL, Codec.OPUS, SSRC)
    told = list(transmitted(uplink, opus_packets(500), Line(loss=0.1, jitter_ms=10, seed=5)))
    frames = [(at, what) for at, what in told if isinstance(what, EncodedFrame)]
    late = [at - frame.pts * 1_000_000 // 48 for at, frame in frames]
    assert len(frames) > 485
    assert max(late) < 250 * NS_PER_MS


def test_capture_time_follows_the_sender_report() -> None:
    uplink = Uplink(HALL, Codec.OPUS, SSRC)
    (_, first), (_, second) = opus_packets(2)
    assert uplink.add(first, 0)[0].captured_ns is None
    uplink.assembly.on_sender_report((100 << 32) + (1 << 31), 0)
    assert uplink.add(second, 0)[0].captured_ns == 100_500_000_000 + 20 * NS_PER_MS


def test_a_sender_without_a_clock_says_nothing_of_capture_times() -> None:
    """Of when sound and picture were captured it would say the same, whenever it was."""
    uplink = Uplink(HALL, Codec.OPUS, SSRC)
    (_, first), (_, second) = opus_packets(2)
    uplink.add(first, 0)
    uplink.assembly.on_sender_report(0, 0)
    assert uplink.add(second, 0)[0].captured_ns is None


def test_a_new_stream_of_numbers_starts_anew() -> None:
    uplink = video()
    for at, packet in video_packets(UNITS[:10]):
        uplink.add(packet, at)
    jumped = video_packets(UNITS[25:35], first=20_000)
    frames = [frame for at, packet in jumped for frame in uplink.add(packet, at)]
    assert len(frames) == 10
    assert not uplink.poll(10**9)[0].nack


@given(st.lists(st.tuples(st.integers(0, 65_535), st.binary(max_size=30)), max_size=60))
def test_any_payloads_and_numbers_do_no_harm(packets: list[tuple[int, bytes]]) -> None:
    for codec in Codec:
        uplink = Uplink(HALL, codec, SSRC)
        for index, (sequence, payload) in enumerate(packets):
            stamp = random.Random(sequence).getrandbits(32)
            packet = RtpPacket(96, bool(index & 1), sequence, stamp, SSRC, payload, None)
            uplink.add(packet, index * 10 * NS_PER_MS)
            uplink.poll(index * 10 * NS_PER_MS)
        assert len(uplink._missing) <= 2048


def asked_for(retry_ns: int, loss: float) -> tuple[set[int], list[int], Uplink]:
    """(numbers asked for, how late each frame left in ms) of sound on such a line."""
    uplink = Uplink(HALL, Codec.OPUS, SSRC)
    uplink.retry_ns = retry_ns
    asked: set[int] = set()
    late: list[int] = []
    line = random.Random(2)
    for at, packet in opus_packets(300):
        frames = uplink.add(packet, at) if line.random() >= loss or at == 0 else []
        wishes, more = uplink.poll(at + 10 * NS_PER_MS)
        asked.update(wishes.nack)
        late += [at // NS_PER_MS - frame.pts // 48 for frame in [*frames, *more]]
    return asked, late, uplink


def test_sound_is_asked_for_only_where_it_can_come_in_time() -> None:
    asked, late, _ = asked_for(60 * NS_PER_MS, 0.1)
    assert asked
    assert 60 < max(late) <= 140
    asked, late, uplink = asked_for(200 * NS_PER_MS, 0.1)
    assert not asked
    assert max(late) <= 60
    assert uplink.statistics.lost > 10


def test_what_is_asked_for_late_has_its_time_all_the_same() -> None:
    """Where nobody waits packets are read each 240 ms: a gap is seen that much later."""
    assert PATIENCE_S * 1e9 < READ_LATE_NS
    uplink = Uplink(HALL, Codec.OPUS, SSRC)
    first, lost, next_one = (packet for _, packet in opus_packets(3))
    frames = uplink.add(first, 0) + uplink.add(next_one, 40 * NS_PER_MS)
    wishes, more = uplink.poll(282 * NS_PER_MS)
    assert (wishes.nack, more) == ([lost.sequence], [])
    frames += uplink.poll(334 * NS_PER_MS)[1] + uplink.add_again(lost, 336 * NS_PER_MS)
    assert [frame.pts - frames[0].pts for frame in frames] == [0, 960, 1920]


def test_what_was_lost_before_a_silence_is_not_waited_for() -> None:
    """DTX: the numbers go on, the time jumps."""
    uplink = Uplink(HALL, Codec.OPUS, SSRC)
    (_, first), *_ = opus_packets(1)
    frames = uplink.add(first, 0)
    later = first._replace(sequence=2, timestamp=first.timestamp + 24_000)
    frames += uplink.add(later, 500 * NS_PER_MS)
    wishes, more = uplink.poll(501 * NS_PER_MS)
    assert wishes.nack == []
    assert [frame.pts - frames[0].pts for frame in [*frames, *more]] == [0, 24_000]
