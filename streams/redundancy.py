"""Sound sent twice: each packet carries the one before it as well (RED, RFC 2198). Pure.

One lost packet in a row is restored from the next, without asking and without waiting longer.
"""

import struct

MAX_OFFSET, MAX_LENGTH = (1 << 14) - 1, (1 << 10) - 1
"""What fits into the header of a redundant block."""
_BLOCK = struct.Struct("!I")


def redundant(
    payload_type: int, earlier: tuple[int, bytes] | None, timestamp: int, data: bytes
) -> bytes:
    """`data` and, where it fits, `earlier`: (RTP timestamp, data) of the packet before.
    `payload_type`: what both are."""
    if earlier is None:
        return bytes((payload_type,)) + data
    offset, length = (timestamp - earlier[0]) & 0xFFFFFFFF, len(earlier[1])
    if offset > MAX_OFFSET or length > MAX_LENGTH:
        return bytes((payload_type,)) + data
    head = _BLOCK.pack(1 << 31 | payload_type << 24 | offset << 10 | length)
    return b"".join((head, bytes((payload_type,)), earlier[1], data))
