"""The one file that touches pylibsrtp's private names; its version is pinned.

Its `protect` copies each packet twice and makes two objects of it. Here packets are encrypted
where they lie.
"""

import struct
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

from pylibsrtp import Error, Session
from pylibsrtp._binding import ffi, lib

from streams.rtp.bursts import MAX_SEGMENTS, Burst
from streams.rtp.header import EXTENDED, HEADER, ONE_BYTE_EXTENSIONS
from streams.udp.sendmmsg import MAX_SENDS, Address

Context = Any
"""libsrtp's own, of one session."""

Stream = tuple[int, int, int]
"""Payload type, SSRC, and the octet before the transport-wide number, 0 without one."""

TRAILER = 144
"""What libsrtp may add to a packet (SRTP_MAX_TRAILER_LEN); usually 10 or 16 octets."""
MAX_PLACES = 64
LONGEST = 2048
"""Octets of a packet that comes in."""
MAX_SOURCES = 64
"""SSRCs of one peer; a browser has some five. libsrtp keeps each for ever, and goes through all of
them for each packet. Policy: of more nothing is heard."""

_protect = lib.srtp_protect
_LENGTHS = struct.Struct("=i")
_PROBE = b"\x80" + bytes(11)


class Destination(NamedTuple):
    """To a peer that has keys."""

    session: Session
    address: Address
    tag: int
    """Octets that encryption adds to a packet."""


def tag_length(session: Session) -> int:
    """How many octets it adds to each packet: what was negotiated decides, and pylibsrtp does not
    tell. Uses up one number of an SSRC that nobody has."""
    return len(session.protect(_PROBE)) - len(_PROBE)


def context_of(session: Session) -> Context:
    """What `protect_same` works with. The session must live as long."""
    return session._srtp[0]


class Workbench:
    """A buffer in which packets are encrypted in place."""

    def __init__(self, size: int) -> None:
        self.octets = bytearray(size)
        self._start = ffi.from_buffer(self.octets)
        self._length = ffi.new("int *")
        lengths = ffi.new("int[]", MAX_SEGMENTS * MAX_SENDS)
        self._told = ffi.buffer(lengths)
        self._lengths = [lengths + place for place in range(MAX_SEGMENTS * MAX_SENDS)]
        """Where libsrtp finds how long each packet is: made once, for there are many."""
        self._places: dict[int, list[Any]] = {}
        """Where it finds them, by how far they lie apart."""

    def protect_same(self, contexts: Sequence[Context], burst: Burst, stride: int) -> list[int]:
        """Encrypts a burst for up to `MAX_SENDS`, whose copies begin `stride` octets after each
        other: one packet's length for each packet. For whom it failed."""
        count, many = burst.packets, len(contexts)
        lengths = _LENGTHS.pack(burst.segment - burst.tag) * (count - 1) + _LENGTHS.pack(burst.last)
        self._told[: len(lengths) * many] = lengths * many
        step = stride // count
        places = self._places.get(step) or self._learn(step)
        each = chain.from_iterable(map(repeat, contexts, repeat(count)))
        statuses = [*map(_protect, each, places, self._lengths)]
        if not any(statuses):
            return []
        return sorted({place // count for place, status in enumerate(statuses) if status})

    def _learn(self, step: int) -> list[Any]:
        """Where packets begin that lie so far apart. Pictures' are nearly always equally long."""
        if len(self._places) >= MAX_PLACES:
            self._places.clear()
        places = [self._start + at for at in range(0, len(self.octets) - TRAILER, step)]
        self._places[step] = places
        return places

    def seal(
        self, context: Context, burst: Burst, number: int, transport: int, stream: Stream
    ) -> bool:
        """Writes a burst for one and encrypts it; whether it did not fail. For a few that costs
        less than by columns (`Group.write`): numpy is a lot of code to wake up."""
        data, packets, segment, tag, marker, timestamp = burst
        kind, ssrc, extension = stream
        octets, length, protect = self.octets, self._length, _protect
        size, at, told = len(data), 0, segment - tag
        octets[:size] = data
        step = segment if packets > 1 else LONGEST
        places = self._places.get(step) or self._learn(step)
        for place in places[:packets]:
            packets -= 1
            if not packets:
                told = size - at - tag
                kind |= marker << 7
            if extension:
                EXTENDED.pack_into(
                    octets, at, 0x90, kind, number & 0xFFFF, timestamp, ssrc,
                    ONE_BYTE_EXTENSIONS, 1, extension, transport & 0xFFFF,
                )  # fmt: skip
            else:
                HEADER.pack_into(octets, at, 0x80, kind, number & 0xFFFF, timestamp, ssrc)
            length[0] = told
            if protect(context, place, length):
                return False
            number += 1
            transport += 1
            at += segment
        return True

    def protect(self, session: Session, at: int, size: int) -> int:
        """Encrypts the RTP packet of `size` octets at `at`; how long it is now. There must be room
        for `TRAILER` octets more. Raises `pylibsrtp.Error`."""
        length = self._length
        length[0] = size
        status = lib.srtp_protect(session._srtp[0], self._start + at, length)
        if status != lib.srtp_err_status_ok:
            raise Error(f"SRTP refuses a packet: status {status}")
        result: int = length[0]
        return result


class Opening:
    """The receiving half of a session: decrypts without making anything but the result."""

    def __init__(self, session: Session) -> None:
        self._session = session  # keeps the context alive
        self._context = context_of(session)
        self._octets = bytearray(LONGEST)
        self._start = ffi.from_buffer(self._octets)
        self._length = ffi.new("int *")
        self._sources = set[bytes]()
        """Whose packets were genuine."""

    def unprotect(self, packet: bytes) -> bytes:
        """An RTP packet. Raises `pylibsrtp.Error` for what is forged, replayed or too long, or of
        one source too many."""
        return self._open(packet, packet[8:12], lib.srtp_unprotect)

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        """A report. Raises as `unprotect` does."""
        return self._open(packet, packet[4:8], lib.srtp_unprotect_rtcp)

    def _open(self, packet: bytes, source: bytes, open_in_place: Callable[..., int]) -> bytes:
        octets, length, sources = self._octets, self._length, self._sources
        known = source in sources
        if not known and len(sources) >= MAX_SOURCES:
            raise Error("a source too many")
        size = length[0] = len(packet)
        if size > LONGEST:
            raise Error("a packet longer than any")
        octets[:size] = packet
        status = open_in_place(self._context, self._start, length)
        if status:
            raise Error(f"no packet of this session: status {status}")
        if not known:
            sources.add(source)
        result: bytes = ffi.unpack(self._start, length[0])
        return result
