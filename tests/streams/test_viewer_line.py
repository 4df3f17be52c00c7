"""What one viewer's line is given: repairs, what fits it, reports, and what he gets with others."""

import random
import struct
from dataclasses import replace
from itertools import pairwise

import pytest
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    pack_remb_fci,
)

from streams.downlink.viewer import WISHES, WISHES_S
from streams.downlink.viewer_rtcp import RTCP_PSFB_FIR
from tests.streams.viewing import (
    AGAIN,
    ALL,
    FPS,
    KEY_EVERY,
    MS,
    OPUS,
    PICTURE,
    RATES,
    RED,
    RTX,
    SECTIONS,
    SOUND,
    Scene,
)

# --- repairs ---


def nack(ssrc: int, *sequences: int) -> bytes:
    return bytes(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, ssrc, list(sequences)))


def test_what_is_lost_comes_again_as_what_it_was() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    lost = scene.player.of(PICTURE)[7:10]
    for _ in range(2):
        scene.viewer.on_rtcp(nack(PICTURE, *(packet.sequence for packet in lost)), scene.now_ns)
    again = scene.player.of(AGAIN)
    assert {packet.payload_type for packet in again} == {RTX}
    assert [packet.payload for packet in again] == 2 * [
        packet.sequence.to_bytes(2) + packet.payload for packet in lost
    ]
    assert [(p.timestamp, p.marker) for p in again[:3]] == [(p.timestamp, p.marker) for p in lost]
    line = scene.viewer.line()
    assert (line.nacks, line.resent) == (6, 6)
    scene.player.check()


def test_without_rtx_it_comes_under_its_own_number() -> None:
    plain = tuple(replace(section, retransmission=None) for section in SECTIONS)
    scene = Scene(sections=plain)
    scene.come()
    scene.play(4)
    lost = scene.player.of(PICTURE)[3]
    scene.viewer.on_rtcp(nack(PICTURE, lost.sequence), scene.now_ns)
    assert scene.player.packets[-1]._replace(extension=None) == lost._replace(extension=None)


def test_numbers_of_another_picture_bring_nothing() -> None:
    """The old lane's history is not the new one's; and what never was cannot come again."""
    scene = Scene()
    scene.come()
    scene.play(10)
    old = [packet.sequence for packet in scene.player.of(PICTURE)]
    scene.choose(video=2)
    scene.play(KEY_EVERY)
    last = scene.player.of(PICTURE)[-1].sequence
    scene.viewer.on_rtcp(nack(PICTURE, *old[:5], (last + 1) & 0xFFFF), scene.now_ns)
    scene.viewer.on_rtcp(nack(99, last), scene.now_ns)
    assert scene.player.of(AGAIN) == []


def test_sound_is_sent_twice_while_the_line_loses_packets() -> None:
    scene = Scene()
    scene.come()
    scene.play(2)
    scene.choose(redundant=True)
    scene.play(2)
    scene.choose(redundant=False)
    scene.play(1)
    sounds = scene.player.of(SOUND)
    kinds = [packet.payload_type for packet in sounds]
    assert kinds == [OPUS] * 4 + [RED] * 4 + [OPUS] * 2
    for before, packet in pairwise(sounds[3:8]):
        head, rest = int.from_bytes(packet.payload[:4]), packet.payload[4:]
        assert (head >> 31, head >> 24 & 0x7F, rest[0]) == (1, OPUS, OPUS)
        offset, length = head >> 10 & 0x3FFF, head & 0x3FF
        assert offset == packet.timestamp - before.timestamp == 960
        earlier, present = rest[1 : 1 + length], rest[1 + length :]
        assert earlier == before.payload[-3:]
        assert struct.unpack("!H", present[1:])[0] == packet.timestamp // 960
    scene.player.check()


# --- what a line carries ---


def test_a_good_line_is_tried_by_old_pictures_and_gets_the_whole_one_soon() -> None:
    scene = Scene(feedback=True)
    scene.play(10)
    scene.come()
    scene.watched(1)
    assert scene.viewer.line().rendition == 2
    scene.watched(12 * FPS)
    assert scene.viewer.line().rendition == 0
    again = scene.player.of(AGAIN)
    assert again, "it was tried"
    shown = {packet.sequence: packet for packet in scene.player.of(PICTURE)}
    for packet in again:
        before = shown[int.from_bytes(packet.payload[:2])]
        assert before.payload == packet.payload[2:], "players pass over it"
        assert before.timestamp == packet.timestamp
    scene.player.check()


def test_without_rtx_the_next_picture_is_what_is_tried() -> None:
    plain = tuple(replace(section, retransmission=None) for section in SECTIONS)
    scene = Scene(feedback=True, sections=plain)
    scene.play(10)
    scene.come()
    scene.watched(30 * FPS)
    assert scene.player.renditions() == [2, 1, 0]
    assert not scene.player.of(AGAIN)
    scene.player.check()


def test_who_tells_of_pictures_alone_is_not_taken_for_lossy_nor_left_without_them() -> None:
    """As Firefox: what is not told of, for it has no numbers, counted as lost, half of all."""
    sections = tuple(
        section if section.kind == "video" else replace(section, extension=None)
        for section in SECTIONS
    )
    scene = Scene(feedback=True, sections=sections)
    scene.play(10)
    scene.come()
    scene.watched(12 * FPS)
    assert (scene.steering.choice, scene.steering.loss) == (ALL, 0.0)
    assert all(packet.extension is None for packet in scene.player.of(SOUND))
    scene.play(3 * FPS)
    assert scene.steering.choice.video is None, "nothing is heard of his line"
    scene.watched(12 * FPS)
    assert scene.steering.choice.video == 0
    assert scene.viewer.line().rendition == 0
    scene.player.check()


def test_nothing_is_tried_through_a_congested_port() -> None:
    scene = Scene(feedback=True)
    scene.play(10)
    scene.come()
    while scene.steering.probe is None:
        scene.watched(1)
    scene.congested, sent = True, len(scene.player.packets)
    for _ in range(10):
        scene.now_ns += 20 * MS
        scene.viewer.tick(scene.now_ns)
    assert scene.steering.probe is not None
    assert len(scene.player.packets) == sent


@pytest.mark.parametrize("room", [True, False])
def test_who_tells_an_estimate_gets_what_fits_it_and_more_later(room: bool) -> None:
    scene = Scene(room=room)
    scene.come()
    remb = bytes(RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, pack_remb_fci(150_000, [PICTURE])))
    for _ in range(20):
        scene.viewer.on_rtcp(remb, scene.now_ns)
        scene.play(FPS)
    assert scene.player.renditions()[-1] == 2
    better = bytes(RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, pack_remb_fci(5_000_000, [PICTURE])))
    for _ in range(60):
        scene.viewer.on_rtcp(better, scene.now_ns)
        scene.play(FPS)
    assert scene.player.renditions()[-1] == 0
    scene.player.check()


# --- reports ---


@pytest.mark.parametrize("kind", [RTCP_PSFB_PLI, RTCP_PSFB_FIR])
def test_who_asks_for_a_keyframe_is_heard(kind: int) -> None:
    scene = Scene()
    scene.come()
    scene.play(3)
    wishes = scene.wishes
    scene.viewer.on_rtcp(bytes(RtcpPsfbPacket(kind, 1, PICTURE)), scene.now_ns)
    assert (scene.wishes, scene.viewer.line().plis) == (wishes + 1, 1)


def test_who_asks_on_and_on_costs_the_others_little() -> None:
    """A keyframe each second would take a sixth of the picture's bits, from everybody."""
    scene = Scene()
    scene.come()
    scene.play(3)
    wishes = scene.wishes
    for _ in range(3 * WISHES_S):
        scene.viewer.on_rtcp(bytes(RtcpPsfbPacket(RTCP_PSFB_PLI, 1, PICTURE)), scene.now_ns)
        scene.play(FPS)
    assert scene.viewer.line().plis == 3 * WISHES_S
    assert 3 * WISHES <= scene.wishes - wishes <= 4 * WISHES


def test_reports_tell_program_time_once_a_second_and_bring_the_round_trip() -> None:
    scene = Scene()
    scene.come()
    scene.play(3 * FPS)
    (first, *_), *_ = [RtcpPacket.parse(report) for report in scene.reports]
    assert len(scene.reports) in (2, 3)
    assert {r.ssrc for one in scene.reports for r in RtcpPacket.parse(one)} == {PICTURE, SOUND}
    assert isinstance(first, RtcpSrPacket)
    last = next(r for r in RtcpPacket.parse(scene.reports[-1]) if r.ssrc == SOUND)
    assert isinstance(last, RtcpSrPacket)
    middle = last.sender_info.ntp_timestamp >> 16 & 0xFFFFFFFF
    sent_ns = max(at for ntp, at in scene.viewer._streams[False]._reports if ntp == middle)
    told = RtcpReceiverInfo(last.ssrc, 64, 0, 0, 0, middle, 65536 // 10)
    scene.viewer.on_rtcp(bytes(RtcpRrPacket(1, [told])), sent_ns + 180 * MS)
    line = scene.viewer.line()
    assert line.rtt_ms == pytest.approx(80, abs=0.1)
    assert line.loss_percent > 5
    assert line.sent_bps > RATES[0] / 4


def test_after_the_first_ten_a_report_in_three_is_enough() -> None:
    scene = Scene()
    scene.come()
    scene.play(40 * FPS)
    assert len(scene.reports) in (19, 20)


def test_a_compound_of_many_reports_is_read_to_its_end() -> None:
    scene = Scene()
    scene.come()
    scene.play(3)
    lost = scene.player.of(PICTURE)[2].sequence
    empty = bytes(RtcpRrPacket(1, []))
    garbled = random.Random(1).randbytes(8)
    unknown = b"\x80\xd4\x00\x02" + garbled
    pli = bytes(RtcpPsfbPacket(RTCP_PSFB_PLI, 1, PICTURE))
    scene.viewer.on_rtcp(empty + pli + unknown + nack(PICTURE, lost), scene.now_ns)
    assert len(scene.player.of(AGAIN)) == 1
    assert scene.viewer.line().plis == 1


# --- with others ---


def test_he_rides_where_nothing_is_special_and_what_is_special_is_for_him_alone() -> None:
    scene = Scene()
    scene.come()
    scene.choose()
    scene.play(KEY_EVERY + 20)
    assert all(scene.viewer.grouped), "with sound and pictures"
    grouped = scene.grouped
    scene.play(10)
    assert scene.grouped == grouped + 30, "ten pictures, and two packets of sound with each"
    scene.choose(redundant=True)
    scene.play(1)
    assert scene.viewer.grouped == [False, True]
    scene.viewer.on_moved()
    assert scene.viewer.grouped == [False, False], "and on a new way he begins alone"
    scene.choose(redundant=False, sound=1)
    scene.play(20)
    assert all(scene.viewer.grouped)
    scene.player.check()


def test_what_he_got_with_others_is_found_again_and_told_of() -> None:
    scene = Scene()
    scene.come()
    scene.choose()
    scene.play(KEY_EVERY + 20)
    assert all(scene.viewer.grouped)
    sent = scene.player.of(PICTURE)[-1]
    asked = RtcpRtpfbPacket(RTCP_RTPFB_NACK, 3, PICTURE, [sent.sequence])
    scene.viewer.on_rtcp(bytes(asked), scene.now_ns)
    again = scene.player.of(AGAIN)[-1]
    assert again.payload == sent.sequence.to_bytes(2) + sent.payload
    scene.play(FPS + 1)
    reports = [p for report in scene.reports for p in RtcpPacket.parse(report)]
    told = next(r for r in reversed(reports) if isinstance(r, RtcpSrPacket) and r.ssrc == PICTURE)
    count = len(scene.player.of(PICTURE))
    assert count - 3 * FPS < told.sender_info.packet_count <= count
    scene.player.check()
