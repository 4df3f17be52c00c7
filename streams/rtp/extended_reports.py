"""Round trips to a sender of media (RTCP XR, RFC 3611 4.4 and 4.5).

ICE-lite sends no checks, and who only receives gets no receiver reports: neither tells the round
trip. So we send our time (RRTR); Chrome gives it back with its next sender report (DLRR).
"""

import struct
from collections.abc import Iterator

from streams.rtp.header import RTCP_HEADER

XR, RRTR, DLRR = 207, 4, 5
_REFERENCE_TIME = struct.Struct("!BBHQ")
_ITEM = struct.Struct("!III")


def reference_time(ssrc: int, now_ns: int) -> bytes:
    """A whole RTCP packet; its time is our monotonic clock, meant for our own eyes only."""
    ntp = (now_ns << 32) // 1_000_000_000 & 0xFFFF_FFFF_FFFF_FFFF
    return RTCP_HEADER.pack(0x80, XR, 4, ssrc) + _REFERENCE_TIME.pack(RRTR, 0, 2, ntp)


def round_trip_ns(compound: bytes, now_ns: int, ssrc: int) -> int | None:
    """The last that a decrypted RTCP packet tells of `ssrc`; None if it tells none, or nonsense."""
    now = (now_ns << 16) // 1_000_000_000
    found = None
    for body in _extended_reports(compound):
        for reporter, last, delay in _delays(body):
            if reporter == ssrc and last:
                trip = (now - last - delay) & 0xFFFFFFFF
                found = trip * 1_000_000_000 >> 16 if trip < 60 << 16 else found
    return found


def _extended_reports(compound: bytes) -> Iterator[bytes]:
    """What follows the sender's SSRC in each XR packet."""
    at = 0
    while at + RTCP_HEADER.size <= len(compound):
        _, kind, words, _ = RTCP_HEADER.unpack_from(compound, at)
        end = at + 4 + 4 * words
        if kind == XR:
            yield compound[at + RTCP_HEADER.size : end]
        at = end


def _delays(body: bytes) -> Iterator[tuple[int, int, int]]:
    """(SSRC of the receiver, last RRTR, delay since it; both in 1/65536 s) of each DLRR item."""
    at = 0
    while at + 4 <= len(body):
        kind, words = body[at], int.from_bytes(body[at + 2 : at + 4])
        items = body[at + 4 : at + 4 + 4 * words]
        if kind == DLRR:
            yield from _ITEM.iter_unpack(items[: len(items) // _ITEM.size * _ITEM.size])
        at += 4 + 4 * words
