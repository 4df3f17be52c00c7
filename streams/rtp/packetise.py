"""A program packet → RTP payloads, laid as they leave: as it crosses the wire. Pure.

That is done once, by the studio, however many viewers there are and however each is served. It is
laid for what nearly all of them have: a transport-wide number, and AES in Galois counter mode.
"""

from typing import NamedTuple

from streams.frames import Codec, Packet
from streams.rtp.bitstream import FU_A, PPS, SPS, STAP_A, nal_units
from streams.rtp.bursts import Burst, lay
from streams.rtp.header import EXTENDED

MAX_PAYLOAD = 1190
"""With all headers, SRTP's tag and the number that RTX puts before it 1276 octets by IPv6, which
has paths that take no more than 1280 (RFC 8200 5)."""

_PARAMETER_SETS = (SPS, PPS)
USUAL = EXTENDED.size, 16
"""Octets around each payload."""


class Packetised(NamedTuple):
    """As `Packet`, whose fields these are."""

    feed: str
    codec: Codec
    pts: int
    key: bool
    public: bool
    rendition: int
    bursts: tuple[Burst, ...]
    """For `USUAL`; none of an access unit without a picture."""


def packetise(packet: Packet) -> Packetised:
    video = packet.codec is Codec.H264
    parts = h264_payloads(packet.data) if video else [packet.data]
    bursts = lay(parts, packet.pts & 0xFFFFFFFF, *USUAL, marker=video)
    return Packetised(
        packet.feed, packet.codec, packet.pts, packet.key, packet.public, packet.rendition, bursts
    )


def h264_payloads(data: bytes) -> list[bytes]:
    """RFC 6184, packetization-mode 1. Fragments are as long as may be but for the last: the kernel
    can cut them from one buffer (UDP_SEGMENT), where they lie at the same places each time."""
    payloads: list[bytes] = []
    parameter_sets = []
    for unit in nal_units(data):
        kind = unit[0] & 0x1F
        if kind == 9:
            continue  # access unit delimiters tell a receiver of RTP nothing
        if kind in _PARAMETER_SETS:
            parameter_sets.append(unit)
            continue
        if parameter_sets:
            payloads.append(_stap_a(parameter_sets))
            parameter_sets = []
        payloads.extend([unit] if len(unit) <= MAX_PAYLOAD else _fragments(unit))
    return payloads


def _stap_a(units: list[bytes]) -> bytes:
    importance = max(unit[0] & 0x60 for unit in units)
    sized = b"".join(len(unit).to_bytes(2) + unit for unit in units)
    return bytes((importance | STAP_A,)) + sized


def _fragments(unit: bytes) -> list[bytes]:
    indicator, kind, length = unit[0] & 0x60 | FU_A, unit[0] & 0x1F, MAX_PAYLOAD - 2
    count = -(-(len(unit) - 1) // length)
    parts = []
    for index in range(count):
        flags = (0x80 if index == 0 else 0) | (0x40 if index == count - 1 else 0)
        start = 1 + index * length
        parts.append(bytes((indicator, kind | flags)) + unit[start : start + length])
    return parts
