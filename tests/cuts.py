"""The reverse of `streams.rtp.packetise`: what a receiver makes of the payloads."""

from aiortc.codecs.h264 import h264_depayload

from streams.frames import Codec, Packet
from streams.rtp.packetise import USUAL, Packetised


def whole(packet: Packetised) -> Packet:
    payloads = [part for burst in packet.bursts for part in burst.payloads(USUAL[0])]
    video = packet.codec is Codec.H264
    data = b"".join(h264_depayload(part) if video else part for part in payloads)
    feed, codec, pts, key, public, rendition, _ = packet
    return Packet(feed, codec, pts, key, public, data, rendition)
