"""Which packets are asked for again: generic NACKs (RFC 4585 6.2.1), written and read. Pure."""

import struct
from collections.abc import Iterable

_ITEM = struct.Struct("!HH")
FOLLOWING = 16
"""Numbers after the first of an item that it can name too, a bit for each."""


def written(lost: Iterable[int]) -> bytes:
    """Of such sequence numbers (16 bits, which wrap): the shorter, the more they rise."""
    items: list[tuple[int, int]] = []
    for number in lost:
        first, more = items[-1] if items else (number, 0)
        bit = (number - first - 1) & 0xFFFF
        if items and bit < FOLLOWING:
            items[-1] = first, more | 1 << bit
        else:
            items.append((number, 0))
    return b"".join(_ITEM.pack(*item) for item in items)


def read(fci: bytes) -> list[int]:
    """The sequence numbers; half an item at the end is none."""
    lost: list[int] = []
    for at in range(0, len(fci) - _ITEM.size + 1, _ITEM.size):
        first, more = _ITEM.unpack_from(fci, at)
        lost.append(first)
        lost += (first + bit + 1 & 0xFFFF for bit in range(FOLLOWING) if more >> bit & 1)
    return lost
