"""What one viewer is sent, seen from his side: every packet is read as a player would. No socket,
and time is an argument.

The pictures are of no codec: each tells its rendition and its frame (in octets that are no start
code), so that the player can say whether it could have been decoded.
"""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
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
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Policy, Session

from streams.arrivals import Arrivals
from streams.crew import Way
from streams.cutting import cut
from streams.fanout import Ladder
from streams.frames import Codec, Feed, Packet, SiteId
from streams.renditions import STILL_INTERVAL_S
from streams.rtp import RtpPacket, parse
from streams.sdp import Section
from streams.sending import Run
from streams.steering import Choice, Steering
from streams.viewer import CATCH_UP_OCTETS, RTCP_PSFB_FIR, STILL_INTERVAL_NS, Audience, Viewer
from tests.streams.network import Received

MS = 1_000_000
S = 1000 * MS
FPS = 25
FRAME_NS = S // FPS
KEY_EVERY = 50
OCTETS = ((9_000, 1_500), (2_500, 800), (900, 300))
"""Of a keyframe and of another picture, in each rendition."""
RATES, SOUNDS = (700_000.0, 250_000.0, 90_000.0), (96_000.0, 24_000.0)
PICTURE, AGAIN, SOUND = 101, 102, 103
"""SSRCs."""
H264, RTX, OPUS, RED = 96, 97, 111, 63
TRANSPORT = 3
ALL = Choice(video=0, stills=False, sound=0, redundant=False)

SECTIONS = (
    Section("video", "0", "UDP/TLS/RTP/SAVPF", Codec.H264, H264, extension=TRANSPORT, nack=True,
            retransmission=RTX, ssrc=PICTURE, retransmission_ssrc=AGAIN),
    Section("audio", "1", "UDP/TLS/RTP/SAVPF", Codec.OPUS, OPUS, extension=TRANSPORT, ssrc=SOUND,
            redundancy=RED),
)  # fmt: skip


def picture(rendition: int, frame: int, *, key: bool) -> bytes:
    told = bytes((0x80 | rendition, 0x80 | frame >> 7, 0x80 | frame & 0x7F, 0x80 | key))
    size = OCTETS[rendition][0 if key else 1]
    return b"\0\0\0\1" + bytes((0x65 if key else 0x41,)) + told + b"\xaa" * size


@dataclass
class Player:
    """What came, in order."""

    packets: list[RtpPacket] = field(default_factory=list)

    def of(self, ssrc: int) -> list[RtpPacket]:
        return [packet for packet in self.packets if packet.ssrc == ssrc]

    def pictures(self) -> list[tuple[int, int, bool]]:
        """(rendition, frame, key) of each that began, in the order of their numbers."""
        return [_told(packet.payload) for packet in self.of(PICTURE) if _begins(packet.payload)]

    def renditions(self) -> list[int]:
        """Followed one after another."""
        shown = [rendition for rendition, _, _ in self.pictures()]
        return shown[:1] + [b for a, b in pairwise(shown) if a != b]

    def check(self) -> None:
        """What holds for every viewer at any time."""
        for ssrc in (PICTURE, AGAIN, SOUND):
            stream = self.of(ssrc)
            assert all((b.sequence - a.sequence) & 0xFFFF == 1 for a, b in pairwise(stream))
        for ssrc in (PICTURE, SOUND):
            assert all(b.timestamp >= a.timestamp for a, b in pairwise(self.of(ssrc)))
        numbers = [p.extension for p in self.packets if p.extension is not None]
        assert numbers == [n & 0xFFFF for n in range(len(self.packets))]
        assert all(b.timestamp > a.timestamp for a, b in pairwise(self.of(SOUND)))
        assert all(self._decodable()), "a picture without what it is made from"

    def _decodable(self) -> Iterator[bool]:
        before = (-1, -1)
        for rendition, frame, key in self.pictures():
            yield key or before == (rendition, frame - 1)
            before = rendition, frame


def _begins(payload: bytes) -> bool:
    return payload[0] & 0x1F != 28 or payload[1] & 0x80 != 0


def _told(payload: bytes) -> tuple[int, int, bool]:
    at = 2 if payload[0] & 0x1F == 28 else 1
    rendition, high, low, key = (value & 0x7F for value in payload[at : at + 4])
    return rendition, high << 7 | low, bool(key)


class Scene:
    """A viewer, his player, and the program before and after he came."""

    def __init__(
        self,
        *,
        room: bool = True,
        feedback: bool = False,
        sections: tuple[Section, ...] = SECTIONS,
    ) -> None:
        self.player = Player()
        self.reports: list[bytes] = []
        self.wishes = 0
        """Keyframes wished for."""
        self.now_ns = 0
        self.frame = 0
        self.steering = Steering(RATES, SOUNDS, 0, feedback=feedback)
        session = Session(Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        way = Way(session, ("127.0.0.1", 9), 0)
        self.viewer = Viewer(
            Audience(room=room, site=SiteId("hall") if room else None),
            sections,
            self.steering,
            lambda: way,
            self._take,
            self.reports.append,
            self._wish,
        )
        self.ladders = {
            feed: (Ladder(Codec.H264), Ladder(Codec.OPUS)) for feed in (Feed.ROOM, Feed.PUBLIC)
        }
        self.here = False
        """Whether the viewer has come."""
        self.feed = Feed.ROOM
        self.rode = 0
        """Units that came to him in a crew."""
        self.chosen: Choice | None = None
        """Instead of what the steering would choose."""

    def _take(self, run: Run) -> None:
        self.player.packets += [parse(head + payload, TRANSPORT) for head, payload in run]

    def _wish(self) -> None:
        self.wishes += 1

    def play(self, frames: int, *, key: bool = False, public: bool = True) -> None:
        """`key`: the first is a keyframe whatever its turn."""
        for index in range(frames):
            for feed in self.ladders:
                self._picture(feed, key=key and index == 0, public=public)
                for sound in range(2):
                    self._sound(feed, 2 * self.frame + sound, public=public)
            if self.here:
                self.viewer.tick(self.now_ns)
            self._steer()
            self.frame += 1
            self.now_ns += FRAME_NS

    def _picture(self, feed: str, *, key: bool, public: bool) -> None:
        key = key or self.frame % KEY_EVERY == 0
        for rendition in range(len(RATES)):
            data = picture(rendition, self.frame, key=key)
            pts = self.frame * 90_000 // FPS
            self._offer(Packet(feed, Codec.H264, pts, key, public, data, rendition))

    def _sound(self, feed: str, number: int, *, public: bool) -> None:
        for rendition in range(len(SOUNDS)):
            data = struct.pack("!BH", rendition, number & 0xFFFF)
            self._offer(Packet(feed, Codec.OPUS, number * 960, True, public, data, rendition))

    def _offer(self, packet: Packet) -> None:
        video = packet.codec is Codec.H264
        lane = self.ladders[packet.feed][0 if video else 1].lane(packet.rendition)
        unit, received = lane.put(cut(packet)), Received()
        lane.carry(unit, lambda _: packet.feed == self.feed, received, self.now_ns)
        for packets in received.packets:
            self.rode += 1
            self.player.packets += [parse(one, TRANSPORT) for one in packets]
        if not self.here or self.viewer.rides[video]:
            return
        if packet.feed == self.feed:
            self.viewer.offer(lane, unit, self.now_ns)
        else:
            self.viewer.leave(lane)

    def come(self) -> None:
        self.here = True

    def choose(self, **changes: object) -> None:
        """Takes the wheel from the steering."""
        self.chosen = replace(self.chosen or ALL, **changes)  # type: ignore[arg-type]
        self._steer()

    def _steer(self) -> None:
        if self.chosen is not None:
            chosen = self.steering.choice = self.chosen
            self.steering._chosen = lambda: chosen  # type: ignore[method-assign]
            self.viewer.look()

    def watched(self, frames: int) -> None:
        """As `play`, with the receiver's feedback on a line without loss, 20 ms long."""
        arrivals, seen = Arrivals(), len(self.player.packets)
        for _ in range(frames):
            self.play(1)
            for packet in self.player.packets[seen:]:
                assert packet.extension is not None
                arrivals.add(packet.extension, self.now_ns + 20 * MS)
            seen = len(self.player.packets)
            if self.frame % 2 and (fci := arrivals.report()) is not None:
                head = struct.pack("!BBHII", 0x8F, 205, 2 + -(-len(fci) // 4), 1, PICTURE)
                self.viewer.on_rtcp(head + fci + bytes(-len(fci) % 4), self.now_ns + 40 * MS)


# --- newcomers ---


def test_a_newcomer_sees_the_smallest_picture_at_once_and_the_best_from_its_next_keyframe() -> None:
    scene = Scene()
    scene.play(20)
    scene.come()
    scene.play(1)
    assert [told[1] for told in scene.player.pictures()] == [*range(21)], "all since the keyframe"
    assert scene.player.renditions() == [2]
    stamps = [packet.timestamp for packet in scene.player.of(PICTURE)]
    assert stamps[-1] == 20 * 90_000 // FPS
    assert stamps[-1] - stamps[0] <= 20 * 90, "and they are shown in 20 ms"
    assert scene.wishes == 0
    scene.play(40)
    assert scene.player.renditions() == [2, 0]
    assert (0, 50, True) in scene.player.pictures()
    scene.player.check()


def test_where_that_would_be_much_he_sees_the_keyframe_and_asks_for_the_next() -> None:
    scene = Scene()
    frames = CATCH_UP_OCTETS // OCTETS[2][1] + 1
    scene.frame = 1
    scene.play(1, key=True)
    for _ in range(frames):  # no keyframe in its turn
        scene.frame += scene.frame % KEY_EVERY == 0
        scene.play(1)
    scene.come()
    scene.play(3)
    assert scene.player.pictures() == [(2, 1, True)]
    assert scene.wishes > 0
    scene.play(1, key=True)
    assert scene.player.pictures()[1][2]
    scene.player.check()


def test_before_there_is_a_keyframe_he_asks_for_one_and_hears_already() -> None:
    scene = Scene()
    scene.frame = 1
    scene.come()
    scene.play(3)
    assert (scene.player.pictures(), scene.wishes > 0) == ([], True)
    assert len(scene.player.of(SOUND)) == 6
    scene.play(2, key=True)
    assert len(scene.player.pictures()) == 2
    scene.player.check()


def test_what_was_closed_is_not_caught_up_with_by_the_public() -> None:
    scene = Scene(room=False)
    scene.play(5, public=False)
    scene.play(5)
    scene.come()
    scene.play(1)
    assert (scene.player.pictures(), scene.wishes > 0) == ([], True)
    scene.play(1, key=True)
    assert len(scene.player.pictures()) == 1


# --- renditions ---


def test_renditions_change_at_keyframes_of_the_new_one_and_no_picture_is_missed() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    for video in (1, 2, 0, 2):
        scene.choose(video=video)
        before = len(scene.player.pictures())
        scene.play(KEY_EVERY)
        assert len(scene.player.pictures()) == before + KEY_EVERY
    assert scene.player.renditions() == [0, 1, 2, 0, 2]
    scene.player.check()


def test_a_full_line_gets_no_more_of_the_old_picture_and_asks_for_the_new() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    scene.choose(video=2, hold=True)
    scene.play(5)
    assert (len(scene.player.pictures()), scene.wishes > 0) == (10, True)
    assert len(scene.player.of(SOUND)) == 30, "and sound goes on"
    scene.play(5, key=True)
    assert scene.player.renditions() == [0, 2]
    assert len(scene.player.pictures()) == 15
    scene.player.check()


def test_stills_are_keyframes_and_seldom() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    scene.choose(video=2, stills=True, sound=1)
    scene.play(20 * FPS)
    stills = [told for told in scene.player.pictures() if told[1] >= 10]
    assert all(key and rendition == 2 for rendition, _, key in stills)
    assert 20 // STILL_INTERVAL_S - 1 <= len(stills) <= 20 // STILL_INTERVAL_S
    gaps = [(b - a) * FRAME_NS for (_, a, _), (_, b, _) in pairwise(stills)]
    assert min(gaps) >= STILL_INTERVAL_NS
    scene.choose(stills=False)
    scene.play(2 * KEY_EVERY)
    assert len(scene.player.pictures()) > KEY_EVERY
    scene.player.check()


def test_without_pictures_there_is_sound_and_nothing_is_asked_for() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    scene.choose(video=None, sound=1)
    wishes = scene.wishes
    scene.play(2 * KEY_EVERY)
    assert (len(scene.player.pictures()), scene.wishes) == (10, wishes)
    sounds = scene.player.of(SOUND)
    assert len(sounds) == 2 * (10 + 2 * KEY_EVERY)
    assert {packet.payload[0] for packet in sounds[20:]} == {1}
    line = scene.viewer.line()
    assert (line.rendition, line.sound) == (None, 1)
    scene.player.check()


def test_a_rendition_that_is_not_made_is_replaced_by_the_next_larger() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    scene.choose(video=5, sound=4)
    scene.play(KEY_EVERY)
    assert scene.player.renditions() == [0, 2]
    assert scene.viewer.line().rendition == 2
    scene.player.check()


_CHANGES = st.sampled_from(
    [
        {"video": 0},
        {"video": 1},
        {"video": 2},
        {"video": None},
        {"stills": True},
        {"stills": False},
        {"hold": True},
        {"hold": False},
        {"sound": 0},
        {"sound": 1},
        {"redundant": True},
        {"redundant": False},
        {"twice": True},
        {"twice": False},
        {"feed": Feed.ROOM},
        {"feed": Feed.PUBLIC},
        {"key": True},
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.lists(st.tuples(_CHANGES, st.integers(0, 30)), max_size=12))
def test_whatever_is_chosen_all_that_is_shown_can_be_decoded(
    before: int, story: list[tuple[dict[str, object], int]]
) -> None:
    scene = Scene()
    scene.play(before)
    scene.come()
    for change, frames in story:
        key = bool(change.pop("key", False)) if "key" in (change := dict(change)) else False
        scene.feed = str(change.pop("feed", scene.feed))
        scene.choose(**change)
        scene.play(frames, key=key)
    scene.choose(video=0, stills=False, hold=False)
    scene.play(KEY_EVERY + 1)
    assert scene.player.pictures()[-1][0] == 0
    scene.player.check()


# --- feeds ---


def test_a_change_of_feed_waits_for_its_keyframe_and_sound_does_not() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    scene.feed = Feed.PUBLIC
    scene.play(10)
    assert len(scene.player.pictures()) == 10
    assert len(scene.player.of(SOUND)) == 40
    assert scene.wishes > 0
    scene.play(1, key=True)
    assert len(scene.player.pictures()) == 11
    scene.player.check()


def test_time_that_begins_anew_does_not_silence_the_sound() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    scene.frame -= 5
    scene.play(2)
    heard = len(scene.player.of(SOUND))
    assert heard == 20, "what came already is not said again"
    scene.frame = 0
    scene.viewer._streams[False].last_pts = 10_000 * 960
    scene.play(2)
    assert len(scene.player.of(SOUND)) == heard + 4


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
    assert all(scene.viewer.rides), "with sound and pictures"
    rode = scene.rode
    scene.play(10)
    assert scene.rode == rode + 30, "ten pictures, and two packets of sound with each"
    scene.choose(redundant=True)
    scene.play(1)
    assert scene.viewer.rides == [False, True]
    scene.viewer.on_moved()
    assert scene.viewer.rides == [False, False], "and on a new way he begins alone"
    scene.choose(redundant=False, sound=1)
    scene.play(20)
    assert all(scene.viewer.rides)
    scene.player.check()


def test_what_he_got_with_others_is_found_again_and_told_of() -> None:
    scene = Scene()
    scene.come()
    scene.choose()
    scene.play(KEY_EVERY + 20)
    assert all(scene.viewer.rides)
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
