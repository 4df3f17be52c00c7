"""A site's Opus: what the line lost comes back out of the packets after it."""

import numpy as np
import pytest

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.loudness import MOST_DB
from broadcast.studio.opus import OpusDecoder, OpusEncoder, OpusError
from broadcast.studio.soundtrack import LOUDEST
from broadcast.studio.sources import Source
from streams.frames import Codec, EncodedFrame, SiteId
from tests import media
from tests.broadcast.studio.test_loudness import speech

STEP_NS = 20_000_000
START = 7_000_000
HOPS = (300, 500, 800, 400, 650, 950)


def melody(count: int) -> list[bytes]:
    """Packets of 20 ms; every fifth begins another tone, which no concealment could guess."""
    encoder, packets = OpusEncoder(48_000), []
    for n in range(count):
        tone = media.tone(HOPS[n // 5 % len(HOPS)], 0.02)
        packets += encoder.encode(np.stack([tone, tone]), n * BLOCK_SAMPLES)
    return [data for _, data in packets]


def error_db(made: Samples, right: Samples) -> float:
    return float(10 * np.log10(np.mean((made - right) ** 2) / np.mean(right**2)))


def test_a_lost_packet_is_recovered_from_the_next() -> None:
    packets = melody(200)
    whole, holed = OpusDecoder(), OpusDecoder()
    clean = [whole.decode(packet) for packet in packets]
    errors = []
    for n, packet in enumerate(packets):
        if n % 10 == 6:
            errors.append(error_db(holed.recover(BLOCK_SAMPLES, packet), clean[n - 1]))
        if n % 10 != 5:
            holed.decode(packet)
    assert np.median(errors[2:]) < -12


def test_of_two_lost_packets_the_second_is_recovered() -> None:
    decoder, packets = OpusDecoder(), melody(60)
    for packet in packets[:50]:
        decoder.decode(packet)
    assert decoder.recover(2 * BLOCK_SAMPLES, packets[52]).shape == (2, 2 * BLOCK_SAMPLES)


def test_what_is_no_opus_is_an_error_and_the_decoder_goes_on() -> None:
    decoder = OpusDecoder()
    with pytest.raises(OpusError):
        decoder.decode(b"\xff")
    assert decoder.decode(melody(1)[0]).shape == (2, BLOCK_SAMPLES)


def played(lost: frozenset[int], count: int = 150) -> tuple[Source, Samples]:
    """All blocks of a site that lost these packets, on a line without jitter."""
    source, out = Source(SiteId("a"), lambda _: None), []
    for n, packet in enumerate(melody(count)):
        now_ns = n * STEP_NS
        if n not in lost:
            pts = START + n * BLOCK_SAMPLES
            frame = EncodedFrame(source.site, Codec.OPUS, pts, None, now_ns, True, packet)
            source.offer(frame, now_ns)
        source.sound.decode()
        if n >= 100 and (block := source.sound.block(now_ns - 6 * STEP_NS)) is not None:
            out.append(block)
    return source, np.concatenate(out, axis=1)


def test_a_track_puts_what_was_recovered_in_its_place() -> None:
    _, clean = played(frozenset())
    source, holed = played(frozenset({115, 125, 135}))
    assert source.sound.recovered == 3 * BLOCK_SAMPLES
    assert error_db(holed, clean) < -20


def test_a_long_pause_is_no_loss() -> None:
    source, _ = played(frozenset(range(105, 125)))
    assert source.sound.recovered == 0


def test_a_broken_packet_costs_only_itself() -> None:
    source = Source(SiteId("a"), lambda _: None)
    for n, packet in enumerate([b"\xff", *melody(10)]):
        frame = EncodedFrame(source.site, Codec.OPUS, n * BLOCK_SAMPLES, None, 1, True, packet)
        source.offer(frame, n * STEP_NS)
    source.sound.decode()
    assert source.sound.meter.read() > -30


GARBAGE = bytes.fromhex(
    "f8dee475a9a3753a238041be075e49a127a2b441f3c1709736a177a974713be65176d3aec4c78e7bd1eac35be921"
    "f3d2e3f367944e600e5a30ed025212b5865c311fd677f3f8f97ae8e645f8917a0f77ea"
)
"""Opus by its first octet; twice in a row it decodes to +100 dBFS."""


def test_garbage_that_decodes_is_no_louder_than_a_voice_can_be() -> None:
    source, peaks = Source(SiteId("a"), lambda _: None), []
    encoder = OpusEncoder(48_000)
    packets = [encoder.encode(block, 0)[0][1] for block in speech(10.5, -30)]
    packets[400:403] = [GARBAGE] * 3
    for n, packet in enumerate(packets):
        pts, now_ns = START + n * BLOCK_SAMPLES, n * STEP_NS
        frame = EncodedFrame(source.site, Codec.OPUS, pts, None, now_ns, True, packet)
        source.offer(frame, now_ns)
        source.sound.decode()
        block = source.sound.block(now_ns - 6 * STEP_NS)
        assert block is not None
        peaks.append(float(np.abs(source.sound.level(block)).max()))
    assert 1 < max(peaks[400:420]) < LOUDEST * 10 ** (MOST_DB / 20), "it was heard, and bounded"


@pytest.mark.parametrize("phase_ms", range(0, 20, 2))
def test_a_packet_is_heard_10_to_32_ms_after_it_came(phase_ms: int) -> None:
    """By the place of the site's packets in the program's blocks, on a line without jitter."""
    source, (packet,) = Source(SiteId("a"), lambda _: None), melody(1)
    phase_ns = phase_ms * STEP_NS // 20
    for n in range(400):
        came_ns, mixed_ns = n * STEP_NS - phase_ns, n * STEP_NS
        pts = START + n * BLOCK_SAMPLES
        frame = EncodedFrame(source.site, Codec.OPUS, pts, None, came_ns, True, packet)
        source.offer(frame, came_ns)
        source.sound.decode()
        source.sound.block(mixed_ns - STEP_NS)
    read = source.sound._reader.place(0) - BLOCK_SAMPLES - START
    waited_ms = (mixed_ns - (read * STEP_NS // BLOCK_SAMPLES - phase_ns)) / 1e6
    assert 10 <= waited_ms < 33
