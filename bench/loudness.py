"""How loud the archive is: three sites, 18 dB apart, speak in turn through the whole studio, and
FFmpeg's `ebur128` measures what lies on the disk. Beside it a hall in whose loudspeakers everything
is heard: how much of itself a site gets back.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from bench.figure import Figure
from broadcast.layout import Layout
from broadcast.program import Scene, Take
from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.opus import OpusEncoder
from streams.frames import Codec, Feed, Packet, SiteId
from tests import media
from tests.broadcast.studio.rig import Coded, decoded_sound, rig
from tests.broadcast.studio.test_loudness import ebur128_of, speech

LEVELS = {SiteId("loud"): -12.0, SiteId("soft"): -30.0, SiteId("middle"): -22.0}
"""dBFS of speech."""
TURN_S, CLIP_S, SETTLE_S = 22, 42, 2
HZ = 1000.0
TARGET_LUFS, CEILING_DBTP = -23.0, -1.0


def spoken(level_dbfs: float, seed: int) -> list[Coded]:
    """What a site that speaks sends."""
    encoder = OpusEncoder(96_000)
    return [
        Coded(n * BLOCK_SAMPLES / media.RATE, Codec.OPUS, True, data)
        for n, block in enumerate(speech(CLIP_S, level_dbfs, seed))
        for _, data in encoder.encode(block, n * BLOCK_SAMPLES)
    ]


async def session(folder: Path) -> None:
    """All three in turn, the loud one twice."""
    async with rig(folder) as r:
        for seed, (site, level) in enumerate(LEVELS.items()):
            r.site(site, spoken(level, seed))
        for site in (*LEVELS, SiteId("loud")):
            r.relay.follow(
                stream="s",
                recording=True,
                public=Take.ROOM,
                program=Scene(Layout.FULL, (site,)),
                open_microphones=frozenset({site}),
            )
            await asyncio.sleep(TURN_S)


async def own_db(folder: Path) -> float:
    """How much of a site's own tone is in its return feed, against the room's."""
    samples = media.tone(HZ, 4)
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = media.RATE, "mono", "flt"
    context.time_base = Fraction(1, media.RATE)
    coded = []
    for at in range(0, len(samples), BLOCK_SAMPLES):
        frame = av.AudioFrame.from_ndarray(samples[None, at : at + BLOCK_SAMPLES], "flt", "mono")
        frame.sample_rate, frame.pts = media.RATE, at
        coded += [
            Coded(at / media.RATE, Codec.OPUS, True, bytes(packet))
            for packet in context.encode(frame)
        ]
    hall, other = SiteId("hall"), SiteId("loud")
    async with rig(folder) as r:
        r.site(hall, coded)
        r.site(other, spoken(LEVELS[other], 0))
        r.relay.follow(public=Take.ROOM, open_microphones=frozenset({hall, other}))
        await r.packets(Feed.minus(hall), Codec.OPUS, SETTLE_S * 50)
        room = await r.packets(Feed.ROOM, Codec.OPUS, 200)
        back = r.relay.received.of(Feed.minus(hall), Codec.OPUS)[-200:]
        return _tone_db(back) - _tone_db(room)


def _tone_db(packets: list[Packet]) -> float:
    """The tone's level in the middle of what else is there."""
    samples = decoded_sound(packets)
    parts = [samples[at : at + 4800] for at in range(0, len(samples) - 4800, 4800)]
    return float(np.median([media.tone_level(part, HZ) for part in parts]))


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(session(folder))
        loudness, peak = ebur128_of(folder / "archive" / "s" / "index.m3u8")
        yield Figure("loudness of the archive, from the target", loudness - TARGET_LUFS, "LU")
        yield Figure("true peak of the archive, from the ceiling", peak - CEILING_DBTP, "dB")
    with tempfile.TemporaryDirectory() as name:
        yield Figure(
            "of itself a site hears, against the room", asyncio.run(own_db(Path(name))), "dB"
        )
