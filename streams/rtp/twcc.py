"""When each packet came, as its receiver tells: transport-wide congestion control (TWCC). Pure.

`Arrivals` writes it, to sites: the sender estimates the line itself, and tests it with probes. So
a site's picture is sharp a second after it is called; an estimate of ours, told by REMB, takes
fifteen. `parse` reads it, from viewers, who send 10 to 20 reports a second, nearly always of a
short run of packets that all came: that case costs one slice and one running sum.

Format: draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1.
"""

import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate
from operator import sub
from typing import NamedTuple

from streams.rtp.header import Unwrapper

MAX_SPAN = 500
"""Packets in one report, which at its longest (two octets for each) still is one datagram; a longer
hole in the numbers is passed over."""
TICK_NS = 250_000
REFERENCE_NS = 64_000_000
VECTOR = 7
"""Symbols in a chunk of two bits each."""
MAX_RUN = 0x1FFF
LOST, SMALL, LARGE = 0, 1, 2
_PLAIN = struct.Struct("!HHIH")
"""Up to the times, where one run tells of all."""
_HEAD = struct.Struct("!HHI")
_CHUNK_BYTES = 2
TRANSPORT_WIDE = 15
"""Its format among RTP's feedback messages (RTPFB)."""
MAX_COUNT = 4_096
"""Packets in one report: ten seconds of them, after an outage. More would only keep us busy."""
NEVER = -(1 << 40)


class Arrivals:
    """What one connection has to report, in the sender's transport-wide numbers."""

    def __init__(self) -> None:
        self.came_ns: dict[int, int] = {}
        """What is not told of yet, by the number as it was sent (16 bits), in the order of arrival.
        Whoever reads a packet of each of fifty sites adds to it without a call."""
        self._unwrap = Unwrapper(16)
        self._next: int | None = None
        self._count = 0

    def add(self, sequence: int, came_ns: int) -> None:
        self.came_ns.setdefault(sequence & 0xFFFF, came_ns)

    def __len__(self) -> int:
        """Packets not told of yet."""
        return len(self.came_ns)

    def report(self) -> bytes | None:
        """The feedback control information of one packet; None when nothing came since."""
        if not self.came_ns:
            return None
        told = self._unwrapped()
        first, end = self._span(told)
        count, self._count = self._count, (self._count + 1) & 0xFF
        self._next = max(end, self._next or end)  # a late one alone does not turn it back
        if [*told] == [*range(first, end)] and (plain := _plain(first, [*told.values()], count)):
            return plain
        return _packed(first, [told.get(sequence) for sequence in range(first, end)], count)

    def _unwrapped(self) -> dict[int, int]:
        """What came, by numbers that do not wrap; it is told of now."""
        came_ns = [*self.came_ns.items()]
        self.came_ns.clear()
        return {self._unwrap(sequence): at for sequence, at in came_ns}

    def _span(self, told: dict[int, int]) -> tuple[int, int]:
        """From the first not told yet, or a late one; holes at the beginning are losses."""
        end = max(told) + 1
        first = min(told)
        if self._next is not None:
            first = min(first, self._next)
        if end - first > MAX_SPAN:
            first = min(sequence for sequence in told if sequence >= end - MAX_SPAN)
        return first, end


def _plain(first: int, came: list[int], count: int) -> bytes | None:
    """What nearly all reports are: all came, in order, and none long after the one before."""
    reference = came[0] // REFERENCE_NS
    ticks = [at // TICK_NS for at in came]
    before = [reference * (REFERENCE_NS // TICK_NS), *ticks]
    try:
        deltas = bytes(map(sub, ticks, before))
    except ValueError:
        return None
    head = _PLAIN.pack(
        first & 0xFFFF, len(came), (reference & 0xFFFFFF) << 8 | count, SMALL << 13 | len(came)
    )
    return head + deltas + bytes(-(len(head) + len(deltas)) % 4)


def _packed(first: int, came: list[int | None], count: int) -> bytes:
    reference = next(at for at in came if at is not None) // REFERENCE_NS
    head = (first & 0xFFFF).to_bytes(2) + len(came).to_bytes(2)
    head += (reference & 0xFFFFFF).to_bytes(3) + bytes((count,))
    previous, symbols, deltas = reference * REFERENCE_NS // TICK_NS, [], []
    for at in came:
        if at is None:
            symbols.append(LOST)
            continue
        delta = max(-0x8000, min(0x7FFF, at // TICK_NS - previous))
        previous += delta
        small = 0 <= delta <= 0xFF
        symbols.append(SMALL if small else LARGE)
        deltas.append(delta.to_bytes(1 if small else 2, signed=not small))
    fci = b"".join((head, *_chunks(symbols), *deltas))
    return fci + bytes(-len(fci) % 4)


def _chunks(symbols: list[int]) -> Iterator[bytes]:
    at = 0
    while at < len(symbols):
        run = 1
        while run < MAX_RUN and at + run < len(symbols) and symbols[at + run] == symbols[at]:
            run += 1
        if run >= VECTOR:
            yield (symbols[at] << 13 | run).to_bytes(2)
            at += run
            continue
        chunk = 0b11
        for symbol in (symbols[at : at + VECTOR] + [LOST] * VECTOR)[:VECTOR]:
            chunk = chunk << 2 | symbol
        yield chunk.to_bytes(2)
        at += VECTOR


class Feedback(NamedTuple):
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
