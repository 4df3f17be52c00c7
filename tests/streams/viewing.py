"""A viewer of the program, seen from his side: every packet is read as a player would. No socket,
and time is an argument.

The pictures are of no codec: each tells its rendition and its frame (in octets that are no start
code), so that the player can say whether it could have been decoded.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import compress, pairwise

from aiortc.rtp import RTCP_RTPFB_NACK, RtcpRtpfbPacket
from pylibsrtp import Policy, Session

from streams.bandwidth.steering import Choice, Steering
from streams.connections.sdp import Section
from streams.downlink.fanout import Ladder
from streams.downlink.viewer import Audience, Viewer
from streams.frames import Codec, Feed, Packet, SiteId
from streams.rtp.header import RtpPacket, parse
from streams.rtp.packetise import packetise
from streams.rtp.twcc import Arrivals
from streams.udp.sending import Run
from streams.udp.srtp import Destination
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
    came_ns: list[int] = field(default_factory=list)
    """When each did."""
    told: frozenset[int] = frozenset({PICTURE, AGAIN, SOUND})
    """The SSRCs whose packets have transport-wide numbers: all of them, and no others."""

    def take(self, packets: Iterable[RtpPacket], now_ns: int) -> None:
        self.packets += packets
        self.came_ns += [now_ns] * (len(self.packets) - len(self.came_ns))

    def of(self, ssrc: int) -> list[RtpPacket]:
        return [packet for packet in self.packets if packet.ssrc == ssrc]

    def pictures(self) -> list[tuple[int, int, bool]]:
        """(rendition, frame, key) of each that began, in the order of their numbers."""
        return [_told(packet.payload) for packet in self.of(PICTURE) if _begins(packet.payload)]

    def late_ms(self) -> list[float]:
        """By how much each picture came later than its stamp, but for what all have in common."""
        whole = [one.ssrc == PICTURE and one.marker for one in self.packets]
        came = zip(compress(self.packets, whole), compress(self.came_ns, whole), strict=True)
        late = [now_ns / MS - packet.timestamp / 90 for packet, now_ns in came]
        return [one - late[-1] for one in late]

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
        assert all((p.extension is not None) == (p.ssrc in self.told) for p in self.packets)
        numbers = [p.extension for p in self.packets if p.extension is not None]
        assert numbers == [n & 0xFFFF for n in range(len(numbers))]
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
        numbered = [section for section in sections if section.extension is not None]
        self.player = Player(
            told=frozenset(ssrc for one in numbered for ssrc in (one.ssrc, one.retransmission_ssrc))
        )
        self.reports: list[bytes] = []
        self.wishes = 0
        """Keyframes wished for."""
        self.congested = False
        """The port."""
        self.now_ns = 0
        self.frame = 0
        probes = any(section.retransmission is not None for section in sections)
        self.steering = Steering(RATES, SOUNDS, 0, feedback=feedback, probes=probes)
        session = Session(Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        destination = Destination(session, ("127.0.0.1", 9), 0)
        self.viewer = Viewer(
            Audience(room=room, site=SiteId("hall") if room else None),
            sections,
            self.steering,
            lambda: destination,
            self._take,
            self.reports.append,
            self._wish,
            lambda: self.congested,
        )
        self.ladders = {
            feed: (Ladder(Codec.H264), Ladder(Codec.OPUS)) for feed in (Feed.ROOM, Feed.PUBLIC)
        }
        self.here = False
        """Whether the viewer has come."""
        self.feed = Feed.ROOM
        self.grouped = 0
        """Units that came to him in a group."""
        self.chosen: Choice | None = None
        """Instead of what the steering would choose."""

    def _take(self, run: Run) -> None:
        self.player.take((parse(head + part, TRANSPORT) for head, part in run), self.now_ns)

    def _wish(self) -> bool:
        self.wishes += 1
        return True

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
        unit, received = lane.put(packetise(packet)), Received()
        lane.send_to_groups(unit, (packet.feed == self.feed,) * 2, received, self.now_ns)
        for packets in received.packets:
            self.grouped += 1
            self.player.take((parse(one, TRANSPORT) for one in packets), self.now_ns)
        if not self.here or self.viewer.grouped[video]:
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
                if packet.extension is not None:
                    arrivals.add(packet.extension, self.now_ns + 20 * MS)
            seen = len(self.player.packets)
            if self.frame % 2 and (fci := arrivals.report()) is not None:
                head = struct.pack("!BBHII", 0x8F, 205, 2 + -(-len(fci) // 4), 1, PICTURE)
                self.viewer.on_rtcp(head + fci + bytes(-len(fci) % 4), self.now_ns + 40 * MS)


class Watching:
    """A viewer, its sent packets, and whether the port is congested."""

    def __init__(self, *, room: bool = True) -> None:
        self.sent: list[bytes] = []
        self.congested = False
        section = Section("audio", "1", "UDP/TLS/RTP/SAVPF", Codec.OPUS, 111, ssrc=9)
        session = Session(Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        destination = Destination(session, ("127.0.0.1", 9), 0)
        self.viewer = Viewer(
            Audience(room=room),
            (section,),
            Steering((), (96_000,), 0, feedback=False),
            lambda: destination,
            self._take,
            lambda _report: None,
            lambda: True,
            lambda: self.congested,
        )
        self.lane = Ladder(Codec.OPUS).lane(0)

    def _take(self, run: Run) -> None:
        self.sent += [head + payload for head, payload in run]

    def play(self, first: int, count: int, *, public: bool = True) -> None:
        for index in range(first, first + count):
            packet = Packet(Feed.ROOM, Codec.OPUS, index * 960, True, public, b"sound")
            unit, received = self.lane.put(packetise(packet)), Received(congested=self.congested)
            allowed = public or self.viewer.audience.room
            self.lane.send_to_groups(unit, (allowed, allowed), received, index * 20 * MS)
            self.sent += [one for packets in received.packets for one in packets]
            if not self.viewer.grouped[False]:
                self.viewer.offer(self.lane, unit, index * 20 * MS)

    def numbers(self) -> list[int]:
        return [struct.unpack_from("!H", packet, 2)[0] for packet in self.sent]

    def lost(self, numbers: list[int]) -> None:
        self.viewer.on_rtcp(bytes(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 3, 9, numbers)), 0)
