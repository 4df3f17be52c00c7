"""The program that both relays get: 720p25 at 1.5 Mbit/s with a keyframe every 2 s, and Opus.

`python -m bench.stream wire SOCKET` gives it to our relay as the studio would;
`python -m bench.stream rtp` to Janus. Only the sizes are real: neither relay looks inside.
"""

import asyncio
import itertools
import random
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator

from bench.janus import AUDIO_PORT, VIDEO_PORT
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE, Codec, Feed, Packet
from streams.packetise import h264_payloads
from streams.wire import encode

FPS, GOP = 25, 50
VIDEO_BPS = 1_500_000
KEYFRAME_BYTES = 45_000
FRAME_BYTES = (VIDEO_BPS // 8 * GOP // FPS - KEYFRAME_BYTES) // (GOP - 1)
SOUND_BYTES = 200
HEADER = struct.Struct("!BBHII")


def access_unit(index: int) -> tuple[bool, bytes]:
    key = index % GOP == 0
    size = KEYFRAME_BYTES if key else FRAME_BYTES * random.randint(60, 140) // 100
    return key, b"\0\0\0\1" + bytes((0x65 if key else 0x41,)) + b"\xaa" * size


async def program() -> AsyncIterator[Packet]:
    """In real time, for ever."""
    began = time.monotonic()
    for tick in itertools.count():
        if tick % 2 == 0:
            index = tick // 2
            key, data = access_unit(index)
            pts = index * VIDEO_CLOCK_RATE // FPS
            yield Packet(Feed.ROOM, Codec.H264, pts, key, True, data)
        pts = tick * AUDIO_CLOCK_RATE // 50
        yield Packet(Feed.ROOM, Codec.OPUS, pts, True, True, b"\xaa" * SOUND_BYTES)
        await asyncio.sleep(max(0, began + (tick + 1) * 0.02 - time.monotonic()))


async def to_wire(path: str) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    reading = asyncio.create_task(_read_all(reader))
    async for packet in program():
        writer.write(encode(packet))
    await reading


async def _read_all(reader: asyncio.StreamReader) -> None:
    """What sites send comes here; the studio would decode it."""
    while await reader.read(1 << 20):
        pass


async def to_rtp() -> None:
    numbers = {True: itertools.count(), False: itertools.count()}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        async for packet in program():
            video = packet.codec.is_video
            parts = h264_payloads(packet.data) if video else [packet.data]
            for place, part in enumerate(parts):
                kind = (96 | (place == len(parts) - 1) << 7) if video else 111
                number = next(numbers[video]) & 0xFFFF
                head = HEADER.pack(0x80, kind, number, packet.pts & 0xFFFFFFFF, 1 + video)
                out.sendto(head + part, ("127.0.0.1", VIDEO_PORT if video else AUDIO_PORT))


if __name__ == "__main__":
    asyncio.run(to_wire(sys.argv[2]) if sys.argv[1] == "wire" else to_rtp())
