"""One program → many viewers: each packet is cut into RTP payloads once and kept once.

A `Lane` is one rendition of a feed's picture or sound. It numbers its payloads; a viewer's sequence
numbers are these plus an offset of his own, so that one history answers everybody's NACKs.
"""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from streams.bursts import Burst, lay
from streams.crew import Crew, Out
from streams.cutting import USUAL, Cut
from streams.frames import Codec, Feed, SiteId
from streams.redundancy import redundant

HISTORY = 1000
"""Payloads kept of each lane: about 4 s of video at 2.5 Mbit/s. Policy: the oldest goes. Fewer than
libsrtp's window of 1024 (`aiortc_private`): it refuses to send what is older."""

MAX_KEPT = 250
"""Access units kept since a keyframe. Policy: beyond it newcomers wait for the next one."""
AROUND = sum(USUAL)


class Payload(NamedTuple):
    number: int
    timestamp: int
    """RTP timestamp, 32 bits: program time, the same for every viewer."""
    marker: bool
    public: bool
    data: bytes


class Unit:
    """One access unit or Opus packet, cut, under the numbers of its lane. What each viewer who
    rides in a crew does not need is made when somebody asks."""

    __slots__ = (
        "_bursts",
        "_laid",
        "_payloads",
        "count",
        "key",
        "number",
        "octets",
        "pts",
        "public",
    )

    def __init__(self, packet: Cut, number: int) -> None:
        """`number`: of its first payload."""
        self.pts, self.key, self.public = packet.pts, packet.key, packet.public
        self.number = number
        self._bursts = packet.bursts
        self._laid: dict[tuple[int, int], Sequence[Burst]] | None = None
        self._payloads: tuple[Payload, ...] | None = None
        self.count = self.octets = 0
        """Of its payloads."""
        for burst in packet.bursts:
            self.count += burst.packets
            self.octets += len(burst.octets)
        self.octets -= self.count * AROUND

    @property
    def timestamp(self) -> int:
        return self.pts & 0xFFFFFFFF

    @property
    def payloads(self) -> tuple[Payload, ...]:
        """In order; made once."""
        if self._payloads is None:
            header, _ = USUAL
            parts = [part for burst in self._bursts for part in burst.payloads(header)]
            marked = len(parts) - 1 if self._bursts and self._bursts[-1].marker else -1
            self._payloads = tuple(
                Payload(self.number + place, self.timestamp, place == marked, self.public, part)
                for place, part in enumerate(parts)
            )
        return self._payloads

    def bursts(self, header: int, tag: int) -> Sequence[Burst]:
        """Its packets as they leave, with so many octets around each; laid once for all."""
        if (header, tag) == USUAL:
            return self._bursts
        if self._laid is None:
            self._laid = {}
        laid = self._laid.get((header, tag))
        if laid is None:
            parts, marker = [payload.data for payload in self.payloads], self._bursts[-1].marker
            laid = lay(parts, self.timestamp, header, tag, marker=marker)
            self._laid[header, tag] = laid
        return laid


class Ladder:
    """The renditions of one feed's picture or sound."""

    def __init__(self, codec: Codec, *, shared: bool = True) -> None:
        """`shared`: whether it is for everybody of the room or of the public."""
        self.codec, self.shared = codec, shared
        self.newest_pts = 0
        self._lanes: dict[int, Lane] = {}
        self.served: dict[int, Lane | None] = {}
        """As it is until the next packet, which forgets it: every viewer asks."""

    def lane(self, rendition: int) -> "Lane":
        lane = self._lanes.get(rendition)
        if lane is None:
            lane = self._lanes[rendition] = Lane(self.codec, rendition, self)
        return lane

    def serving(self, rendition: int, pts: int) -> "Lane | None":
        """The lane of that rendition, or of the next larger one that still gets packets."""
        if rendition not in self.served:
            oldest = pts - self.codec.clock_rate
            lanes = self._lanes.items()
            alive = (n for n, lane in lanes if n <= rendition and lane.last_pts > oldest)
            best = max(alive, default=None)
            self.served[rendition] = None if best is None else self._lanes[best]
        return self.served[rendition]

    def dissolve(self) -> None:
        """As of each of its lanes."""
        for lane in self._lanes.values():
            lane.dissolve()


class Lanes:
    """All that is sent, by feed, codec and rendition."""

    def __init__(self) -> None:
        self._ladders: dict[tuple[str, bool], Ladder] = {}
        self._lanes: dict[tuple[str, int, int], Lane] = {}

    def of(self, packet: Cut) -> "Lane":
        """Where it belongs."""
        key = packet.feed, packet.codec.real, packet.rendition  # a member of an enum hashes slowly
        lane = self._lanes.get(key)
        if lane is None:
            shared = packet.feed in (Feed.ROOM, Feed.PUBLIC)
            ladder = self._ladders.setdefault(
                (packet.feed, packet.codec.is_video), Ladder(packet.codec, shared=shared)
            )
            lane = self._lanes[key] = ladder.lane(packet.rendition)
        return lane

    def dissolve(self) -> None:
        """Rights have changed: everybody gets off his crew, and asks for himself."""
        for ladder in self._ladders.values():
            ladder.dissolve()

    def forget(self, is_over: Callable[[SiteId], bool]) -> None:
        """The mixes without their own voice of such sites."""
        over = {feed for feed, _ in self._ladders if (site := Feed.of(feed)) and is_over(site)}
        self._ladders = {key: one for key, one in self._ladders.items() if key[0] not in over}
        self._lanes = {key: lane for key, lane in self._lanes.items() if key[0] not in over}


class Lane:
    def __init__(self, codec: Codec, rendition: int = 0, ladder: Ladder | None = None) -> None:
        self.codec, self.rendition = codec, rendition
        self.ladder = ladder or Ladder(codec)
        self.is_video = codec.is_video
        self.last_pts = 0
        self._history: deque[Unit] = deque()
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

    def put(self, packet: Cut) -> Unit:
        """The packet under numbers of this lane. Few steps: with one viewer they are what it
        costs."""
        unit, ladder, history = Unit(packet, self.next_number), self.ladder, self._history
        self.next_number += unit.count
        self.octets += unit.octets
        self._goes_back = unit.pts <= self.last_pts
        self.last_pts = ladder.newest_pts = unit.pts
        ladder.served.clear()
        if unit.count:
            history.append(unit)
            oldest = self.next_number - HISTORY
            while history[0].number + history[0].count <= oldest:
                history.popleft()
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

    def carry(self, unit: Unit, may_have: tuple[bool, bool], out: Out, now_ns: int) -> None:
        """To all crews of those who may have it: of the public, or of the room."""
        usual = unit.count > 0 and not self._goes_back and not out.congested
        for (room, header, tag), crew in self._crews.items():
            if not crew.riders:
                continue
            if usual and may_have[room]:
                bursts = unit.bursts(header, tag)
                crew.carry(unit.number, unit.count, unit.octets, bursts, out, now_ns)
            else:
                crew.dissolve()
        self.carried = self.next_number, self.octets
        self.carried_pts = unit.pts

    def dissolve(self) -> None:
        """Who may have what has changed: each is asked anew."""
        for crew in self._crews.values():
            crew.dissolve()

    def find(self, number: int) -> Payload | None:
        """A payload that was sent before, if it is still kept. Mostly it is one of the newest."""
        if number < self.next_number - HISTORY:
            return None
        for unit in reversed(self._history):
            if unit.number <= number:
                place = number - unit.number
                return unit.payloads[place] if place < unit.count else None
        return None

    def newest(self, count: int) -> list[Payload]:
        """The last payloads, newest first."""
        backwards = (one for unit in reversed(self._history) for one in reversed(unit.payloads))
        return list(islice(backwards, count))

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
