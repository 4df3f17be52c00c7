"""Disks that do not give back what they took, take no more files, or are moved away: what there is
is kept, recording goes on, and that it has a gap is told."""

import errno
import itertools
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import pytest

from broadcast.archive.verify import verify
from broadcast.outputs.disk import Disk
from broadcast.outputs.recorder import Recorder
from broadcast.outputs.segments import Order, Segments
from config.settings import Recording
from tests import media
from tests.broadcast.outputs.growing import growing
from tests.broadcast.outputs.streams import EPOCH_S, PROGRAM, program
from tests.broadcast.outputs.test_power_cut import record
from tests.disks import own_disk

SETTINGS = Recording(segment_ms=1000, stop_free_bytes=0, warn_free_bytes=0)
UNREADABLE = "/proc/self/mem"
"""There, a file, and read at its beginning an input/output error."""


def spoil(path: Path) -> None:
    path.unlink()
    path.symlink_to(UNREADABLE)


@pytest.mark.parametrize("name", ["00000002.m4s", "init-0.mp4", "index.m3u8", "SHA256SUMS"])
def test_recording_goes_on_behind_what_cannot_be_read(tmp_path: Path, name: str) -> None:
    """Of the segment that a crash left open, of the beginning that it needs, and of what names
    them: that is written anew, after what they are."""
    with growing(tmp_path / "x", 4) as made:
        made.grow(13)
    spoil(tmp_path / "x" / name)
    segments = Segments(tmp_path, PROGRAM, SETTINGS)
    segments.start()
    segments.follow(Order("x", recording=True))
    for packet in program(2, EPOCH_S + 10):
        segments.offer(packet)
    media.wait_for(lambda: segments.status().recorded_s > 3, "it goes on")
    segments.follow(Order("x", finished=True))
    segments.close()
    found = {one.code for one in verify(tmp_path / "x").findings}
    assert found <= {"gap", "file_unreadable"}
    assert ("file_unreadable" in found) == (name == "init-0.mp4")


class Forgetful(Disk):
    """Once, a sync fails; what was to be synced is then gone for good, though it can still be read
    until the power goes: as Linux has it (fsync(2))."""

    def __init__(self, fails_at: int) -> None:
        self._fails_at = fails_at
        self._safe: dict[int, bytes] = {}
        self._gone: set[int] = set()

    def sync(self, file: FileIO) -> None:
        path, inode = Path(str(file.name)), os.fstat(file.fileno()).st_ino
        self._fails_at -= path.suffix == ".m4s"
        if self._fails_at == 0:
            self._fails_at = -1
            self._gone.add(inode)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if inode not in self._gone:
            self._safe[inode] = path.read_bytes()

    def cut_power(self, folder: Path) -> None:
        for path in folder.iterdir():
            path.write_bytes(self._safe.get(path.stat().st_ino, b""))


@pytest.mark.parametrize("fails_at", [1, 2, 6, 8])
def test_what_a_sync_failed_on_is_written_anew(tmp_path: Path, fails_at: int) -> None:
    """Else it would be sealed as it can be read, and be another after the next power cut."""
    disk = Forgetful(fails_at)
    with pytest.raises(OSError, match="Input/output"):
        record(tmp_path, 4, disk=disk)
    Recorder(tmp_path, PROGRAM, 1000, disk).end()
    disk.cut_power(tmp_path)
    assert {one.code for one in verify(tmp_path).findings} <= {"gap"}


def codes(segments: Segments) -> list[str]:
    return [fault.code for fault in segments.status().faults]


def goes_on(segments: Segments, from_s: int) -> None:
    """What is offered is recorded again, as soon as it is tried again."""
    seconds, before_s = itertools.count(from_s), segments.status().recorded_s

    def recorded_more() -> bool:
        if not len(segments._queue):
            for packet in program(1, EPOCH_S + next(seconds)):
                segments.offer(packet)
        status = segments.status()
        return status.recording and status.recorded_s != before_s

    media.wait_for(recorded_more, "it goes on")
    assert codes(segments) == ["recording_gaps"]


def test_a_folder_that_is_moved_away_while_it_is_recorded(tmp_path: Path) -> None:
    segments = Segments(tmp_path, PROGRAM, SETTINGS)
    segments.start()
    segments.follow(Order("x", recording=True))
    for packet in program(3):
        segments.offer(packet)
    media.wait_for(lambda: segments.status().recorded_s > 2.5, "a recording")
    (tmp_path / "x").rename(tmp_path / "moved")
    for packet in program(2, EPOCH_S + 3):
        segments.offer(packet)
    media.wait_for(lambda: codes(segments) == ["disk_error"], "the fault is told")
    goes_on(segments, 10)
    segments.follow(Order("x", finished=True))
    segments.close()
    assert verify(tmp_path / "x").findings == ()
    Recorder(tmp_path / "moved", PROGRAM, 1000).end()
    assert verify(tmp_path / "moved").findings == ()


@pytest.fixture
def few_files(tmp_path: Path) -> Iterator[Path]:
    """A file system for 32 files."""
    with own_disk(tmp_path / "disk", "nr_inodes=32") as folder:
        yield folder


def test_a_disk_that_takes_no_more_files(few_files: Path) -> None:
    """Though it has all the room in the world (`web.alarms` tells the one from the other)."""
    others = [few_files / f"{number}.pdf" for number in range(16)]
    for path in others:
        path.touch()
    segments = Segments(few_files, PROGRAM, SETTINGS)
    segments.start()
    segments.follow(Order("x", recording=True))
    for packet in program(12):
        segments.offer(packet)
    media.wait_for(lambda: "disk_full" in codes(segments), "the fault is told")
    assert (segments.status().disk_free_bytes or 0) > 10**7
    for path in others:
        path.unlink()
    goes_on(segments, 20)
    segments.follow(Order("x", finished=True))
    segments.close()
    assert {one.code for one in verify(few_files / "x").findings} == {"gap"}
