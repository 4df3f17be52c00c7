"""One program → many viewers: each packet is cut into RTP payloads once and kept once.

A `Lane` is one rendition of a feed's picture or sound. It numbers its payloads; a viewer's sequence
numbers are these plus an offset of his own, so that one history answers everybody's NACKs.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from streams.bursts import Burst, lay
from streams.crew import Crew, Out
from streams.frames import Codec, Packet
from streams.packetise import h264_payloads
from streams.redundancy import redundant

HISTORY = 1000
"""Payloads kept of each lane: about 4 s of video at 2.5 Mbit/s. Policy: the oldest goes. Fewer than
libsrtp's window of 1024 (`aiortc_private`): it refuses to send what is older."""

MAX_KEPT = 250
"""Access units kept since a keyframe. Policy: beyond it newcomers wait for the next one."""


@dataclass(frozen=True, slots=True)
class Payload:
    number: int
    timestamp: int
    """RTP timestamp, 32 bits: program time, the same for every viewer."""
    marker: bool
    public: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Unit:
    """One access unit or Opus packet, cut."""

    pts: int
    key: bool
    public: bool
    payloads: tuple[Payload, ...]
    octets: int
    _laid: dict[tuple[int, int], tuple[Burst, ...]] = field(default_factory=dict, repr=False)

    def bursts(self, header: int, tag: int) -> tuple[Burst, ...]:
        """Its packets as they leave, with so many octets around each; laid once for all."""
        laid = self._laid.get((header, tag))
        if laid is None:
            parts, last = [payload.data for payload in self.payloads], self.payloads[-1]
            laid = lay(parts, last.timestamp, header, tag, marker=last.marker)
            self._laid[header, tag] = laid
        return laid


class Ladder:
    """The renditions of one feed's picture or sound."""

    def __init__(self, codec: Codec, *, shared: bool = True) -> None:
        """`shared`: whether it is for everybody of the room or of the public."""
        self.codec, self.shared = codec, shared
        self.newest_pts = 0
        self._lanes: dict[int, Lane] = {}
        self._serving: dict[int, Lane | None] = {}
        """As it is until the next packet: every viewer asks."""

    def lane(self, rendition: int) -> "Lane":
        lane = self._lanes.get(rendition)
        if lane is None:
            lane = self._lanes[rendition] = Lane(self.codec, rendition, self)
        return lane

    def serving(self, rendition: int, pts: int) -> "Lane | None":
        """The lane of that rendition, or of the next larger one that still gets packets."""
        if rendition not in self._serving:
            oldest = pts - self.codec.clock_rate
            lanes = self._lanes.items()
            alive = (n for n, lane in lanes if n <= rendition and lane.last_pts > oldest)
            best = max(alive, default=None)
            self._serving[rendition] = None if best is None else self._lanes[best]
        return self._serving[rendition]

    def dissolve(self) -> None:
        """As of each of its lanes."""
        for lane in self._lanes.values():
            lane.dissolve()

    def changed(self, pts: int) -> None:
        """One of the lanes got a packet."""
        self.newest_pts = pts
        self._serving.clear()


class Lane:
    def __init__(self, codec: Codec, rendition: int = 0, ladder: Ladder | None = None) -> None:
        self.codec, self.rendition = codec, rendition
        self.ladder = ladder or Ladder(codec)
        self.is_video = codec.is_video
        self.last_pts = 0
        self._history: deque[Payload] = deque(maxlen=HISTORY)
        self.next_number = self.octets = 0
        """Of all payloads so far."""
        self.carried = (0, 0)
        self.carried_pts = 0
        """`next_number` and `octets` as of the last unit that crews have got."""
        self._goes_back = False
        """The studio's time began anew, and each viewer sees to it that he gets nothing twice."""
        self._crews: dict[tuple[bool, int, int], Crew] = {}
        self.since_key: list[Unit] = []
        """The newest keyframe and all that came after it; empty while that is too much."""
        self._redundant: dict[int, tuple[int, bytes]] = {}

    def put(self, packet: Packet) -> Unit:
        """The packet's payloads, in order."""
        parts = h264_payloads(packet.data) if packet.codec is Codec.H264 else [packet.data]
        timestamp, last = packet.pts & 0xFFFFFFFF, len(parts) - 1
        payloads = tuple(
            Payload(self.next_number + i, timestamp, self.is_video and i == last, packet.public, p)
            for i, p in enumerate(parts)
        )
        self.next_number += len(parts)
        self._goes_back = packet.pts <= self.last_pts
        self.last_pts = packet.pts
        self.ladder.changed(packet.pts)
        self._history.extend(payloads)
        unit = Unit(packet.pts, packet.key, packet.public, payloads, sum(map(len, parts)))
        self.octets += unit.octets
        if self.is_video:
            self._keep(unit)
        return unit

    def _keep(self, unit: Unit) -> None:
        if unit.key:
            self.since_key = [unit]
        elif len(self.since_key) >= MAX_KEPT:
            self.since_key = []
        elif self.since_key:
            self.since_key.append(unit)

    @property
    def is_served(self) -> bool:
        """It still gets packets, as others of its ladder do."""
        return self.last_pts > self.ladder.newest_pts - self.codec.clock_rate

    def crew(self, header: int, tag: int, *, room: bool) -> Crew:
        """Of those who take all of this lane, with so many octets around each payload."""
        key = room, header, tag
        crew = self._crews.get(key)
        if crew is None:
            crew = self._crews[key] = Crew(header, tag, video=self.is_video)
        return crew

    def carry(self, unit: Unit, may_have: Callable[[bool], bool], out: Out, now_ns: int) -> None:
        """To all crews of those who may have it: of the room, or of the public."""
        usual = bool(unit.payloads) and not self._goes_back and not out.congested
        for (room, _, _), crew in self._crews.items():
            if not len(crew):
                continue
            if usual and may_have(room):
                count = len(unit.payloads)
                number = unit.payloads[0].number
                crew.carry(number, count, unit.octets, unit.bursts, out, now_ns)
            else:
                crew.dissolve()
        self.carried = self.next_number, self.octets
        self.carried_pts = unit.pts

    def dissolve(self) -> None:
        """Who may have what has changed: each is asked anew."""
        for crew in self._crews.values():
            crew.dissolve()

    def find(self, number: int) -> Payload | None:
        """A payload that was sent before, if it is still kept."""
        if not self._history:
            return None
        index = number - self._history[0].number
        return self._history[index] if 0 <= index < len(self._history) else None

    def newest(self, count: int) -> list[Payload]:
        """The last payloads, newest first."""
        return list(islice(reversed(self._history), count))

    def redundant(self, payload: Payload, payload_type: int, *, room: bool) -> bytes:
        """Sound with the packet before it in it (RFC 2198), made once for all who want it.
        `payload_type`: the viewer's for Opus. The public gets nothing unmarked, twice or not."""
        before = self.find(payload.number - 1)
        if before is None or not (room or before.public):
            return redundant(payload_type, None, payload.timestamp, payload.data)
        key = payload_type << 1 | room
        number, data = self._redundant.get(key, (-1, b""))
        if number != payload.number:
            earlier = (before.timestamp, before.data)
            data = redundant(payload_type, earlier, payload.timestamp, payload.data)
            self._redundant[key] = payload.number, data
        return data
