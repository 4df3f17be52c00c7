"""What came and when, as a receiver tells it: transport-wide feedback. Pure.

Format: draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1; `arrivals` writes it, here
it is read. Receivers send 10 to 20 reports a second, nearly always of a short run of packets that
all came: that case costs one slice and one running sum.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from streams.arrivals import LARGE, LOST, MAX_RUN, SMALL

_HEAD = struct.Struct("!HHI")
_CHUNK_BYTES = 2
TRANSPORT_WIDE = 15
"""Its format among RTP's feedback messages (RTPFB)."""
MAX_COUNT = 4_096
"""Packets in one report: ten seconds of them, after an outage. More would only keep us busy."""
NEVER = -(1 << 40)


@dataclass(frozen=True, slots=True)
class Feedback:
    first: int
    """Transport-wide number of the first packet told of, 16 bits."""
    reference: int
    """The receiver's clock that `came` counts from, in units of 64 ms, 24 bits."""
    came: list[int]
    """When each packet came, in ticks of 250 µs after the reference; `NEVER` where it did not."""


def parse(fci: bytes) -> Feedback:
    """The feedback control information of one packet. Raises `ValueError` on anything else."""
    if len(fci) < _HEAD.size + _CHUNK_BYTES:
        raise ValueError("transport-wide feedback shorter than its header")
    first, count, rest = _HEAD.unpack_from(fci)
    if not 0 < count <= MAX_COUNT:
        raise ValueError("transport-wide feedback of no packet, or of too many")
    chunk = fci[8] << 8 | fci[9]
    if chunk >> 13 == SMALL and chunk & MAX_RUN >= count:
        at = _HEAD.size + _CHUNK_BYTES
        deltas: Iterable[int] = fci[at : at + count]
        if len(fci) < at + count:
            raise ValueError("transport-wide feedback with fewer times than packets")
        return Feedback(first, rest >> 8, [*accumulate(deltas)])
    return Feedback(first, rest >> 8, _general(fci, count))


def _general(fci: bytes, count: int) -> list[int]:
    symbols, at = _symbols(fci, count)
    now, came = 0, list[int]()
    for symbol in symbols:
        if symbol == LOST:
            came.append(NEVER)
            continue
        size = 1 if symbol == SMALL else 2
        if symbol > LARGE or at + size > len(fci):
            raise ValueError("transport-wide feedback with fewer times than packets")
        now += fci[at] if size == 1 else int.from_bytes(fci[at : at + 2], signed=True)
        came.append(now)
        at += size
    return came


def _symbols(fci: bytes, count: int) -> tuple[bytes, int]:
    """(one byte for each packet, where the times begin)."""
    parts, length, at = [], 0, _HEAD.size
    while length < count:
        if at + _CHUNK_BYTES > len(fci):
            raise ValueError("transport-wide feedback with fewer symbols than packets")
        part = _chunk(fci[at] << 8 | fci[at + 1])
        parts.append(part)
        length += len(part)
        at += _CHUNK_BYTES
    return b"".join(parts)[:count], at


@lru_cache(maxsize=4096)
def _chunk(chunk: int) -> bytes:
    """The symbols of a run of one symbol, of 14 single bits, or of seven pairs of bits."""
    if not chunk & 0x8000:
        return bytes((chunk >> 13 & 3,)) * (chunk & MAX_RUN)
    if not chunk & 0x4000:
        return bytes(chunk >> shift & 1 for shift in range(13, -1, -1))
    return bytes(chunk >> shift & 3 for shift in range(12, -1, -2))
