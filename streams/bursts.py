"""A unit's packets side by side as they leave, laid once for all viewers. Pure.

What differs from viewer to viewer is 12 or 20 octets of header, which are written over a copy, and
the encryption, which is done where they lie.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from streams.rtp import HEADER, ONE_BYTE_EXTENSIONS

MAX_SEGMENTS = 48
"""In one call; the kernel takes 64, and 64 kB in all."""
MAX_OCTETS = 60_000

_EXTENDED = struct.Struct("!BBHIIHHBHx")
"""With one extension of two octets (RFC 8285 4.2), padded."""
MARKER = 0x80


@dataclass(frozen=True, slots=True)
class Burst:
    """Packets that leave by one call: all equally long, the last may be shorter."""

    octets: bytes
    """Payloads, with room for a header before and SRTP's tag after each."""
    packets: tuple[tuple[int, int, int], ...]
    """Where each begins, how long it is without its tag, and its marker bit (0 or `MARKER`)."""
    segment: int
    """Of all but the last, with the tag."""


Lay = Callable[[int, int], Sequence[Burst]]
"""(octets before each payload, octets after it) → the packets laid so."""


def lay(payloads: Sequence[tuple[bytes, bool]], header: int, tag: int) -> tuple[Burst, ...]:
    """`payloads`: data and marker of each; `header`, `tag`: octets around each."""
    return tuple(_burst(group, header, tag) for group in _groups(payloads, header + tag))


def _groups(
    payloads: Sequence[tuple[bytes, bool]], around: int
) -> Iterator[list[tuple[bytes, bool]]]:
    """As the kernel can cut them: after a shorter one nothing follows, a longer one never fits."""
    group: list[tuple[bytes, bool]] = []
    first = before = octets = 0
    for payload in payloads:
        size = len(payload[0])
        fits = size <= before == first and octets + size + around <= MAX_OCTETS
        if group and not (fits and len(group) < MAX_SEGMENTS):
            yield group
            group, octets = [], 0
        first = first if group else size
        before = size
        octets += size + around
        group.append(payload)
    if group:
        yield group


def _burst(group: Sequence[tuple[bytes, bool]], header: int, tag: int) -> Burst:
    octets, packets = bytearray(), list[tuple[int, int, int]]()
    for data, marker in group:
        packets.append((len(octets), header + len(data), MARKER if marker else 0))
        octets += bytes(header) + data + bytes(tag)
    return Burst(bytes(octets), tuple(packets), packets[0][1] + tag)


class Stamp:
    """The headers of one viewer's stream. `number`, `timestamp` and `transport` are those of the
    next packet; the first two wrap by themselves when they are written."""

    __slots__ = ("_extension", "_kind", "_ssrc", "number", "size", "timestamp", "transport")

    def __init__(self, payload_type: int, ssrc: int, extension: int | None) -> None:
        """`extension`: the id of the transport-wide number, where that was agreed on."""
        self._kind, self._ssrc = payload_type, ssrc
        self._extension = None if extension is None else extension << 4 | 1
        self.size = HEADER.size if extension is None else _EXTENDED.size
        """Of each header."""
        self.number = self.timestamp = self.transport = 0

    def press(self, octets: bytearray, base: int, packets: Sequence[tuple[int, int, int]]) -> None:
        """Writes the header of each packet of a burst that lies at `base`, and counts on."""
        kind, ssrc, number, transport = self._kind, self._ssrc, self.number, self.transport
        timestamp, extension = self.timestamp & 0xFFFFFFFF, self._extension
        for offset, _, marker in packets:
            at = base + offset
            if extension is None:
                HEADER.pack_into(octets, at, 0x80, kind | marker, number & 0xFFFF, timestamp, ssrc)
            else:
                _EXTENDED.pack_into(
                    octets, at, 0x90, kind | marker, number & 0xFFFF, timestamp, ssrc,
                    ONE_BYTE_EXTENSIONS, 1, extension, transport & 0xFFFF,
                )  # fmt: skip
            number += 1
            transport += 1
        self.number, self.transport = number, transport
