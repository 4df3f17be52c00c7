"""Hours of media in minutes: memory stays flat, nothing is lost, sound and picture do not drift."""

import gc
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from broadcast.outputs.disk import Disk
from broadcast.outputs.edge import Edge, pace_of
from broadcast.outputs.fmp4 import AAC_LC_48K_STEREO, whole_fragments
from broadcast.outputs.playlist import Entry, parse
from broadcast.outputs.renditions import Renditions
from broadcast.outputs.shelf import OPEN
from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import AacEncoder, Samples
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE, Packet
from tests import media
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


BEEP_EVERY_S = 60


def onsets_s(packets: Iterator[tuple[int, bytes]]) -> Iterator[float]:
    """When beeps begin, by the times of the packets that they are decoded from."""
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = AAC_LC_48K_STEREO
    quiet_until = 0.0
    for pts, data in packets:
        for frame in decoder.decode(av.Packet(data)):
            loud = np.flatnonzero(np.abs(media.samples_of(frame)) > 0.1)
            at_s = (pts + int(loud[0])) / AUDIO_CLOCK_RATE if len(loud) else 0.0
            if at_s > quiet_until:
                yield at_s
                quiet_until = at_s + 1


def encoded(minutes: int, beep: Samples, silence: Samples) -> Iterator[tuple[int, bytes]]:
    """So much sound and a bit, on the grid of program time, with a beep every so often."""
    encoder = AacEncoder()
    per_s = AUDIO_CLOCK_RATE // BLOCK_SAMPLES
    for block in range((minutes * 60 + 1) * per_s):
        sound = silence if block % (BEEP_EVERY_S * per_s) else beep
        yield from encoder.encode(sound, EPOCH_S * AUDIO_CLOCK_RATE + block * BLOCK_SAMPLES)


@pytest.mark.parametrize("minutes", [5, pytest.param(60, marks=pytest.mark.soak)])
def test_for_an_hour_sound_stays_where_its_pictures_are(minutes: int) -> None:
    """By the media: an encoder that lost or added samples would bring beeps late or early. Pictures
    count on the same grid (`broadcast.studio.clock`)."""
    silence = np.zeros((2, BLOCK_SAMPLES), np.float32)
    beep = silence + media.tone(1000, BLOCK_SAMPLES / AUDIO_CLOCK_RATE)
    late_ms = [
        ((at_s - EPOCH_S + 1) % BEEP_EVERY_S - 1) * 1000
        for at_s in onsets_s(encoded(minutes, beep, silence))
    ]
    assert len(late_ms) == minutes * 60 // BEEP_EVERY_S + 1
    drift_ms = late_ms[-1] - late_ms[0]
    sys.stdout.write(
        f"beeps in {minutes} minutes of AAC: {min(late_ms):+.2f} to {max(late_ms):+.2f} ms late, "
        f"the last {drift_ms:+.3f} ms against the first\n"
    )
    assert abs(drift_ms) * 60 / minutes < 1, "an hour"
    assert max(map(abs, late_ms)) < 5
