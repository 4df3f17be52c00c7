"""A unit's packets side by side as they leave, laid once for all viewers. Pure.

What differs from viewer to viewer is a few octets of each header, which are written over a copy
(`streams.downlink.group`), and the encryption, which is done where they lie.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streams.rtp.header import EXTENDED, HEADER, ONE_BYTE_EXTENSIONS

MAX_SEGMENTS = 48
"""In one call; the kernel takes 64, and 64 kB in all."""
MAX_OCTETS = 60_000


class Burst(NamedTuple):
    """Packets that leave by one call: all equally long, the last may be shorter."""

    octets: bytes
    """Headers with what is the same for all, payloads, and room for SRTP's tag after each."""
    packets: int
    segment: int
    """Of all but the last, with the tag; each begins so far after the one before."""
    tag: int
    marker: bool
    """Of the last packet; the others have none."""
    timestamp: int

    @property
    def last(self) -> int:
        """How long the last packet is, without its tag."""
        return len(self.octets) - (self.packets - 1) * self.segment - self.tag

    @property
    def places(self) -> list[tuple[int, int]]:
        """Where each begins, and how long it is without its tag."""
        end = (self.packets - 1) * self.segment
        length = self.segment - self.tag
        return [*((at, length) for at in range(0, end, self.segment)), (end, self.last)]

    def payloads(self, header: int) -> list[bytes]:
        """What lies behind headers so long."""
        return [self.octets[at + header : at + length] for at, length in self.places]


def lay(
    parts: Sequence[bytes], timestamp: int, header: int, tag: int, *, marker: bool
) -> tuple[Burst, ...]:
    """`header`, `tag`: octets around each part; `marker`: of the last packet."""
    groups = list(_groups(parts, header + tag))
    head = _head(timestamp, extended=header == EXTENDED.size)
    last = len(groups) - 1
    return tuple(
        _burst(group, head, tag, marker and place == last, timestamp)
        for place, group in enumerate(groups)
    )


def _head(timestamp: int, *, extended: bool) -> bytes:
    if extended:
        return EXTENDED.pack(0x90, 0, 0, timestamp, 0, ONE_BYTE_EXTENSIONS, 1, 0, 0)
    return HEADER.pack(0x80, 0, 0, timestamp, 0)


def _groups(parts: Sequence[bytes], around: int) -> Iterator[list[bytes]]:
    """As the kernel can cut them: after a shorter one nothing follows, a longer one never fits."""
    group: list[bytes] = []
    first = before = octets = 0
    for part in parts:
        size = len(part)
        fits = size <= before == first and octets + size + around <= MAX_OCTETS
        if group and not (fits and len(group) < MAX_SEGMENTS):
            yield group
            group, octets = [], 0
        first = first if group else size
        before = size
        octets += size + around
        group.append(part)
    if group:
        yield group


def _burst(group: Sequence[bytes], head: bytes, tag: int, marker: bool, timestamp: int) -> Burst:
    room = bytes(tag)
    octets = b"".join((head, (room + head).join(group), room))
    return Burst(octets, len(group), len(head) + len(group[0]) + tag, tag, marker, timestamp)
