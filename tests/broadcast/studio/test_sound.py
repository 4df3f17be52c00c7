"""The mixing thread by itself, in real time."""

import itertools
import threading
import time

from broadcast.program import ProgramState, Take
from broadcast.studio.clock import ProgramClock
from broadcast.studio.onair import OnAir
from broadcast.studio.sound import SoundDesk
from broadcast.studio.sources import Sources
from streams.frames import AUDIO_CLOCK_RATE, Codec, Packet
from tests import media

FPS = 50
LOOKAHEAD = 312
"""Samples that the encoder of Opus holds back."""


def test_listeners_who_come_and_go_make_no_hole_in_the_sound() -> None:
    """While there are none, blocks are mixed several at once."""
    listening, packets = threading.Event(), list[Packet]()
    snapshot = OnAir(ProgramState(public=Take.ROOM), time.monotonic_ns(), 0)

    def times(codec: Codec) -> list[int]:
        return [packet.pts for packet in list(packets) if packet.codec is codec]

    def steps(codec: Codec) -> set[int]:
        return {after - before for before, after in itertools.pairwise(times(codec))}

    def wait_for_more(codec: Codec) -> None:
        enough = len(times(codec)) + 15
        media.wait_for(lambda: len(times(codec)) > enough, f"{codec.name}")

    desk = SoundDesk(
        ProgramClock.started_now(),
        Sources(lambda _: None),
        (48_000,),
        lambda _feed, _rendition: listening.is_set(),
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
    assert steps(Codec.AAC) == {1024}
    assert steps(Codec.OPUS) == {960}
    places = {(pts + LOOKAHEAD) % 960 for pts in times(Codec.OPUS)}
    assert places == {AUDIO_CLOCK_RATE // (2 * FPS)}, "half a picture after its time"
