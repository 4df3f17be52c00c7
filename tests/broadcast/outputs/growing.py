"""Recordings that grow part by part, at the test's word."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broadcast.outputs.parts import Cutter
from broadcast.outputs.recorder import Recorder
from config.settings import Recording
from tests.broadcast.outputs import streams

SETTINGS = Recording(segment_ms=1000, part_ms=200)


class Growing:
    """A recording of so many seconds, written part by part."""

    def __init__(self, folder: Path, seconds: int, from_s: int = streams.EPOCH_S) -> None:
        cutter = Cutter(SETTINGS.segment_ms, SETTINGS.part_ms, streams.FRAME)
        packets = streams.program(seconds, from_s)
        self._parts = [part for packet in packets for part in cutter.add(packet)]
        self.recorder = Recorder(folder, streams.PROGRAM, SETTINGS.segment_ms)

    def grow(self, parts: int) -> None:
        for _ in range(parts):
            self.recorder.write(self._parts.pop(0))


@contextmanager
def growing(folder: Path, seconds: int, from_s: int = streams.EPOCH_S) -> Iterator[Growing]:
    """Lets go of its file at the end, as a studio that is killed."""
    made = Growing(folder, seconds, from_s)
    try:
        yield made
    finally:
        made.recorder.abandon()
