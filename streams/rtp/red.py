"""Sound sent twice: each packet carries the one before it as well (RED, RFC 2198). Pure.

One lost packet in a row is restored from the next, without asking and without waiting longer.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from streams.rtp.packetise import MAX_PAYLOAD

MAX_OFFSET, MAX_LENGTH = (1 << 14) - 1, (1 << 10) - 1
"""What fits into the header of a redundant block."""
_BLOCK = struct.Struct("!I")
AROUND = _BLOCK.size + 1
"""Octets around both."""
_MORE = 1 << 31


class Sound(NamedTuple):
    """What one packet carries."""

    data: bytes
    earlier: Sequence[tuple[int, bytes]]
    """(by how much earlier, in RTP time; data) of the packets before, the oldest first; what
    could not be repeated is empty."""


def redundant(
    payload_type: int, earlier: tuple[int, bytes] | None, timestamp: int, data: bytes
) -> bytes:
    """`data` and, where it fits, `earlier`: (RTP timestamp, data) of the packet before.
    `payload_type`: what both are."""
    if earlier is None:
        return bytes((payload_type,)) + data
    offset, length = (timestamp - earlier[0]) & 0xFFFFFFFF, len(earlier[1])
    too_long = length > MAX_LENGTH or length + len(data) > MAX_PAYLOAD - AROUND
    if offset > MAX_OFFSET or too_long:
        return bytes((payload_type,)) + data
    head = _BLOCK.pack(_MORE | payload_type << 24 | offset << 10 | length)
    return b"".join((head, bytes((payload_type,)), earlier[1], data))


def taken_apart(payload: bytes) -> Sound:
    """Raises `ValueError` on what is no such packet."""
    lengths: list[tuple[int, int]] = []
    at = 0
    while at < len(payload) and payload[at] & 0x80:
        if at + _BLOCK.size > len(payload):
            raise ValueError("the header of redundant sound is cut off")
        (head,) = _BLOCK.unpack_from(payload, at)
        lengths.append((head >> 10 & MAX_OFFSET, head & MAX_LENGTH))
        at += _BLOCK.size
    at = min(at + 1, len(payload))
    if at + sum(length for _, length in lengths) > len(payload):
        raise ValueError("redundant sound is shorter than its header says")
    earlier: list[tuple[int, bytes]] = []
    for offset, length in lengths:
        earlier.append((offset, payload[at : at + length]))
        at += length
    return Sound(payload[at:], earlier)
