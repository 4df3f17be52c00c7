"""Viewers that take all of a lane, served together: one call does for all of them what would be a
call for each, and only the encryption is left for each.

A viewer is in a group while nothing is special about him: his line takes the rendition that he
follows, as it is. Whatever changes that puts him on his own feet (`streams.downlink.viewer`).
"""

from collections.abc import Sequence
from operator import add, attrgetter
from typing import Any, NamedTuple, Protocol

import numpy as np

from streams.bandwidth.renditions import WIRE_OCTETS
from streams.bandwidth.sent import Log, Sent
from streams.downlink.pacer import Pacer
from streams.rtp.bursts import MAX_SEGMENTS, Burst
from streams.rtp.header import EXTENDED, HEADER, MARKER
from streams.rtp.packetise import USUAL
from streams.udp.many import Out
from streams.udp.sendmmsg import Address, Sends
from streams.udp.srtp import Context, Destination, Stream, context_of

_FIELDS = [
    ("first", "u1"),
    ("second", "u1"),
    ("number", ">u2"),
    ("timestamp", ">u4"),
    ("ssrc", ">u4"),
]
PLAIN = np.dtype(_FIELDS)
WITH_EXTENSION = np.dtype(
    [
        *_FIELDS,
        ("profile", ">u2"),
        ("words", ">u2"),
        ("extension", "u1"),
        ("transport", ">u2"),
        ("padding", "u1"),
    ]
)
assert PLAIN.itemsize == HEADER.size
assert WITH_EXTENSION.itemsize == EXTENDED.size

_NUMBER = attrgetter("number")
_NUMBERS = np.arange((1 << 16) + MAX_SEGMENTS).astype(np.uint16)
_MARKERS = np.array([0] * (MAX_SEGMENTS - 1) + [MARKER], np.uint8)
"""Of packets that end with the last one here."""


class Subscriber(Protocol):
    """A viewer, as his groups see him."""

    sent: Sent
    pacer: Pacer[Any]

    def leave_group(self, *, video: bool) -> None:
        """From this unit on he is served alone."""


class Member(NamedTuple):
    """One viewer's stream."""

    subscriber: Subscriber
    destination: Destination
    kind: int
    """Payload type."""
    ssrc: int
    extension: int
    """The octet before the transport-wide number; 0 without one."""
    offset: int
    """From the lane's payload numbers to his sequence numbers."""


class Group:
    """Those of a lane's members whose packets are equally long. `send` is the hot path."""

    def __init__(self, header: int, tag: int, *, video: bool) -> None:
        self.header, self.tag = header, tag
        self.usual = (header, tag) == USUAL
        self._video = video
        self._heads = PLAIN if header == HEADER.size else WITH_EXTENSION
        self._told = header != HEADER.size
        """Whether its packets have transport-wide numbers."""
        self.members: dict[Subscriber, Member] = {}
        self._paced: set[Subscriber] = set()
        """Whose lines want large pictures spread over time."""
        self.rows: list[Subscriber] = []
        """As the columns have them."""
        self._logs: dict[Group | None, Log] = {}
        self._log_of: list[Log] = []
        self._logs_here: list[Log] = []
        self._places: dict[Subscriber, int] = {}
        self._changed = False
        self.number = 0
        """Of the unit's first payload."""
        self.log_numbers: list[int] = []
        self.shifts: list[int] = []
        """Their sum is each member's transport-wide number of the same packet."""
        self.offsets: list[int] = []
        self.streams: list[Stream] = []
        self.addresses: list[Address] = []
        self.contexts: list[Context] = []
        self._columns: _Columns | None = None
        self.sends: Sends | None = None
        """To the addresses, as whoever sends has them; None after a change."""

    def join(self, member: Member) -> None:
        self.members[member.subscriber] = member
        self.pace(member.subscriber)
        self._changed = True

    def pace(self, subscriber: Subscriber) -> None:
        """The rate of his pacer is another."""
        if subscriber.pacer.rate_bps is None:
            self._paced.discard(subscriber)
        else:
            self._paced.add(subscriber)

    def leave(self, member: Member) -> None:
        del self.members[member.subscriber]
        self._paced.discard(member.subscriber)
        self._changed = True

    def log(self, other: "Group | None") -> Log:
        """Of those who are in the other one as well; None: in no other."""
        return self._logs.setdefault(other, Log())

    def renumber(self, subscriber: Subscriber) -> None:
        """His log or his shift is another."""
        place, sent = self._places.get(subscriber), subscriber.sent
        if place is None or self._log_of[place] is not sent.log:
            self._changed = True
        else:
            self.shifts[place] = sent.shift
            if self._columns is not None:
                self._columns.transports[place] = _from(sent.shift)

    def dissolve(self) -> None:
        """Everybody leaves, and is served alone."""
        for subscriber in [*self.members]:
            subscriber.leave_group(video=self._video)

    def send(
        self, number: int, count: int, octets: int, bursts: Sequence[Burst], out: Out, now_ns: int
    ) -> None:
        """A unit, to everybody: its first payload's number, how many, their octets, and its packets
        as they leave."""
        octets += count * (self.header + self.tag)
        if self._paced and self._video:
            self._hold_back(octets, now_ns)
        if self._changed:
            self._settle()
        if not self.rows:
            return
        octets += count * WIRE_OCTETS
        self.number = number
        logs = self._logs_here
        if len(logs) == 1:
            self.log_numbers = [logs[0].number] * len(self._log_of)
        else:
            self.log_numbers = [*map(_NUMBER, self._log_of)]
        numbers = count if self._told else 0
        for log in logs:
            log.note(numbers, octets, now_ns)
        before = 0
        for burst in bursts:
            out.send_same(burst, self, before)
            before += burst.packets

    def _hold_back(self, octets: int, now_ns: int) -> None:
        """With a large picture they are served alone."""
        for subscriber in [*self._paced]:
            if not subscriber.pacer.admits(octets, now_ns):
                subscriber.leave_group(video=True)

    def _settle(self) -> None:
        """What those who send need of the members."""
        members = [*self.members.values()]
        subscribers = self.rows = [*self.members]
        self._changed = False
        self._places = {subscriber: place for place, subscriber in enumerate(subscribers)}
        sent = [subscriber.sent for subscriber in subscribers]
        self.shifts = [one.shift for one in sent]
        self._log_of = [one.log for one in sent if one.log is not None]
        self._logs_here = list(dict.fromkeys(self._log_of))
        self.offsets = [member.offset for member in members]
        self.streams = [(member.kind, member.ssrc, member.extension) for member in members]
        self.addresses = [member.destination.address for member in members]
        self.contexts = [context_of(member.destination.session) for member in members]
        self._columns = self.sends = None

    def refuse(self, place: int) -> None:
        """SRTP takes no more packets of this one; alone he will hear why."""
        self.rows[place].leave_group(video=self._video)

    def write(self, octets: bytearray, burst: Burst, before: int, part: slice, stride: int) -> None:
        """Writes the burst for a part of the group, each `stride` octets after the one before."""
        columns = self._columns
        if columns is None:
            members = [*self.members.values()]
            columns = self._columns = _Columns(members, self.shifts)
        size, packets = len(burst.octets), burst.packets
        shape = len(self.rows[part]), packets
        copies = np.ndarray((shape[0], size), np.uint8, octets, 0, (stride, 1))
        copies[:] = np.frombuffer(burst.octets, np.uint8)
        heads = np.ndarray(shape, self._heads, octets, 0, (stride, burst.segment))
        heads["second"] = columns.seconds[burst.marker][part, -packets:]
        heads["ssrc"] = columns.ssrcs[part]
        heads["number"] = columns.numbers[part, :packets] + (self.number + before & 0xFFFF)
        if self._heads is WITH_EXTENSION:
            first, transports = self.log_numbers[0], columns.transports
            if len(self._logs_here) > 1:
                first, transports = 0, _counted([*map(add, self.log_numbers, self.shifts)])
            heads["extension"] = columns.extensions[part]
            heads["transport"] = transports[part, :packets] + (first + before & 0xFFFF)


class _Columns:
    """What the headers of a group's packets have of each member: a row for each."""

    def __init__(self, members: Sequence[Member], shifts: Sequence[int]) -> None:
        kinds = np.array([[member.kind] for member in members], np.uint8)
        self.seconds = kinds, kinds | _MARKERS
        """Of packets without a marker, and of some of which the last has one."""
        self.ssrcs = np.array([[member.ssrc] for member in members], np.uint32)
        self.extensions = np.array([[member.extension] for member in members], np.uint8)
        self.numbers = _counted([member.offset for member in members])
        self.transports = _counted(shifts)
        """Of numbers that count from 0, as are the lane's and the log's."""


def _counted(firsts: Sequence[int]) -> Any:
    """From each of these `MAX_SEGMENTS` numbers on, of 16 bits."""
    return (np.array(firsts, np.int64)[:, None] + _NUMBERS[:MAX_SEGMENTS]).astype(np.uint16)


def _from(first: int) -> Any:
    """`MAX_SEGMENTS` numbers of 16 bits, without a step of arithmetic."""
    first &= 0xFFFF
    return _NUMBERS[first : first + MAX_SEGMENTS]
