"""What each step of the sound costs for a block of 20 ms, and how true a lost packet comes back.

CPU time of one thread, so that a busy machine tells the same. The peer for decoding is PyAV's
decoder, which has neither FEC nor concealment.
"""

import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.filter import Graph

from bench.figure import Figure
from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import AacEncoder, Samples
from broadcast.studio.jitter import Reader, SampleRing
from broadcast.studio.loudness import Leveller
from broadcast.studio.mixer import Fader, Limiter, mix
from broadcast.studio.noise import Cleaner
from broadcast.studio.opus import OpusDecoder, OpusEncoder
from broadcast.studio.voice import VoiceDetector

BLOCKS = 1500
BLOCK_US = 20_000
BITRATE_BPS = 96_000
SITES, OPEN = 50, 2


def voice(count: int) -> list[Samples]:
    """Noise of changing loudness around ever another tone: nothing a concealment could guess."""
    rng, at = np.random.default_rng(1), np.arange(BLOCK_SAMPLES) / 48_000
    blocks = []
    for _ in range(count):
        tone = 0.2 * np.sin(2 * np.pi * rng.choice([200, 310, 450, 700]) * at)
        block = tone + rng.normal(size=BLOCK_SAMPLES) * rng.choice([0.001, 0.01])
        blocks.append(np.stack([block, block]).astype(np.float32))
    return blocks


def cost_us(step: Callable[[int], object]) -> float:
    """Of a call, the mean of `BLOCKS`."""
    began = time.thread_time()
    for n in range(BLOCKS):
        step(n)
    return (time.thread_time() - began) / BLOCKS * 1e6


def lost_db(packets: list[bytes], *, fec: bool) -> float:
    """The error in place of every tenth packet, against that packet: 0 is as bad as silence."""
    whole, holed, errors = OpusDecoder(), OpusDecoder(), []
    last = whole.decode(packets[0])
    for n, packet in enumerate(packets[1:], 1):
        if n % 10 == 0:
            # An empty packet tells nothing of the one before it: all is concealed.
            made = holed.recover(BLOCK_SAMPLES, packet if fec else b"")
            errors.append(np.mean((made - last) ** 2) / np.mean(last**2))
        if n % 10 != 9:
            holed.decode(packet)
        last = whole.decode(packet)
    return float(10 * np.log10(np.median(errors)))


def costs(blocks: list[Samples], packets: list[bytes]) -> Iterator[tuple[str, float]]:
    """Microseconds of each step for a block."""
    decoder, ring, reader, fader, leveller = (
        *(OpusDecoder(), SampleRing(), Reader()),
        *(Fader(), Leveller()),
    )
    fader.open, limiter = True, Limiter()
    opus, aac = OpusEncoder(BITRATE_BPS), AacEncoder()
    for n in range(10):
        ring.write(n * BLOCK_SAMPLES, blocks[n])

    def read(n: int) -> None:
        ring.write((n + 10) * BLOCK_SAMPLES, blocks[n])
        reader.block(ring, n * BLOCK_SAMPLES)

    yield "decode a packet", cost_us(lambda n: decoder.decode(packets[n]))
    yield "write and read a block", cost_us(read)
    yield "level a site", cost_us(lambda n: leveller.apply(blocks[n]))
    cleaner, detector = Cleaner(), VoiceDetector()
    yield "take the noise out of a site", cost_us(lambda n: cleaner.apply(blocks[n][:1]))
    yield "tell whether somebody speaks", cost_us(lambda n: detector.hear(blocks[n]))
    yield "fade a site", cost_us(lambda n: fader.apply(blocks[n]))
    yield (
        "mix two sites and limit",
        cost_us(lambda n: limiter.apply(mix({1: blocks[n], 2: blocks[n - 1]}))),
    )
    yield "encode Opus", cost_us(lambda n: opus.encode(blocks[n], n * BLOCK_SAMPLES))
    yield "encode AAC", cost_us(lambda n: aac.encode(blocks[n], n * BLOCK_SAMPLES))


def afftdn(blocks: list[Samples]) -> Callable[[int], object]:
    """FFmpeg's noise suppression, as it is used from Python; of one channel, as a site has."""
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=48_000, format="fltp", layout="mono", time_base=Fraction(1, 48_000)
    )
    graph.link_nodes(source, graph.add("afftdn", "nr=12:tn=1"), graph.add("abuffersink"))
    graph.configure()

    def step(n: int) -> object:
        frame = av.AudioFrame.from_ndarray(blocks[n][:1], "fltp", "mono")
        frame.sample_rate, frame.pts = 48_000, n * BLOCK_SAMPLES
        graph.push(frame)
        pulled = graph.pull()
        return pulled.to_ndarray() if isinstance(pulled, av.AudioFrame) else None

    return step


def figures() -> Iterator[Figure]:
    blocks, encoder = voice(BLOCKS + 2), OpusEncoder(BITRATE_BPS)
    coded = (encoder.encode(block, n * BLOCK_SAMPLES) for n, block in enumerate(blocks))
    packets = [data for at in coded for _, data in at]
    peer = av.CodecContext.create("libopus", "r")
    peer_us = cost_us(lambda n: [f.to_ndarray() for f in peer.decode(av.Packet(packets[n]))])
    us = dict(costs(blocks, packets))
    floors = {
        "decode a packet": (peer_us, "PyAV's decoder"),
        "take the noise out of a site": (cost_us(afftdn(blocks)), "FFmpeg's afftdn"),
    }
    for name, value in us.items():
        yield Figure(name, value, "us", *floors.get(name, (None, "")))
    each = us["write and read a block"] + us["level a site"] + us["fade a site"]
    feeds = (OPEN + 1) * (2 * us["encode Opus"] + us["mix two sites and limit"])
    total = (
        SITES * (us["decode a packet"] + us["tell whether somebody speaks"])
        + OPEN * each
        + feeds
        + us["encode AAC"]
    )
    name = f"{SITES} sites that all send, {OPEN} open, of the block"
    yield Figure(name, total / BLOCK_US * 100, "%")
    floor_db = lost_db(packets, fec=False)
    yield Figure("error of a lost packet", lost_db(packets, fec=True), "dB")
    yield Figure("the same, concealed alone", floor_db, "dB")
