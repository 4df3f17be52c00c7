"""What we need of an RTP header (RFC 3550 5.1), read without making an object of every packet."""

import struct
from typing import NamedTuple

HEADER = struct.Struct("!BBHII")
ONE_BYTE_EXTENSIONS = 0xBEDE
EXTENDED = struct.Struct("!BBHIIHHBHx")
"""A header with one extension of two octets (RFC 8285 4.2), padded."""
EXTENDED_ONLY = b"\x90"
"""Its first octet: no padding, no contributing sources. What a site sends begins with it."""
MARKER = 0x80
RTCP_HEADER = struct.Struct("!BBHI")
"""And whom the report is from (RFC 3550 6.4)."""


class Unwrapper:
    """Counters of `bits` that wrap → counters that do not. Takes any order within half a turn."""

    def __init__(self, bits: int) -> None:
        self._turn = 1 << bits
        self._half, self._mask = self._turn >> 1, self._turn - 1
        self.last: int | None = None
        """The furthest so far."""

    def __call__(self, value: int) -> int:
        last = self.last
        if last is None:
            self.last = value
            return value
        ahead = value - last & self._mask
        if ahead >= self._half:
            return last + ahead - self._turn
        self.last = last + ahead
        return last + ahead


class RtpPacket(NamedTuple):
    """A tuple: a frozen dataclass takes three times as long to make, and one is made for each
    packet of each site."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    extension: int | None
    """The value of the one header extension that was asked for, if it was there."""


def parse(data: bytes, wanted: int | None = None) -> RtpPacket:
    """`wanted`: the id of a one-byte header extension (RFC 8285 4.2). Raises `ValueError` on
    anything that is not a whole RTP packet."""
    if data[:1] == EXTENDED_ONLY and wanted is not None and len(data) >= EXTENDED.size:
        _, second, sequence, timestamp, ssrc, profile, words, head, value = EXTENDED.unpack_from(
            data
        )
        if profile == ONE_BYTE_EXTENSIONS and words == 1 and head == wanted << 4 | 1:
            # Without the function in Python that a named tuple is made by.
            return tuple.__new__(RtpPacket, (
                second & 0x7F, second >= MARKER, sequence, timestamp, ssrc,
                data[EXTENDED.size :], value,
            ))  # fmt: skip
    if len(data) < HEADER.size:
        raise ValueError("an RTP packet shorter than its header")
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    if first >> 6 != 2:
        raise ValueError("not RTP version 2")
    start = HEADER.size + 4 * (first & 0x0F)
    extension = None
    if first & 0x10:
        extension, start = _extension(data, start, wanted)
    end = len(data)
    if first & 0x20:
        end -= data[-1]
    if start > end:
        raise ValueError("an RTP packet with more header or padding than data")
    return RtpPacket(
        second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, data[start:end], extension
    )


def _extension(data: bytes, start: int, wanted: int | None) -> tuple[int | None, int]:
    """(its value, where the payload begins)."""
    if start + 4 > len(data):
        raise ValueError("a truncated RTP header extension")
    profile, words = struct.unpack_from("!HH", data, start)
    at, end = start + 4, start + 4 + 4 * words
    if end > len(data):
        raise ValueError("a truncated RTP header extension")
    if wanted is None or profile != ONE_BYTE_EXTENSIONS:
        return None, end
    while at < end:
        ident, length = data[at] >> 4, (data[at] & 0x0F) + 1
        if data[at] == 0:
            at += 1
            continue
        if ident == wanted and at + 1 + length <= end:
            return int.from_bytes(data[at + 1 : at + 1 + length]), end
        at += 1 + length
    return None, end
