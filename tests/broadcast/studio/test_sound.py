"""The mixing thread by itself, in real time."""

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from broadcast.program import ProgramState, Take
from broadcast.studio.clock import BLOCK_SAMPLES, BLOCKS, ProgramClock
from broadcast.studio.onair import OnAir, follow
from broadcast.studio.opus import OpusEncoder
from broadcast.studio.sound import SoundDesk
from broadcast.studio.soundtrack import EARLY
from broadcast.studio.sources import Source, Sources
from streams.frames import AUDIO_CLOCK_RATE, Codec, EncodedFrame, Feed, Packet, SiteId
from tests import media
from tests.broadcast.studio.rig import decoded_sound

FPS = 50
LOOKAHEAD = 312
"""Samples that the encoder of Opus holds back."""


def test_listeners_who_come_and_go_make_no_hole_in_the_sound() -> None:
    """While there are none, blocks are mixed several at once."""
    listening, packets = threading.Event(), list[Packet]()
    snapshot = OnAir(ProgramState(public=Take.ROOM), time.monotonic_ns(), 0)

    def times(codec: Codec, *, pairs: bool = False) -> list[int]:
        in_pairs = Feed.in_pairs(Feed.ROOM)
        of_codec = [packet for packet in list(packets) if packet.codec is codec]
        return [packet.pts for packet in of_codec if (packet.feed == in_pairs) is pairs]

    def left_out(length: int, *, pairs: bool = False) -> int:
        """Blocks of Opus, in packets of at most so many samples."""
        steps = [b - a for a, b in itertools.pairwise(times(Codec.OPUS, pairs=pairs))]
        assert all(one > 0 and one % BLOCK_SAMPLES == 0 for one in steps)
        return sum(max(0, one - length) // BLOCK_SAMPLES for one in steps)

    def wait_for_more(codec: Codec) -> None:
        enough = len(times(codec)) + 15
        media.wait_for(lambda: len(times(codec)) > enough, f"{codec.name}")

    desk = SoundDesk(
        ProgramClock.started_now(),
        Sources(lambda _: None),
        (48_000,),
        lambda _feed: [0] if listening.is_set() else [],
        listening.is_set,
        lambda: snapshot,
        packets.extend,
        lambda _: None,
        FPS,
    )
    desk.start()
    try:
        wait_for_more(Codec.AAC)
        listening.set()
        wait_for_more(Codec.OPUS)
        listening.clear()
        wait_for_more(Codec.AAC)
    finally:
        desk.close()
    assert {b - a for a, b in itertools.pairwise(times(Codec.AAC))} == {1024}
    # A machine that stands still for two seconds makes holes, of which it tells.
    assert left_out(BLOCK_SAMPLES) <= desk.metronome.skipped
    assert left_out(2 * BLOCK_SAMPLES, pairs=True) <= desk.metronome.skipped
    assert len(times(Codec.OPUS, pairs=True)) < len(times(Codec.OPUS)) * 2 / 3
    places = {(pts + LOOKAHEAD) % 960 for pts in times(Codec.OPUS)}
    later = AUDIO_CLOCK_RATE // (2 * FPS) + EARLY
    assert places == {later % 960}, "half a picture after its time, and as much as it is early"


def test_who_is_heard_does_not_wait_for_the_others() -> None:
    sources, waiting = Sources(lambda _: None), list[list[int]]()
    hall, other = SiteId("hall"), SiteId("other")
    silence = np.zeros((2, BLOCK_SAMPLES), np.float32)
    ((_, data),) = OpusEncoder(48_000).encode(silence, 0)

    def on_air() -> OnAir:
        """A packet of each has come, a moment before the block."""
        for site in (other, hall):
            pts, now_ns = len(waiting) * BLOCK_SAMPLES, time.monotonic_ns()
            sources.offer(EncodedFrame(site, Codec.OPUS, pts, None, now_ns, True, data))
        return snapshot

    def send(packets: Sequence[Packet]) -> None:
        found = [sources.get(site) for site in (hall, other)]
        waiting.append([len(source.sound._inbox) for source in found if source is not None])

    state = ProgramState(public=Take.ROOM, open_microphones=frozenset({hall}))
    snapshot = OnAir(state, time.monotonic_ns(), 0)
    desk = SoundDesk(
        ProgramClock.started_now(),
        sources,
        (48_000,),
        lambda _feed: [0],
        lambda: True,
        on_air,
        send,
        lambda _: None,
        FPS,
    )
    desk.start()
    try:
        media.wait_for(lambda: len(waiting) > 10, "ten blocks")
    finally:
        desk.close()
    assert all(one == [0, 1] for one in waiting[:10])


def test_what_was_to_be_heard_before_a_stall_is_not_in_the_first_public_block() -> None:
    """The thread stands still while the room is opened: its next block fades over from where it
    was, in the closed room."""
    hall, clock, packets = SiteId("hall"), ProgramClock(0), list[Packet]()
    closed = ProgramState(open_microphones=frozenset({hall}))
    sources, encoder = Sources(lambda _: None), OpusEncoder(48_000)
    source = Source(hall, lambda _: None)
    sources.adopt(source)
    desk = SoundDesk(
        clock,
        sources,
        (48_000,),
        lambda _feed: [0],
        lambda: True,
        lambda: None,
        packets.extend,
        lambda _: None,
        FPS,
    )

    def say(block: int) -> None:
        tone = media.tone(440, 0.02)
        for at, data in encoder.encode(np.stack([tone, tone]), block * BLOCK_SAMPLES):
            came_ns = BLOCKS.time_ns(block + 1)
            frame = EncodedFrame(hall, Codec.OPUS, at, None, came_ns, True, data)
            source.offer(frame, came_ns)

    snapshot = follow(None, closed, 0)
    for block in range(1000, 1100):
        say(block)
        desk._tick(block + 1, snapshot)
    for block in range(1100, 1110):
        say(block)
    snapshot = follow(snapshot, replace(closed, public=Take.ROOM), BLOCKS.time_ns(1110))
    for block in range(1200, 1300):
        desk._tick(block + 1, snapshot)
    opened = [one for one in packets if one.public and one.feed == Feed.in_pairs(Feed.ROOM)]
    assert len(opened) > 20
    assert np.abs(decoded_sound(opened)).max() < 0.001
