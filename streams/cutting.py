"""A program packet as it crosses the wire: cut into RTP payloads, and laid as they leave. Pure.

That is done once, by the studio, however many viewers there are and however each is served. It is
laid for what nearly all of them have: a transport-wide number, and AES in Galois counter mode.
"""

from typing import NamedTuple

from streams.bursts import Burst, lay
from streams.frames import Codec, Packet
from streams.packetise import h264_payloads
from streams.rtp import EXTENDED

USUAL = EXTENDED.size, 16
"""Octets around each payload."""


class Cut(NamedTuple):
    """As `Packet`, whose fields these are."""

    feed: str
    codec: Codec
    pts: int
    key: bool
    public: bool
    rendition: int
    bursts: tuple[Burst, ...]
    """For `USUAL`; none of an access unit without a picture."""


def cut(packet: Packet) -> Cut:
    video = packet.codec is Codec.H264
    parts = h264_payloads(packet.data) if video else [packet.data]
    bursts = lay(parts, packet.pts & 0xFFFFFFFF, *USUAL, marker=video)
    return Cut(
        packet.feed, packet.codec, packet.pts, packet.key, packet.public, packet.rendition, bursts
    )
