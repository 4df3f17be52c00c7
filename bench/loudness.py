"""How loud the archive is: three sites, 18 dB apart, speak in turn through the whole studio, and
FFmpeg's `ebur128` measures what lies on the disk. Beside it a hall that speaks together with
another site, and in whose loudspeakers everything is heard: how much of itself it gets back.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.figure import Figure
from broadcast.layout import Layout
from broadcast.program import Scene, Take
from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.opus import OpusDecoder, OpusEncoder
from streams.frames import Codec, Feed, SiteId
from tests import media
from tests.broadcast.studio.rig import Coded, decoded_sound, rig
from tests.broadcast.studio.test_loudness import ebur128_of, speech

LEVELS = {SiteId("loud"): -12.0, SiteId("soft"): -30.0, SiteId("middle"): -22.0}
"""dBFS of speech."""
HALL, OTHER = SiteId("hall"), SiteId("loud")
TURN_S, CLIP_S, SETTLE_S = 22, 42, 2
BOTH_S = 77
"""So long hall and other speak at once, and no stretch of them comes twice."""
REACH = media.RATE // 2
"""Samples, either way: an echo that is heard as one comes sooner."""
PUT_IN = 0.01
LOWEST_HZ, HIGHEST_HZ, SMOOTHED = 100, 8000, 4096
TARGET_LUFS, CEILING_DBTP = -23.0, -1.0


def coded(blocks: list[Samples]) -> list[Coded]:
    """What a site sends."""
    encoder = OpusEncoder(96_000)
    return [
        Coded(n * BLOCK_SAMPLES / media.RATE, Codec.OPUS, True, data)
        for n, block in enumerate(blocks)
        for _, data in encoder.encode(block, n * BLOCK_SAMPLES)
    ]


def rustle(seconds: int) -> list[Samples]:
    """Four times a second, as wide as a voice reaches: nothing that anybody else says is alike."""
    rng, count = np.random.default_rng(9), seconds * media.RATE
    spectrum = np.fft.rfft(rng.normal(size=count))
    hz = np.fft.rfftfreq(count, 1 / media.RATE)
    noise = np.fft.irfft(spectrum * ((hz > LOWEST_HZ) & (hz < HIGHEST_HZ)), count)
    noise *= np.maximum(0, np.sin(2 * np.pi * 4 * np.arange(count) / media.RATE))
    both = np.stack([noise * 0.05 / noise.std()] * 2).astype(np.float32)
    return np.split(both, count // BLOCK_SAMPLES, axis=1)


async def session(folder: Path) -> None:
    """All three in turn, the loud one twice."""
    async with rig(folder) as r:
        for seed, (site, level) in enumerate(LEVELS.items()):
            r.site(site, coded(speech(CLIP_S, level, seed)))
        for site in (*LEVELS, SiteId("loud")):
            r.relay.follow(
                stream="s",
                recording=True,
                public=Take.ROOM,
                program=Scene(Layout.FULL, (site,)),
                open_microphones=frozenset({site}),
            )
            await asyncio.sleep(TURN_S)


async def both(folder: Path) -> tuple[media.Samples, media.Samples]:
    """What the other site hears of the hall, which is the hall alone, and what the hall hears at
    the same time."""
    feeds = Feed.minus(OTHER), Feed.minus(HALL)
    async with rig(folder) as r:
        r.site(HALL, coded(rustle(BOTH_S)))
        r.site(OTHER, coded(speech(BOTH_S, LEVELS[OTHER])))
        r.relay.follow(public=Take.ROOM, open_microphones=frozenset({HALL, OTHER}))
        await asyncio.sleep(BOTH_S)
        packets = [
            {one.pts: one for one in r.relay.received.of(feed, Codec.OPUS)[SETTLE_S * 50 :]}
            for feed in feeds
        ]
    times = sorted(packets[0].keys() & packets[1].keys())
    hall, back = (decoded_sound([of[at] for at in times]) for of in packets)
    return hall, back


def most_db(own: media.Samples, heard: media.Samples) -> float:
    """How much of itself is in what a site hears, at whatever delay there is most of it. By their
    correlation over all of it, where each pitch counts the less the more of others it has."""
    size = 1 << (2 * len(own) - 1).bit_length()
    ours, there = (np.fft.rfft(one, size)[:-1] for one in (own, heard))
    others = np.square(np.abs(there)).reshape(-1, SMOOTHED).mean(axis=1).repeat(SMOOTHED)
    weights = 1 / (others + 1e-6 * others.max())
    hz = np.fft.rfftfreq(size, 1 / media.RATE)[:-1]
    weights[(hz < LOWEST_HZ) | (hz > HIGHEST_HZ)] = 0
    shares = np.abs(np.fft.irfft(weights * there * np.conj(ours), size))
    whole = np.fft.irfft(weights * np.square(np.abs(ours)), size)[0]
    most = max(shares[:REACH].max(), shares[-REACH:].max())
    return float(20 * np.log10(most / whole))


def coded_again(sound: media.Samples) -> media.Samples:
    """What Opus makes of it."""
    encoder, decoder = OpusEncoder(96_000), OpusDecoder(1)
    blocks = np.split(np.stack([sound, sound]), len(sound) // BLOCK_SAMPLES, axis=1)
    packets = (packet for block in blocks for _, packet in encoder.encode(block, 0))
    return np.concatenate([decoder.decode(packet)[0] for packet in packets])


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(session(folder))
        loudness, peak = ebur128_of(folder / "archive" / "s" / "index.m3u8")
        yield Figure("loudness of the archive, from the target", loudness - TARGET_LUFS, "LU")
        yield Figure("true peak of the archive, from the ceiling", peak - CEILING_DBTP, "dB")
    with tempfile.TemporaryDirectory() as name:
        own, back = asyncio.run(both(Path(name)))
    yield Figure("of itself a site hears, against what others hear", most_db(own, back), "dB")
    put_in = coded_again(back + PUT_IN * np.roll(own, REACH // 5))
    yield Figure("the same with a hundredth put in", most_db(own, put_in), "dB")
