"""Hours of media in minutes: memory stays flat, nothing is lost, sound and picture do not drift."""

import gc
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from broadcast.outputs.disk import Disk
from broadcast.outputs.edge import Edge, pace_of
from broadcast.outputs.fmp4 import whole_fragments
from broadcast.outputs.playlist import Entry, parse
from broadcast.outputs.renditions import Renditions
from broadcast.outputs.shelf import OPEN
from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import AacEncoder
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE, Packet
from tests.broadcast.outputs.streams import EPOCH_S
from tests.broadcast.outputs.test_renditions import PROGRAM, SETTINGS, ladder

HOURS = 8
LAP_S = 4
KEPT_SEGMENTS = 10
"""Older ones are taken away as they are made: eight hours would fill the test's disk."""


class NoSync(Disk):
    """What is kept for seconds need not survive a power cut."""

    def sync(self, file: object) -> None:
        del file

    def sync_folder(self, folder: Path) -> None:
        del folder


def hours() -> Iterator[Packet]:
    """The same seconds again and again, each lap later."""
    packets = ladder(LAP_S)
    for lap in range(HOURS * 3600 // LAP_S):
        for packet in packets:
            yield replace(packet, pts=packet.pts + lap * LAP_S * packet.codec.clock_rate)


def resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def thin_out(folder: Path, upto: int) -> None:
    for number in range(max(0, upto - 60), upto):
        for path in folder.rglob(f"{number:08}.m4s"):
            path.unlink()


@pytest.mark.soak
def test_eight_hours_of_recording(tmp_path: Path) -> None:
    made = Renditions(tmp_path / "x", PROGRAM, SETTINGS, NoSync(), OPEN, lambda: 0)
    edge = Edge(tmp_path / "x", pace_of(PROGRAM, SETTINGS))
    sizes: list[float] = []
    began = time.monotonic()
    for packet in hours():
        made.take(packet)
        second = int(made.recorded_s)
        if second % 60 == 0 and second // 60 > len(sizes):
            edge.refresh()
            edge.text(delta=True)
            thin_out(tmp_path / "x", second - KEPT_SEGMENTS)
            sizes.append(resident_mb())
    made.stop()
    made.end()
    listed = parse((tmp_path / "x" / "index.m3u8").read_text())
    assert listed is not None
    assert listed.ended
    assert listed.duration_s == pytest.approx(HOURS * 3600, abs=1)
    assert not any(entry.discontinuity for entry in listed.entries[1:])
    grown = sizes[-1] - sizes[60]
    sys.stdout.write(
        f"{HOURS} hours of recording in {(time.monotonic() - began) / 60:.1f} minutes: "
        f"{sizes[0]:.1f} MB at the start, {sizes[60]:.1f} after an hour, {sizes[-1]:.1f} at the "
        f"end, {grown / (HOURS - 1):+.2f} MB an hour; {made.recorded_bytes / 1e9:.1f} GB written\n"
    )
    # An hour in, everything is loaded; what grows then is the list of 3,600 segments an hour.
    assert grown < 5 * HOURS, sizes[::30]
    check_together(tmp_path / "x", listed.entries[-1])
    shutil.rmtree(tmp_path / "x")


def check_together(folder: Path, last: Entry) -> None:
    """Sound and picture of the last second begin together still."""
    sound = whole_fragments((folder / "sound" / last.name).read_bytes())
    picture = whole_fragments((folder / last.name).read_bytes())
    assert sound is not None
    assert picture is not None
    assert abs(sound.start - picture.start) / VIDEO_CLOCK_RATE < 0.04


@pytest.mark.soak
def test_an_hour_of_sound_ends_where_an_hour_of_picture_does() -> None:
    """Both count on one grid; an encoder that lost or added a sample would show here."""
    encoder, silence = AacEncoder(), np.zeros((2, BLOCK_SAMPLES), np.float32)
    blocks = 3600 * AUDIO_CLOCK_RATE // BLOCK_SAMPLES
    start = EPOCH_S * AUDIO_CLOCK_RATE
    first = last = 0
    for block in range(blocks):
        for pts, _ in encoder.encode(silence, start + block * BLOCK_SAMPLES):
            first, last = first or pts, pts
    assert (last - first) % 1024 == 0
    heard_s = (last - first) / AUDIO_CLOCK_RATE
    assert 0 <= 3600 - heard_s < 0.06, "what is left is in the encoder: two frames"
    assert abs(first - start) <= 1024
