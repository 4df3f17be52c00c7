"""What a connected but hostile or unlucky peer can do to us: nothing. No socket, no clock."""

import asyncio
import gc
import random
import struct
import tracemalloc
from dataclasses import replace
from itertools import pairwise

import pytest
from aiortc import RTCCertificate
from aiortc.codecs.h264 import h264_depayload
from hypothesis import given
from hypothesis import strategies as st
from pylibsrtp import Error, Policy, Session

from streams.connections.peer import Peer
from streams.connections.sdp import TRANSPORT_SEQUENCE, Section, read_offer
from streams.connections.ticker import EASY_PATIENCE, Ticker
from streams.downlink.fanout import Payload
from streams.downlink.viewer import RESENDS
from streams.frames import Codec, EncodedFrame, SiteId
from streams.rtp import nack
from streams.rtp.bitstream import begins_frame, h264_units
from streams.rtp.header import HEADER, RTCP_HEADER
from streams.rtp.red import redundant
from streams.udp.srtp import MAX_SOURCES, Opening
from streams.udp.waking import Haste
from streams.uplink.publisher import Publisher
from tests.streams.offers import VIEW
from tests.streams.viewing import FPS, Scene, Watching

VIDEO = Section("video", "0", "UDP/TLS/RTP/SAVPF", Codec.H264, 96, extension=3, nack=True)
SOUND = Section("audio", "1", "UDP/TLS/RTP/SAVPF", Codec.OPUS, 111)
MS = 1_000_000
MALFORMED = (ValueError, IndexError, struct.error)
"""What `streams.connections.peer.Traffic` may raise, and the peer drops."""


def nowhere(*_: object) -> None:
    """For a peer that sends to nobody."""


def publisher(frames: list[EncodedFrame], sent: list[bytes]) -> Publisher:
    return Publisher(SiteId("hall"), (VIDEO, SOUND), sent.append, frames.append)


def opus(sequence: int, ssrc: int = 5) -> bytes:
    return struct.pack("!BBHII", 0x80, 111, sequence, sequence * 960, ssrc) + b"\xfc\x01"


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_a_publishers_garbage_does_no_harm(datagrams: list[bytes]) -> None:
    frames: list[EncodedFrame] = []
    source = publisher(frames, [])
    for index, garbage in enumerate(datagrams):
        for head in (b"", b"\x80\x60", b"\x90\x60", b"\x80\x6f", b"\x80\xc8\x00\x06", b"\x80\xcf"):
            for take in (source.on_rtp, source.on_rtcp):
                try:
                    take(head + garbage, index * MS)
                except MALFORMED:
                    continue
        source.tick(index * 20 * MS)


def test_a_publisher_that_changes_its_numbers_all_the_time_fills_nothing() -> None:
    source = publisher([], [])
    for ssrc in range(1, 2000):
        source.on_rtp(opus(ssrc & 0xFFFF, ssrc), ssrc * MS)
    source.tick(3000 * MS)
    assert len(source.uplinks) == len(source._reported) == 1
    assert len(source._estimator.ssrcs) <= 1


def test_of_a_peer_that_is_ever_somebody_else_no_more_is_kept_or_looked_through() -> None:
    """libsrtp goes through all of a session's sources for each packet: 20,000 of them, two seconds
    of anybody who watches, and each packet of his would hold the relay for 12 ms."""
    ours, theirs = (
        Session(Policy(key=bytes(30), ssrc_type=kind))
        for kind in (Policy.SSRC_ANY_INBOUND, Policy.SSRC_ANY_OUTBOUND)
    )
    opening = Opening(ours)

    def media(source: int, number: int) -> bytes:
        return theirs.protect(HEADER.pack(0x80, 96, number, 0, source) + b"media")

    def report(source: int) -> bytes:
        return theirs.protect_rtcp(RTCP_HEADER.pack(0x80, 201, 1, source))

    for source in range(200):  # forged ones do not count
        with pytest.raises(Error):
            opening.unprotect(media(source, 1)[:-1] + b"\0")
    for source in range(MAX_SOURCES):
        opening.unprotect(media(source, 2))
    for source in range(MAX_SOURCES, 200):
        with pytest.raises(Error):
            opening.unprotect(media(source, 2))
        with pytest.raises(Error):
            opening.unprotect_rtcp(report(source))
    for source in range(MAX_SOURCES):
        opening.unprotect(media(source, 3))
        opening.unprotect_rtcp(report(source))


def test_a_long_bad_line_leaves_no_more_behind_than_a_short_one() -> None:
    """One packet in ten is lost; half of those come again, and sound comes twice."""
    video = replace(VIDEO, codec=Codec.VP8, congestion=TRANSPORT_SEQUENCE, retransmission=97)
    source = Publisher(SiteId("hall"), (video, replace(SOUND, redundancy=63)), nowhere, nowhere)
    chance, wide = random.Random(3), 0

    def say(kind: int, number: int, stamp: int, ssrc: int, payload: bytes, now_ns: int) -> None:
        nonlocal wide
        wide += 1
        head = struct.pack("!BBHII", 0x90, kind, number & 0xFFFF, stamp & 0xFFFFFFFF, ssrc)
        extension = b"\xbe\xde\0\1\x31" + struct.pack("!HB", wide & 0xFFFF, 0)
        source.on_rtp(head + extension + payload, now_ns)

    def seconds(first: int, last: int) -> int:
        for number in range(first * 50, last * 50):
            now_ns = number * 20 * MS
            if chance.random() > 0.1:
                before = ((number - 1) * 960 & 0xFFFFFFFF, b"before")
                sound = redundant(111, before, number * 960 & 0xFFFFFFFF, b"now")
                say(63, number, number * 960, 5, sound, now_ns)
            vp8 = b"\x10" + (b"\x01" if number % 100 else b"\x00") + b"picture"
            if chance.random() > 0.1:
                say(0x80 | 96, number, number * 1800, 6, vp8, now_ns)
            elif chance.random() > 0.5:
                say(97, number, number * 1800, 7, struct.pack("!H", number & 0xFFFF) + vp8, now_ns)
            source.tick(now_ns)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    seconds(0, 5)
    tracemalloc.start()
    before, after = seconds(5, 20), seconds(20, 60)
    tracemalloc.stop()
    assert after - before < 20_000, "of some 3600 packets"
    assert source.counts().repaired > 200


def test_whose_line_holds_a_queue_is_told_to_send_less_until_it_is_gone() -> None:
    """By REMB, whatever else it takes."""
    sent: list[bytes] = []
    source = publisher([], sent)

    def told(seconds: range, late_ms: int) -> list[bytes]:
        sent.clear()
        for number in range(seconds.start * 50, seconds.stop * 50):
            now_ns = (number * 20 + late_ms) * MS
            source.on_rtp(opus(number & 0xFFFF), now_ns)
            source.tick(now_ns)
        return [packet for packet in sent if packet[12:16] == b"REMB"]

    assert not told(range(5), late_ms=0)
    assert len(told(range(5, 8), late_ms=200)) >= 2
    assert len(told(range(8, 70), late_ms=0)) > 2
    assert not told(range(70, 75), late_ms=0)


def test_sound_that_nobody_sends_again_is_neither_asked_nor_waited_for() -> None:
    frames: list[EncodedFrame] = []
    sent: list[bytes] = []
    source = publisher(frames, sent)
    for sequence in (0, 1, 3, 4, 6):
        source.on_rtp(opus(sequence), sequence * 20 * MS)
    source.tick(180 * MS)
    assert [frame.pts // 960 for frame in frames] == [0, 1, 3, 4, 6]
    assert not any(packet[1] == 205 for packet in sent)


def test_what_is_lost_where_the_numbers_wrap_is_asked_for_as_anything_else() -> None:
    sent: list[bytes] = []
    source = publisher([], sent)
    for at, number in enumerate((65_533, 2)):
        head = struct.pack("!BBHII", 0x80, 96, number, at * 3600, 5)
        source.on_rtp(head + b"\x41\x9a", at * 40 * MS)
        source.tick(at * 40 * MS)
    source.tick(60 * MS)
    asked = [nack.read(packet[12:]) for packet in sent if packet[:2] == b"\x81\xcd"]
    assert asked == [[65_534, 65_535, 0], [1]]


def test_what_is_sent_again_fills_its_gap_and_probes_change_nothing() -> None:
    frames: list[EncodedFrame] = []
    section = replace(VIDEO, codec=Codec.VP8, retransmission=97)
    source = Publisher(SiteId("hall"), (section,), lambda _report: None, frames.append)

    def picture(sequence: int, *, again: bool) -> bytes:
        vp8 = b"\x10" + (b"\x00" if sequence == 0 else b"\x01") + b"picture"
        if again:
            head = struct.pack("!BBHII", 0x80, 0x80 | 97, 7000 + sequence, sequence * 3600, 6)
            return head + struct.pack("!H", sequence) + vp8
        return struct.pack("!BBHII", 0x80, 0x80 | 96, sequence, sequence * 3600, 5) + vp8

    for sequence in (0, 1, 3, 4):
        source.on_rtp(picture(sequence, again=False), sequence * 40 * MS)
    source.tick(170 * MS)
    assert len(frames) == 2
    source.on_rtp(picture(2, again=True), 200 * MS)
    for sequence in (0, 4, 2, 40_000):
        source.on_rtp(picture(sequence, again=True), 210 * MS)
    assert [frame.pts // 3600 for frame in frames] == [0, 1, 2, 3, 4]
    statistics = source.uplinks[Codec.VP8].statistics
    assert (statistics.received, statistics.repaired, statistics.lost) == (4, 1, 0)


def test_probes_before_any_picture_are_told_of_and_do_no_harm() -> None:
    section = replace(VIDEO, congestion=TRANSPORT_SEQUENCE, retransmission=97)
    sent: list[bytes] = []
    source = Publisher(SiteId("hall"), (section,), sent.append, lambda _frame: None)
    head = struct.pack("!BBHII", 0x90, 97, 1, 0, 6)
    source.on_rtp(head + b"\xbe\xde\0\1" + b"\x31\0\x07\0" + b"\0\1probe", 100 * MS)
    source.tick(200 * MS)
    assert [packet[:2] for packet in sent] == [b"\x8f\xcd"], "FMT 15 of PT 205"


def test_what_came_is_counted_and_its_rate_is_of_whole_intervals() -> None:
    section = replace(VIDEO, codec=Codec.VP8)
    source = Publisher(SiteId("hall"), (section,), nowhere, nowhere)
    for number in range(50):
        if number != 20:
            vp8 = b"\x10" + (b"\x00" if number == 0 else b"\x01") + b"picture"
            head = struct.pack("!BBHII", 0x80, 0x80 | 96, number, number * 3600, 5)
            source.on_rtp(head + vp8, (1000 + number * 40) * MS)
        source.tick((1000 + number * 40) * MS)
        if number < 20:
            assert (source.bitrate_bps(), source.fps()) == (0, 0), "no guess before a second"
    assert source.bitrate_bps() == pytest.approx(25 * len(b"..picture") * 8, rel=0.1)
    counts = source.counts()
    assert (counts.packets, counts.octets, counts.lost) == (49, 49 * len(b"..picture"), 1)
    assert counts.nacks >= 3
    assert counts.plis >= 1
    assert counts.frames == 20, "what follows a lost picture waits for a keyframe"


def test_loss_is_told_of_the_line_before_repair() -> None:
    source = publisher([], [])
    source.on_rtp(opus(0), 0)
    source.tick(1000 * MS)
    for sequence in range(1, 101):
        if sequence % 10 != 5:
            source.on_rtp(opus(sequence), 1000 * MS + sequence * 20 * MS)
        source.tick(1000 * MS + sequence * 20 * MS)
    assert 5 < source.loss_percent() < 20


@pytest.mark.parametrize("patience_ms", [20, 40, 80])
def test_a_site_at_standby_is_told_what_came_often_enough(patience_ms: int) -> None:
    """However seldom it is read: browsers tell each other at least each 250 ms."""

    async def story() -> list[int]:
        told: list[int] = []
        certificate = RTCCertificate.generateCertificate()
        peer = Peer(read_offer(VIEW, "view"), certificate, nowhere, nowhere)
        section = replace(SOUND, congestion=TRANSPORT_SEQUENCE, extension=3)
        source = Publisher(
            SiteId("hall"),
            (section,),
            lambda packet: told.append(now_ns) if packet[1] == 205 else None,
            nowhere,
        )
        peer.traffic, peer.connected, now_ns = source, True, peer.last_heard_ns
        ticker = Ticker([peer])
        for number in range(1, 400):
            now_ns += 20 * MS
            packet = opus(number)
            extension = b"\xbe\xde\0\1\x31" + number.to_bytes(2) + b"\0"
            source.on_rtp(b"\x90" + packet[1:12] + extension + packet[12:], now_ns)
            peer.last_heard_ns = now_ns
            if number * 20 % patience_ms == 0:
                ticker.take([peer], now_ns)
        return [after - before for before, after in pairwise(told)]

    apart = asyncio.run(story())
    assert len(apart) > 30
    assert max(apart) < 250 * MS


def test_turns_are_as_close_as_the_worst_line_wants() -> None:
    async def story() -> None:
        peers, scenes = [], [Scene(feedback=True) for _ in range(7)]
        for scene in scenes:
            scene.come()
            scene.watched(20 * FPS)
            peer = Peer(
                read_offer(VIEW, "view"), RTCCertificate.generateCertificate(), nowhere, nowhere
            )
            peer.traffic, peer.connected = scene.viewer, True
            peers.append(peer)
        ticker, now_ns = Ticker(peers), scenes[0].now_ns

        def haste() -> Haste:
            """Once everybody had a turn."""
            return [ticker.take((), now_ns) for _ in range(EASY_PATIENCE)][-1]

        assert haste() is Haste.NONE
        scenes[3].play(2 * FPS)  # and nothing is heard of him
        assert haste() is Haste.SOME
        scenes[3].watched(20 * FPS)
        assert haste() is Haste.NONE
        scenes[5].viewer._repeats.append(Payload(0, 0, False, True, b""))
        assert haste() is Haste.MUCH

    asyncio.run(story())


def test_a_flood_of_nacks_is_answered_within_bounds() -> None:
    watching = Watching()
    watching.play(0, 500)
    numbers = watching.numbers()
    watching.sent.clear()
    for _ in range(20):
        watching.lost(numbers)
    assert len(watching.sent) == RESENDS
    watching.viewer.tick(10**10)
    watching.lost(numbers[-3:])
    assert watching.numbers()[RESENDS:] == numbers[-3:]


def test_of_a_flood_of_packets_told_of_in_few_octets_no_more_is_heard() -> None:
    watching = Watching()
    watching.play(0, 50)
    numbers = watching.numbers()
    watching.sent.clear()
    none_came = struct.pack("!BBHIIHHIHH", 0x8F, 205, 5, 3, 9, 0, 4096, 0, 4096, 0)
    watching.viewer.on_rtcp(none_came * 50, 0)
    watching.lost(numbers[-3:])
    assert not watching.sent
    watching.viewer.tick(10**10)
    watching.lost(numbers[-3:])
    assert watching.numbers() == numbers[-3:]


def test_what_a_congested_port_cannot_take_is_counted_and_can_be_asked_for() -> None:
    watching = Watching()
    watching.play(0, 5)
    watching.congested = True
    watching.play(5, 3)
    assert (len(watching.sent), watching.viewer.dropped) == (5, 3)
    watching.congested = False
    watching.play(8, 1)
    first, *_, before, after = watching.numbers()
    assert (after - before) & 0xFFFF == 4, "the gap can be seen"
    watching.lost([(before + n) & 0xFFFF for n in (1, 2, 3)])
    assert len(watching.sent) == 9
    assert first == watching.numbers()[0]


def test_a_nack_brings_the_public_nothing_unmarked() -> None:
    """As if a packet of the closed item had slipped through the first guard."""
    watching = Watching(room=False)
    watching.play(0, 3, public=False)
    numbers = watching.numbers()
    watching.sent.clear()
    watching.lost(numbers)
    assert watching.sent == []


@given(st.binary(max_size=200))
def test_a_viewers_garbage_does_no_harm(garbage: bytes) -> None:
    watching = Watching()
    watching.play(0, 3)
    for head in (b"", b"\x81\xcd\x00\x03", b"\x81\xce\x00\x02", b"\x8f\xce"):
        try:
            watching.viewer.on_rtcp(head + garbage, 0)
        except MALFORMED:
            continue


@pytest.mark.parametrize(
    ("payload", "begins"),
    [
        (b"\x67\x42", True),
        (b"\x65\x88", True),
        (b"\x65\x40", False),
        (b"\x7c\x85\x88", True),
        (b"\x7c\x85\x40", False),
        (b"\x7c\x05\x88", False),
        (b"\x78\x00\x02\x67\x42", True),
        (b"\x78\x00\x02\x41\x40", False),
    ],
)
def test_a_picture_begins_with_its_first_slice(payload: bytes, begins: bool) -> None:
    assert begins_frame(Codec.H264, payload) is begins


@given(st.sampled_from((1, 5, 7, 24, 28, 0, 31)), st.binary(max_size=40))
def test_payloads_of_h264_are_read_as_stock_aiortc_does(kind: int, rest: bytes) -> None:
    payload = bytes((0x60 | kind,)) + rest
    try:
        expected = h264_depayload(payload)
    except ValueError:
        with pytest.raises((ValueError, IndexError)):
            h264_units(payload)
    else:
        assert h264_units(payload) == expected
