"""Encoded program packets as the studio makes them: numbered pictures, a tone, on one grid."""

from functools import cache

import av

from broadcast.studio.encoders import AacEncoder, H264Encoder
from config.settings import Program
from streams.frames import Codec, Feed, Packet
from tests import media

PROGRAM = Program(width=320, height=180, fps=25, video_bitrate_bps=300_000)
FRAME = 90_000 // 25
EPOCH_S = 1_790_000_000
"""2026-09-21T14:13:20Z, where the streams begin."""


@cache
def program(
    seconds: int, from_s: int = EPOCH_S, segment_s: int = 1, feed: str = Feed.ROOM
) -> tuple[Packet, ...]:
    """In the order in which the studio hands them over: by time, sound a little behind."""
    video, sound = H264Encoder(PROGRAM), AacEncoder()
    tone = media.tone(1000, seconds)
    packets = []
    for number in range(seconds * 25):
        planar = media.draw(320, 180, media.Mark(1, number))
        frame = av.VideoFrame.from_ndarray(planar, "yuv420p")
        pts, key = from_s * 90_000 + number * FRAME, number % (25 * segment_s) == 0
        data = video.encode(frame, pts, key=key)
        packets.append(Packet(feed, Codec.H264, pts, key, True, data))
        for block in (2 * number, 2 * number + 1):
            samples = tone[None, block * 960 : block * 960 + 960].repeat(2, axis=0)
            for at, aac in sound.encode(samples, from_s * 48_000 + block * 960):
                packets.append(Packet(Feed.PUBLIC, Codec.AAC, at, True, True, aac))
    return tuple(packets)
