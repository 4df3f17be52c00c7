"""Who chose an interpreter on a thin line: he hears that language whole, in the rendition that his
line carries, and his picture knows nothing of it. In simulated minutes, as in `test_steering`; what
is made, what he may have and what he is sent are the relay's own."""

import struct
from collections import deque
from dataclasses import dataclass, replace

import pytest
from pylibsrtp import Policy, Session

from streams.bandwidth.steering import Steering
from streams.downlink.fanout import Lanes
from streams.downlink.viewer import Audience, Viewer
from streams.frames import Codec, Feed, Packet, SiteId
from streams.rights import Rights
from streams.rtp.header import parse
from streams.rtp.packetise import packetise
from streams.rtp.twcc import Arrivals
from streams.udp.sending import Run
from streams.udp.srtp import Destination
from tests.streams.bottleneck import WIRE, Bottleneck
from tests.streams.network import Received
from tests.streams.viewing import (
    FPS,
    KEY_EVERY,
    MS,
    PICTURE,
    RATES,
    SECTIONS,
    SOUND,
    SOUNDS,
    TRANSPORT,
    Player,
    S,
    picture,
)

STEP_NS = 5 * MS
TAG = 10
"""SRTP's, after each packet."""
LATE_NS = 100 * MS
"""Until the studio makes what nobody listened to."""
BLOCK_NS, BLOCK = 20 * MS, 960
CABIN, HMONG = SiteId("cabin"), "hmn"
DISTRICT, PUBLIC = Audience(room=True, site=SiteId("muong-lay")), Audience(room=False)
MIXES = {"": Feed.ROOM, HMONG: Feed.language(HMONG)}
OUTSIDE = tuple(map(Feed.in_pairs, (*MIXES.values(), Feed.PUBLIC)))
OWN = tuple(Feed.minus(SiteId("muong-lay"), language) for language in MIXES)
"""What he may get when his microphone opens."""
FEEDS = (*MIXES.values(), *OUTSIDE, *OWN)


@dataclass(frozen=True, slots=True)
class Heard:
    """20 ms of sound, as they came."""

    feed: str
    rendition: int
    number: int
    """Of them, since the beginning."""
    late_ms: float


class Listening:
    """A viewer behind `line`; the studio makes what the relay tells it to, a little later."""

    def __init__(self, audience: Audience, line: Bottleneck) -> None:
        self.line, self.rights = line, Rights(take_room=True, booths={CABIN: HMONG})
        self.player = Player()
        session = Session(Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        destination = Destination(session, ("127.0.0.1", 9), 0)
        self.viewer = Viewer(
            audience,
            SECTIONS,
            Steering(RATES, SOUNDS, 0, feedback=True),
            lambda: destination,
            lambda run: self._send(run),
            lambda _report: None,
            self._ask_keyframe,
        )
        self.keyframes_wanted = 0
        self._now_ns, self._frame, self._block = 0, 0, 0
        self._lanes = Lanes()
        self._asked: deque[tuple[int, frozenset[tuple[str, int]]]] = deque()
        self._made: frozenset[tuple[str, int]] = frozenset()
        self._coming: deque[tuple[int, bytes]] = deque()
        self._arrivals = Arrivals()
        self._feedback: deque[tuple[int, bytes]] = deque()

    def _ask_keyframe(self) -> bool:
        self.keyframes_wanted += 1
        return True

    def seconds(self, count: float) -> None:
        until_ns = self._now_ns + int(count * S)
        while self._now_ns < until_ns:
            self._hear_wishes()
            if self._now_ns >= self._frame * S // FPS:
                self._make_picture()
            if self._now_ns >= self._block * BLOCK_NS:
                self._make_sound()
            self.viewer.tick(self._now_ns)
            self._arrive()
            self._now_ns += STEP_NS

    # The studio.

    def _hear_wishes(self) -> None:
        sound = self.viewer.steering.choice.sound
        feeds = self.rights.sounds(self.viewer.audience)
        wanted = frozenset((feed, one) for feed in feeds for one in {0, sound})
        if not self._asked or self._asked[-1][1] != wanted:
            self._asked.append((self._now_ns, wanted))
        while len(self._asked) > 1 and self._asked[1][0] <= self._now_ns - LATE_NS:
            self._asked.popleft()
        if self._asked[0][0] <= self._now_ns - LATE_NS:
            self._made = self._asked[0][1]

    def _make_picture(self) -> None:
        key = self._frame % KEY_EVERY == 0
        for rendition in range(len(RATES)):
            data = picture(rendition, self._frame, key=key)
            pts = self._frame * 90_000 // FPS
            self._offer(Packet(Feed.ROOM, Codec.H264, pts, key, True, data, rendition))
        self._frame += 1

    def _make_sound(self) -> None:
        """All that is thin, or the public's, leaves two in one packet with a picture's tick."""
        last, self._block = self._block, self._block + 1
        for feed, rendition in sorted(self._made):
            blocks = 2 if rendition or feed in OUTSIDE else 1
            if blocks == 2 and not last % 2:
                continue
            number, octets = last + 1 - blocks, int(SOUNDS[rendition] / 8 * BLOCK_NS / S) * blocks
            data = struct.pack("!BBI", FEEDS.index(feed), rendition, number) + bytes(octets)
            self._offer(Packet(feed, Codec.OPUS, number * BLOCK, True, True, data, rendition))

    # The relay.

    def _offer(self, packet: Packet) -> None:
        """As `Relay.send` does."""
        lane, received = self._lanes[packet.feed, packet.codec.real, packet.rendition], Received()
        unit = lane.put(packetise(packet))
        may_have = self.rights.all_may_have(packet)
        lane.send_to_groups(unit, may_have, received, self._now_ns)
        for packets in received.packets:
            self._leave(packets)
        if self.viewer.grouped[lane.is_video]:
            return
        if self.rights.may_have(self.viewer.audience, packet):
            self.viewer.offer(lane, unit, self._now_ns)
        else:
            self.viewer.leave(lane)

    def _send(self, run: Run) -> None:
        self._leave([head + part for head, part in run])

    # The line, and who listens.

    def _leave(self, packets: list[bytes]) -> None:
        for packet in packets:
            came_ns = self.line.carry(len(packet) + TAG + WIRE, self._now_ns)
            if came_ns is not None:
                self._coming.append((came_ns, packet))

    def _arrive(self) -> None:
        while self._coming and self._coming[0][0] <= self._now_ns:
            came_ns, octets = self._coming.popleft()
            packet = parse(octets, TRANSPORT)
            assert packet.extension is not None
            self._arrivals.add(packet.extension, came_ns)
            self.player.take([packet], came_ns)
        if self._now_ns % (50 * MS) == 0 and (fci := self._arrivals.report()) is not None:
            head = struct.pack("!BBHII", 0x8F, 205, 2 + -(-len(fci) // 4), 1, PICTURE)
            there_ns = self._now_ns + self.line.back_ns()
            self._feedback.append((there_ns, head + fci + bytes(-len(fci) % 4)))
        while self._feedback and self._feedback[0][0] <= self._now_ns:
            self.viewer.on_rtcp(self._feedback.popleft()[1], self._now_ns)

    # What he heard and saw.

    def heard(self, since_s: float, until_s: float) -> list[Heard]:
        """Of what was said in that time."""
        found = []
        for packet, came_ns in zip(self.player.packets, self.player.came_ns, strict=True):
            if packet.ssrc == SOUND:
                feed, rendition, first = struct.unpack_from("!BBI", packet.payload)
                blocks = 2 if rendition or FEEDS[feed] in OUTSIDE else 1
                for number in range(first, first + blocks):
                    if since_s * S <= number * BLOCK_NS < until_s * S:
                        late_ms = (came_ns - number * BLOCK_NS) / MS
                        found.append(Heard(FEEDS[feed], rendition, number, late_ms))
        return found

    def whole(self, since_s: float, until_s: float, within_ms: float) -> float:
        """How much of the sound came so soon."""
        came = {one.number for one in self.heard(since_s, until_s) if one.late_ms <= within_ms}
        return len(came) * BLOCK_NS / ((until_s - since_s) * S)


def expected(audience: Audience, language: str) -> str:
    return MIXES[language] if audience.room else Feed.in_pairs(MIXES[language])


@pytest.mark.parametrize("audience", [DISTRICT, PUBLIC], ids=["district", "public"])
@pytest.mark.parametrize(
    ("rate", "seen"),
    [(210e3, (2, False)), (100e3, (2, True)), (48e3, (None, False))],
    ids=["180p", "stills", "sound alone"],
)
def test_a_language_is_heard_whole_on_a_line_that_carries_little(
    audience: Audience, rate: float, seen: tuple[int | None, bool]
) -> None:
    one = Listening(audience, Bottleneck(rate))
    one.seconds(30)
    before = one.viewer.steering.choice
    wanted, shown = one.keyframes_wanted, len(one.player.pictures())
    assert {(h.feed, h.rendition) for h in one.heard(20, 29)} == {
        (expected(audience, ""), before.sound)
    }
    for language in (HMONG, ""):
        since_s = one._now_ns / S
        one.viewer.listen(language)
        one.seconds(30)
        until_s = one._now_ns / S - 1
        heard = one.heard(since_s + 0.5, until_s)
        assert {h.feed for h in heard} == {expected(audience, language)}
        assert {h.rendition for h in heard} == {before.sound}
        assert one.whole(since_s + 0.5, until_s, 250) > 0.97
        assert one.whole(since_s, since_s + 0.5, 250) > 0.7, "until it is made"
    assert one.viewer.steering.choice == before
    assert (before.video, before.stills) == seen
    shown_since = {rendition for rendition, _, _ in one.player.pictures()[shown:]}
    assert shown_since == {before.video} - {None}
    assert one.keyframes_wanted == wanted, "of pictures nothing has changed"


def test_an_interpreter_who_leaves_a_thin_line_leaves_it_the_room() -> None:
    one = Listening(replace(DISTRICT, language=HMONG), Bottleneck(100e3))
    one.seconds(20)
    assert {h.feed for h in one.heard(10, 19)} == {Feed.language(HMONG)}
    one.rights.booths = {}
    one._lanes.dissolve()
    one.seconds(10)
    assert {h.feed for h in one.heard(20.5, 29)} == {Feed.ROOM}
    assert one.whole(20.5, 29, 250) > 0.97
