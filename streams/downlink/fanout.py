"""One program → many viewers: each packet is numbered and kept once.

A `Lane` is one rendition of a feed's picture or sound. It numbers its payloads; a viewer's sequence
numbers are these plus an offset of his own, so that one history answers everybody's NACKs.
"""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from streams.downlink.group import Group
from streams.frames import Codec, Feed, SiteId
from streams.rtp.bursts import Burst, lay
from streams.rtp.packetise import USUAL, Packetised
from streams.rtp.red import redundant
from streams.udp.many import Out

HISTORY = 1000
"""Payloads kept of each lane: about 4 s of video at 2.5 Mbit/s. Policy: the oldest goes. Fewer than
libsrtp's window of 1024 (`aiortc_private`): it refuses to send what is older."""

MAX_KEPT = 250
"""Access units kept since a keyframe. Policy: beyond it newcomers wait for the next one."""
AROUND = sum(USUAL)
_new = tuple.__new__
"""A named tuple without a step of Python, where there are many."""


class Payload(NamedTuple):
    number: int
    timestamp: int
    """RTP timestamp, 32 bits: program time, the same for every viewer."""
    marker: bool
    public: bool
    data: bytes


class Unit(NamedTuple):
    """One access unit or Opus packet, packetised, under the numbers of its lane. What nobody in a
    group needs is made when somebody asks."""

    number: int
    """Of its first payload."""
    packets: int
    octets: int
    """Of its payloads."""
    pts: int
    key: bool
    public: bool
    laid: tuple[Burst, ...]
    """For `USUAL`."""
    made: dict[tuple[int, int], Sequence[Burst]]
    """For others, and what `payloads` made of it, when somebody asked."""
    kept: list[tuple[Payload, ...]]

    @property
    def timestamp(self) -> int:
        return self.pts & 0xFFFFFFFF

    @property
    def payloads(self) -> tuple[Payload, ...]:
        """In order; made once."""
        if not self.kept:
            header, _ = USUAL
            parts = [part for burst in self.laid for part in burst.payloads(header)]
            marked = len(parts) - 1 if self.laid and self.laid[-1].marker else -1
            self.kept.append(
                tuple(
                    Payload(self.number + place, self.timestamp, place == marked, self.public, part)
                    for place, part in enumerate(parts)
                )
            )
        return self.kept[0]

    def payload(self, place: int) -> Payload:
        """One of them. Mostly nobody asks for the others."""
        if self.kept:
            return self.kept[0][place]
        header, tag = USUAL
        within = place
        for burst in self.laid:
            if within < burst.packets:
                break
            within -= burst.packets
        at = within * burst.segment
        data = burst.octets[at + header : min(at + burst.segment, len(burst.octets)) - tag]
        marker = burst.marker and within == burst.packets - 1
        return Payload(self.number + place, burst.timestamp, marker, self.public, data)

    def bursts(self, header: int, tag: int) -> Sequence[Burst]:
        """Its packets as they leave, with so many octets around each; laid once for all."""
        if (header, tag) == USUAL:
            return self.laid
        laid = self.made.get((header, tag))
        if laid is None:
            parts, marker = [payload.data for payload in self.payloads], self.laid[-1].marker
            laid = lay(parts, self.timestamp, header, tag, marker=marker)
            self.made[header, tag] = laid
        return laid


class Ladder:
    """The renditions of one feed's picture or sound."""

    def __init__(self, codec: Codec, *, shared: bool = True) -> None:
        """`shared`: whether it is nobody's own."""
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


class Lanes(dict[tuple[str, int, int], "Lane"]):
    """All that is sent, by feed, codec (its number: members of an enum hash slowly) and rendition.
    There is a lane wherever one looks."""

    def __init__(self) -> None:
        self._ladders: dict[tuple[str, bool], Ladder] = {}

    def __missing__(self, key: tuple[str, int, int]) -> "Lane":
        feed, number, rendition = key
        codec, shared = Codec(number), Feed.of(feed) is None
        of_its_kind = feed, codec.is_video
        ladder = self._ladders.setdefault(of_its_kind, Ladder(codec, shared=shared))
        lane = self[key] = ladder.lane(rendition)
        return lane

    def dissolve(self) -> None:
        """Rights have changed: everybody leaves his group, and is asked for alone."""
        for ladder in self._ladders.values():
            ladder.dissolve()

    def forget(self, is_over: Callable[[SiteId], bool]) -> None:
        """The mixes without their own voice of such sites."""
        over = {feed for feed, _ in self._ladders if (site := Feed.of(feed)) and is_over(site)}
        self._ladders = {key: one for key, one in self._ladders.items() if key[0] not in over}
        for key in [key for key in self if key[0] in over]:
            del self[key]


class Lane:
    def __init__(self, codec: Codec, rendition: int = 0, ladder: Ladder | None = None) -> None:
        self.codec, self.rendition = codec, rendition
        self.ladder = ladder or Ladder(codec)
        self.is_video = codec.is_video
        self.last_pts = 0
        self._history: deque[Unit] = deque()
        self.next_number = self.octets = 0
        """Of all payloads so far."""
        self.grouped = (0, 0)
        self.grouped_pts = 0
        """`next_number` and `octets` as of the last unit that groups have got."""
        self._goes_back = False
        """The studio's time began anew, and each viewer sees to it that he gets nothing twice."""
        self._groups: dict[tuple[bool, int, int], Group] = {}
        self.since_key: list[Unit] = []
        """The newest keyframe and all that came after it; empty while that is too much."""
        self._redundant: dict[int, tuple[int, bytes]] = {}

    def put(self, packet: Packetised) -> Unit:
        """The packet under numbers of this lane. Few steps: with one viewer they are what it
        costs."""
        _, _, pts, key, public, _, bursts = packet
        number, count, octets = self.next_number, 0, 0
        for burst in bursts:
            count += burst[1]
            octets += len(burst[0])
        octets -= count * AROUND
        unit = _new(Unit, (number, count, octets, pts, key, public, bursts, {}, []))
        self.next_number = end = number + count
        self.octets += octets
        self._goes_back = pts <= self.last_pts
        ladder, history = self.ladder, self._history
        self.last_pts = ladder.newest_pts = pts
        ladder.served.clear()
        if count:
            history.append(unit)
            while history[0][0] + history[0][1] <= end - HISTORY:
                history.popleft()
        if self.is_video:
            kept = self.since_key
            if key:
                self.since_key = [unit]
            elif len(kept) >= MAX_KEPT:
                self.since_key = []
            elif kept:
                kept.append(unit)
        return unit

    @property
    def is_served(self) -> bool:
        """It still gets packets, as others of its ladder do."""
        return self.last_pts > self.ladder.newest_pts - self.codec.clock_rate

    def group(self, header: int, tag: int, *, room: bool) -> Group:
        """Of those who take all of this lane, with so many octets around each payload."""
        key = room, header, tag
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(header, tag, video=self.is_video)
        return group

    def send_to_groups(
        self, unit: Unit, may_have: tuple[bool, bool], out: Out, now_ns: int
    ) -> None:
        """To all groups of those who may have it: of the public, or of the room."""
        number, count, octets, pts, _, _, laid, _, _ = unit
        usual = count > 0 and not self._goes_back and not out.congested
        for (room, header, tag), group in self._groups.items():
            if not group.members:
                continue
            if not usual or not may_have[room]:
                group.dissolve()
                continue
            bursts = laid if group.usual else unit.bursts(header, tag)
            group.send(number, count, octets, bursts, out, now_ns)
        self.grouped = self.next_number, self.octets
        self.grouped_pts = pts

    def dissolve(self) -> None:
        """Who may have what has changed: each is asked anew."""
        for group in self._groups.values():
            group.dissolve()

    def find(self, number: int) -> Payload | None:
        """A payload that was sent before, if it is still kept. Mostly it is one of the newest."""
        if number < self.next_number - HISTORY:
            return None
        for unit in reversed(self._history):
            if unit.number <= number:
                place = number - unit.number
                return unit.payload(place) if place < unit.packets else None
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
