"""Viewers that take all of a lane, served together: one call does for all of them what would be a
call for each, and only the encryption is left for each.

A viewer rides in a crew while nothing is special about him: his line takes the rendition that he
follows, as it is. Whatever changes that puts him on his own feet (`streams.viewer`).
"""

from collections.abc import Sequence
from operator import add, attrgetter
from typing import Any, NamedTuple, Protocol

import numpy as np
from pylibsrtp import Session

from streams.batch import Address, Names
from streams.bursts import MAX_SEGMENTS, Burst
from streams.cutting import USUAL
from streams.numbers import Log, Numbers
from streams.pacer import Pacer
from streams.renditions import WIRE_OCTETS
from streams.rtp import EXTENDED, HEADER, MARKER
from streams.srtp import Context, Stream, context_of

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
_STEPS = np.arange(MAX_SEGMENTS)


class Way(NamedTuple):
    """To a peer that has keys."""

    session: Session
    address: Address
    tag: int
    """Octets that encryption adds to a packet."""


class Passenger(Protocol):
    """Who rides."""

    numbers: Numbers
    pacer: Pacer[Any]

    def get_off(self, *, video: bool) -> None:
        """From this unit on he is served alone."""


class Rider(NamedTuple):
    """One viewer's stream."""

    passenger: Passenger
    way: Way
    kind: int
    """Payload type."""
    ssrc: int
    extension: int
    """The octet before the transport-wide number; 0 without one."""
    offset: int
    """From the lane's payload numbers to his sequence numbers."""


class Out(Protocol):
    """Who encrypts and sends."""

    @property
    def congested(self) -> bool:
        """The kernel takes no more for now."""
        ...

    def send_same(self, burst: Burst, crew: "Crew", before: int) -> None:
        """The burst to everybody in the crew; `before`: packets of the same unit that went."""


class Crew:
    """Those of a lane's riders whose packets are equally long. `carry` is the hot path."""

    def __init__(self, header: int, tag: int, *, video: bool) -> None:
        self.header, self.tag = header, tag
        self.usual = (header, tag) == USUAL
        self._video = video
        self._heads = PLAIN if header == HEADER.size else WITH_EXTENSION
        self.riders: list[Rider] = []
        self.seated: list[Rider] = []
        """As the columns have them."""
        self._logs: dict[Crew | None, Log] = {}
        self._log_of: list[Log] = []
        self._logs_here: list[Log] = []
        self._shifts: list[int] = []
        self._places: dict[Passenger, int] = {}
        self._changed = False
        self.number = 0
        """Of the unit's first payload."""
        self.transports: list[int] = []
        """Each rider's number of the same packet."""
        self.offsets: list[int] = []
        self.streams: list[Stream] = []
        self.addresses: list[Address] = []
        self.contexts: list[Context] = []
        self.names: Names | None = None
        """Of the addresses, as whoever sends has them; None after a change."""

    def join(self, rider: Rider) -> None:
        self.riders.append(rider)
        self._changed = True

    def leave(self, rider: Rider) -> None:
        self.riders = [one for one in self.riders if one is not rider]
        self._changed = True

    def log(self, other: "Crew | None") -> Log:
        """Of those who ride in the other one as well; None: in no other."""
        return self._logs.setdefault(other, Log())

    def reseat(self, passenger: Passenger) -> None:
        """His log or his shift is another."""
        place, numbers = self._places.get(passenger), passenger.numbers
        if place is None or self._log_of[place] is not numbers.log:
            self._changed = True
        else:
            self._shifts[place] = numbers.shift

    def dissolve(self) -> None:
        """Everybody gets off."""
        for rider in list(self.riders):
            rider.passenger.get_off(video=self._video)

    def carry(
        self, number: int, count: int, octets: int, bursts: Sequence[Burst], out: Out, now_ns: int
    ) -> None:
        """A unit, to everybody: its first payload's number, how many, their octets, and its packets
        as they leave."""
        octets += count * (self.header + self.tag)
        if self._video:
            for rider in self.riders:
                if rider.passenger.pacer.rate_bps is not None:
                    self._hold_back(octets, now_ns)
                    break
        if self._changed:
            self._settle()
        if not self.seated:
            return
        octets += count * WIRE_OCTETS
        self.number = number
        self.transports = [*map(add, map(_NUMBER, self._log_of), self._shifts)]
        for log in self._logs_here:
            first = log.number
            log.number = end = first + count
            log.runs.append((first, end, octets, now_ns))
        before = 0
        for burst in bursts:
            out.send_same(burst, self, before)
            before += burst.packets

    def _hold_back(self, octets: int, now_ns: int) -> None:
        """Whose line wants large pictures spread over time is served alone with this one."""
        for rider in self.riders[:]:
            pacer = rider.passenger.pacer
            if pacer.rate_bps is not None and not pacer.admits(octets, now_ns):
                rider.passenger.get_off(video=True)

    def _settle(self) -> None:
        """What `press` needs of the riders, as columns."""
        riders = self.seated = self.riders[:]
        self._changed = False
        passengers = [rider.passenger for rider in riders]
        self._places = {passenger: place for place, passenger in enumerate(passengers)}
        numbers = [passenger.numbers for passenger in passengers]
        self._shifts = [one.shift for one in numbers]
        self._log_of = [one.log for one in numbers if one.log is not None]
        self._logs_here = list(dict.fromkeys(self._log_of))
        self._offsets = np.array([rider.offset for rider in riders], np.int64)
        self._kinds = np.array([[rider.kind] for rider in riders], np.uint8)
        self._ssrcs = np.array([[rider.ssrc] for rider in riders], np.uint32)
        self._extensions = np.array([[rider.extension] for rider in riders], np.uint8)
        self.offsets = [rider.offset for rider in riders]
        self.streams = [(rider.kind, rider.ssrc, rider.extension) for rider in riders]
        self.addresses = [rider.way.address for rider in riders]
        self.contexts = [context_of(rider.way.session) for rider in riders]
        self.names = None

    def refuse(self, place: int) -> None:
        """SRTP takes no more packets of this one; alone he will hear why."""
        self.seated[place].passenger.get_off(video=self._video)

    def press(self, octets: bytearray, burst: Burst, before: int, part: slice, stride: int) -> None:
        """Writes the burst for a part of the crew, each `stride` octets after the one before."""
        transports = np.array(self.transports[part])[:, None] + before
        numbers = self._offsets[part, None] + (self.number + before)
        size, shape = len(burst.octets), (len(transports), burst.packets)
        copies = np.ndarray((shape[0], size), np.uint8, octets, 0, (stride, 1))
        copies[:] = np.frombuffer(burst.octets, np.uint8)
        heads = np.ndarray(shape, self._heads, octets, 0, (stride, burst.segment))
        steps = _STEPS[: shape[1]]
        heads["second"] = self._kinds[part]
        if burst.marker:
            heads["second"][:, -1] |= MARKER
        heads["ssrc"] = self._ssrcs[part]
        heads["number"] = numbers + steps
        if self._heads is WITH_EXTENSION:
            heads["extension"] = self._extensions[part]
            heads["transport"] = transports + steps
