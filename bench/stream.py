"""The program that all relays get: 720p25 at 1.5 Mbit/s with a keyframe every 2 s, and Opus.

`python -m bench.stream SINK …`, where a sink is `wire:SOCKET`, our relay's as the studio would give
it, or `rtp:PORT`, Janus's. They get it in turns of `TURN_S` (`turn`): what makes a machine slower
for a while meets them all alike.
Only the sizes are real: no relay looks inside.
"""

import asyncio
import itertools
import random
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from bench.janus import VIDEO_BEHIND
from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.pairs import Pairs
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE, Codec, Feed, Packet
from streams.rtp.packetise import h264_payloads
from streams.wire import Outbox

FPS, GOP = 25, 50
VIDEO_BPS = 1_500_000
KEYFRAME_BYTES = 45_000
FRAME_BYTES = (VIDEO_BPS // 8 * GOP // FPS - KEYFRAME_BYTES) // (GOP - 1)
SOUND = b"\xfc" + b"\xaa" * 199
"""Of Opus, by its first octet: 20 ms in stereo (RFC 6716 3.1)."""
HEADER = struct.Struct("!BBHII")
TURN_S = 2.5


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
        yield Packet(Feed.ROOM, Codec.OPUS, pts, True, True, SOUND)
        await asyncio.sleep(max(0, began + (tick + 1) * 0.02 - time.monotonic()))


def turn() -> int:
    """The present one's number, by the clock that all processes share. Of so many who take turns it
    is the one's whose place is its remainder; it begins at its multiple of `TURN_S`."""
    return int(time.monotonic() / TURN_S)


Sink = Callable[[Packet], None]


async def to_wire(path: str) -> Sink:
    """As the studio does: what belongs to one moment leaves together, and sound in pairs where only
    the public listens. What sites send is not heard; the studio would decode it."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_unix_connection(asyncio.Protocol, path)
    outbox, pairs = Outbox(transport), Pairs()

    def sink(packet: Packet) -> None:
        leaving: Sequence[Packet] = [packet]
        if not packet.codec.is_video:
            packet = replace(packet, feed=Feed.in_pairs(packet.feed))
            leaving = pairs.take(packet, begins=packet.pts // BLOCK_SAMPLES % 2 == 1)
        for one in leaving:
            assert outbox.offer(one), "the relay went away, or does not read"

    return sink


def to_rtp(port: int) -> Sink:
    """Sound to that port, pictures to another (`janus`)."""
    numbers = {True: itertools.count(), False: itertools.count()}
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def sink(packet: Packet) -> None:
        video = packet.codec.is_video
        parts = h264_payloads(packet.data) if video else [packet.data]
        for place, part in enumerate(parts):
            kind = (96 | (place == len(parts) - 1) << 7) if video else 111
            number = next(numbers[video]) & 0xFFFF
            head = HEADER.pack(0x80, kind, number, packet.pts & 0xFFFFFFFF, 1 + video)
            out.sendto(head + part, ("127.0.0.1", port + (VIDEO_BEHIND if video else 0)))

    return sink


async def feed(names: list[str]) -> None:
    sinks: list[Sink] = []
    for name in names:
        kind, _, where = name.partition(":")
        sinks.append(await to_wire(where) if kind == "wire" else to_rtp(int(where)))
    async for packet in program():
        sinks[turn() % len(sinks)](packet)


if __name__ == "__main__":
    asyncio.run(feed(sys.argv[1:]))
