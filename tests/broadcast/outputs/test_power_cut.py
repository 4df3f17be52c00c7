"""The power is cut: what was not synced is gone. And disks that are slow, hang, are read-only."""

import contextlib
import errno
import itertools
import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from io import FileIO
from pathlib import Path

import pytest

from broadcast.archive.verify import Span, verify
from broadcast.outputs import manifest, playlist
from broadcast.outputs.disk import Disk
from broadcast.outputs.fmp4 import origin_of
from broadcast.outputs.ledger import digest_of
from broadcast.outputs.parts import Cutter
from broadcast.outputs.recorder import Recorder
from broadcast.outputs.renditions import Renditions
from broadcast.outputs.segments import Order, Segments
from broadcast.outputs.shelf import OPEN
from broadcast.outputs.vault import PLAIN, Envelope, Sealed
from config.settings import Recording
from tests import media
from tests.broadcast.outputs.streams import EPOCH_S, FRAME, PROGRAM, program
from tests.broadcast.outputs.test_renditions import FOLDERS, ladder
from tests.broadcast.outputs.test_renditions import PROGRAM as LADDER
from tests.disks import own_disk

TWO_SECONDS = Recording(segment_ms=2000, stop_free_bytes=0, warn_free_bytes=0)
SETTINGS = Recording(segment_ms=1000, stop_free_bytes=0, warn_free_bytes=0)
PROMISE_S = 1.0


class Cut(Disk):
    """Keeps beside the folder what a power cut would leave of it: contents as they were last
    synced, under names that their folder was synced with."""

    def __init__(self, folder: Path, left: Path) -> None:
        self._folder, self._left = folder, left
        self._contents: dict[Path, bytes] = {}
        self.media_s = 0.0
        """How far the media is: syncs take no time of it."""
        left.mkdir()

    def now_s(self) -> float:
        return self.media_s

    def sync(self, file: FileIO) -> None:
        path = Path(str(file.name))
        self._contents[path] = path.read_bytes()
        if (left := self._kept(path)).exists():
            left.write_bytes(self._contents[path])

    def sync_folder(self, folder: Path) -> None:
        if not folder.is_relative_to(self._folder) or not self._kept(folder).exists():
            return
        for path in folder.iterdir():
            if path.is_dir():
                self._kept(path).mkdir(exist_ok=True)
            else:
                self._kept(path).write_bytes(self._contents.get(path, b""))

    def _kept(self, path: Path) -> Path:
        return self._left / path.relative_to(self._folder)


def written(
    folder: Path, disk: Disk, seconds: int, from_s: int = EPOCH_S, envelope: Envelope = PLAIN
) -> Generator[float, None, None]:
    """Records as the writing thread does; after each packet, the seconds that it had been given."""
    recorder = Recorder(folder, PROGRAM, 1000, disk, envelope)
    cutter = Cutter(1000, 200, FRAME)
    try:
        for packet in program(seconds, from_s):
            for part in cutter.add(packet):
                recorder.write(part)
            yield packet.pts / packet.codec.clock_rate - from_s
    finally:
        recorder.abandon()


def record(
    folder: Path, seconds: int, from_s: int = EPOCH_S, disk: Disk | None = None, upto_s: float = 1e9
) -> None:
    """Ends as a crash would, after `upto_s`."""
    with contextlib.closing(written(folder, disk or Disk(), seconds, from_s)) as steps:
        for given_s in steps:
            if given_s > upto_s:
                break


def plays(folder: Path, envelope: Envelope = PLAIN) -> int:
    """How many pictures; none may be missing before the last."""
    listed = playlist.parse((folder / "index.m3u8").read_text())
    assert listed is not None
    names = ["init-0.mp4", *(entry.name for entry in listed.entries)]
    if len(names) == 1:
        return 0
    data = b"".join(envelope.open((folder / name).read_bytes()) for name in names)
    marks = media.decode(data).marks()
    numbers = [mark.number for _, mark in marks if mark is not None]
    assert numbers == list(range(len(numbers)))
    return len(numbers)


def sums_agree(folder: Path) -> None:
    """As anybody may look, without us."""
    check = ["sha256sum", "--check", "--strict", "--quiet", manifest.NAME]
    subprocess.run(check, cwd=folder, check=True)


@pytest.mark.parametrize("tail", [b"", bytes(5000), b"\xff" * 300])
@pytest.mark.parametrize("envelope", [PLAIN, Sealed(bytes(32), "x")], ids=["open", "sealed"])
def test_a_power_cut_costs_less_than_a_second(
    tmp_path: Path, tail: bytes, envelope: Envelope
) -> None:
    """`tail`: what the file system may leave behind the last synced byte."""
    folder = tmp_path / "x"
    disk = Cut(folder, tmp_path / "left")
    for step, given_s in enumerate(written(folder, disk, 4, envelope=envelope)):
        disk.media_s = given_s
        if step % 60 != 59:
            continue
        after = tmp_path / f"after-{step}"
        shutil.copytree(tmp_path / "left", after)
        for path in sorted(after.glob("*.m4s"))[-1:]:
            path.write_bytes(path.read_bytes() + tail)
        Recorder(after, PROGRAM, 1000, envelope=envelope).end()
        assert plays(after, envelope) / 25 > given_s - PROMISE_S
        sums_agree(after)


def listed_s(folder: Path) -> float:
    listed = playlist.parse((folder / "index.m3u8").read_text())
    assert listed is not None
    return listed.duration_s


def renditions(folder: Path, disk: Disk) -> Renditions:
    return Renditions(folder, LADDER, TWO_SECONDS, disk, OPEN, lambda: 0)


def test_nor_of_any_rendition_nor_of_the_sound_alone(tmp_path: Path) -> None:
    """Segments of two seconds: not by their closing alone."""
    disk = Cut(tmp_path / "x", tmp_path / "left")
    recorder = renditions(tmp_path / "x", disk)
    for step, packet in enumerate(ladder(5)):
        recorder.take(packet)
        disk.media_s = given_s = packet.pts / packet.codec.clock_rate - EPOCH_S
        if step % 100 != 99:
            continue
        after = tmp_path / f"after-{step}"
        shutil.copytree(tmp_path / "left", after)
        again = renditions(after, Disk())
        again.end()
        for name in FOLDERS:
            assert listed_s(after / name) > given_s - PROMISE_S, (name, given_s)
            sums_agree(after / name)
    recorder.abandon()


def test_a_slow_disk_is_left_to_the_whole_picture(tmp_path: Path) -> None:
    """Syncs that take 0.3 s: half of the disk's time for the one, less for all others."""
    disk = Busy(0.3)
    recorder = renditions(tmp_path / "x", disk)
    for packet in ladder(8):
        disk.clock_s = max(disk.clock_s, packet.pts / packet.codec.clock_rate - EPOCH_S)
        recorder.take(packet)
    recorder.stop()
    assert disk.syncs["x"] >= 8 / 0.75
    assert disk.syncs["180p"] < disk.syncs["x"]
    assert disk.clock_s < 8 * 1.6, "it keeps up, but for the closing of segments"


class Busy(Disk):
    """A clock that only syncs move."""

    def __init__(self, takes_s: float) -> None:
        self.takes_s, self.clock_s = takes_s, 0.0
        self.syncs: Counter[str] = Counter()

    def now_s(self) -> float:
        return self.clock_s

    def sync(self, file: FileIO) -> None:
        path = Path(str(file.name))
        if path.suffix == ".m4s":
            self.clock_s += self.takes_s
            self.syncs[path.parent.name] += 1


def test_after_a_power_cut_it_goes_on_in_the_same_recording(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    record(folder, 3, disk=Cut(folder, tmp_path / "left"), upto_s=2.5)
    record(tmp_path / "left", 2, EPOCH_S + 10)
    Recorder(tmp_path / "left", PROGRAM, 1000).end()
    listed = playlist.parse((tmp_path / "left" / "index.m3u8").read_text())
    assert listed is not None
    assert listed.ended
    gaps = [entry.discontinuity for entry in listed.entries]
    # Of the third second no part may have been synced yet, where syncing is slow.
    assert gaps in ([False] * before + [True, False] for before in (2, 3))
    sums_agree(tmp_path / "left")


class _PowerCutError(Exception):
    pass


class CutAt(Cut):
    """The power goes after so many syncs."""

    def __init__(self, folder: Path, left: Path, syncs: int) -> None:
        super().__init__(folder, left)
        self._syncs = syncs

    def sync(self, file: FileIO) -> None:
        super().sync(file)
        self._count()

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        self._count()

    def _count(self) -> None:
        self._syncs -= 1
        if self._syncs == 0:
            raise _PowerCutError


def test_wherever_the_power_is_cut_no_file_is_called_altered(tmp_path: Path) -> None:
    for syncs in range(1, 100):
        place = tmp_path / str(syncs)
        (place / "data").mkdir(parents=True)
        try:
            record(place / "data/x", 2, disk=CutAt(place / "data", place / "left", syncs))
            break
        except _PowerCutError:
            after = place / "left/x"
            record(after, 1, EPOCH_S + 10)
            Recorder(after, PROGRAM, 1000).end()
            assert {one.code for one in verify(after).findings} <= {"gap"}, syncs
    assert syncs > 10


def test_a_wall_clock_that_was_set_back_before_the_beginning(tmp_path: Path) -> None:
    """The machine's clock was years ahead when the session began, and is right after a restart."""
    record(tmp_path / "x", 2, EPOCH_S + 10**8)
    record(tmp_path / "x", 2)
    Recorder(tmp_path / "x", PROGRAM, 1000).end()
    listed = playlist.parse((tmp_path / "x" / "index.m3u8").read_text())
    assert listed is not None
    starts = [entry.wall_ms // 1000 - EPOCH_S for entry in listed.entries]
    assert starts == [10**8, 10**8 + 1, 0, 1]
    assert origin_of((tmp_path / "x" / "init-1.mp4").read_bytes()) == EPOCH_S - 1
    second = [(tmp_path / "x" / entry.name).read_bytes() for entry in listed.entries[2:]]
    clip = media.decode((tmp_path / "x" / "init-1.mp4").read_bytes() + b"".join(second))
    assert clip.pictures[0][0] == pytest.approx(1, abs=0.001)


def test_files_are_summed_as_they_close(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    record(folder, 4, upto_s=2.5)
    found = manifest.parse((folder / manifest.NAME).read_text())
    assert [entry.name for entry in found.entries] == ["init-0.mp4", "00000000.m4s", "00000001.m4s"]
    assert found.broken == ()
    for entry in found.entries:
        assert entry.digest == digest_of(folder / entry.name)
        assert entry.size == (folder / entry.name).stat().st_size


class Slow(Disk):
    """Every sync takes a while, or waits until it is let go."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.free = threading.Event()
        self.free.set()

    def sync(self, file: FileIO) -> None:
        time.sleep(self.delay_s)
        self.free.wait()
        super().sync(file)


def test_a_slow_disk_is_told_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadcast.outputs.segments.SLOW_SYNC_S", 0.3)
    segments = Segments(tmp_path, PROGRAM, SETTINGS, Slow(0.35))
    segments.start()
    segments.follow(Order("x", recording=True))
    for packet in program(2):
        segments.offer(packet)
    media.wait_for(
        lambda: "disk_slow" in {fault.code for fault in segments.status().faults}, "it is told"
    )
    media.wait_for(lambda: segments.status().recorded_s >= 1.8, "all of it")
    segments.close()
    assert segments.status().dropped == 0
    assert plays(tmp_path / "x") == 50


class Uneven(Busy):
    """Something else writes to it: every second sync is slow."""

    def sync(self, file: FileIO) -> None:
        self.takes_s = 0.65 - self.takes_s
        super().sync(file)


def test_a_disk_that_is_slow_now_and_then_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever sync was the last."""
    monkeypatch.setattr("broadcast.outputs.segments.SLOW_SYNC_S", 0.3)
    disk = Uneven(0.05)
    segments = Segments(tmp_path, PROGRAM, SETTINGS, disk)
    segments._replace_order(Order("x", recording=True))
    segments._step(None)
    told = set()
    for packet in program(8):
        disk.clock_s = max(disk.clock_s, packet.pts / packet.codec.clock_rate - EPOCH_S)
        segments._step(packet)
        if disk.syncs["x"] > 8:
            faults = {fault.code for fault in segments.status().faults}
            told.add((segments._keeper.sync_took_s > 0.3, "disk_slow" in faults))
    segments._keeper.stop()
    assert told == {(True, True), (False, True)}


def test_a_hanging_disk_never_holds_up_the_program(tmp_path: Path) -> None:
    disk = Slow()
    made = [packet for start in range(0, 45, 15) for packet in program(15, EPOCH_S + start)]
    segments = Segments(tmp_path, PROGRAM, SETTINGS, disk)
    segments.start()
    segments.follow(Order("x", recording=True))
    media.wait_for(lambda: segments.status().recording, "it records")
    disk.free.clear()
    for packet in made:
        segments.offer(packet)
    status = segments.status()
    assert {fault.code for fault in status.faults} == {"disk_slow", "recording_gaps"}
    assert status.dropped > 0
    disk.free.set()
    media.wait_for(lambda: segments.status().recorded_s > 25, "what it had taken")
    segments.close()
    status = segments.status()
    assert {fault.code for fault in status.faults} == {"recording_gaps"}, "and that it has a hole"
    wanted = Span(EPOCH_S * 1000, (EPOCH_S + 45) * 1000)
    gaps = verify(tmp_path / "x", [wanted]).findings
    assert {gap.code for gap in gaps} == {"gap"}
    missing_ms = sum(gap.span.length_ms for gap in gaps if gap.span is not None)
    assert missing_ms / 1000 == pytest.approx(45 - status.recorded_s, abs=1)


class Refusing(Disk):
    """While it is told to."""

    refuses = False

    def sync(self, file: FileIO) -> None:
        if self.refuses:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(file)


def test_a_session_that_ended_on_a_bad_disk_is_whole_though_another_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadcast.outputs.segments.RETRY_S", 0.2)
    disk = Refusing()
    segments = Segments(tmp_path, PROGRAM, SETTINGS, disk)
    segments.start()
    segments.follow(Order("x", recording=True))
    for packet in program(3):
        segments.offer(packet)
    media.wait_for(lambda: segments.status().recorded_s > 2.5, "the first")
    disk.refuses = True
    segments.follow(Order("x", finished=True))
    media.wait_for(lambda: segments.status().faults, "the fault is told")
    segments.follow(Order("y", recording=True))
    disk.refuses = False
    for packet in program(2, EPOCH_S + 20):
        segments.offer(packet)

    def listed(stream: str) -> playlist.Playlist:
        index = tmp_path / stream / "index.m3u8"
        found = playlist.parse(index.read_text() if index.exists() else "")
        return found or playlist.Playlist((), ended=False, length=0)

    media.wait_for(lambda: listed("x").ended, "the end of the first")
    segments.close()
    assert [round(entry.duration_s) for entry in listed("x").entries] == [1, 1, 1]
    assert verify(tmp_path / "x").whole


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    with own_disk(tmp_path / "disk") as folder:
        yield folder


def test_a_disk_that_turns_read_only_and_back(mounted: Path) -> None:
    """As Linux does to a file system with errors."""
    segments = Segments(mounted, PROGRAM, SETTINGS)
    segments.start()
    segments.follow(Order("x", recording=True))
    for packet in program(2):
        segments.offer(packet)
    media.wait_for(lambda: segments.status().recorded_s > 1.5, "a recording")
    # An open file would keep the disk busy: recording pauses between two segments.
    segments.follow(Order("x"))
    media.wait_for(lambda: not segments.status().recording, "a pause")
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    segments.follow(Order("x", recording=True))
    for packet in program(2, EPOCH_S + 5):
        segments.offer(packet)
    media.wait_for(lambda: segments.status().faults, "the fault is told")
    assert segments.status().faults[0].code == "disk_error"
    subprocess.run(["mount", "-o", "remount,rw", str(mounted)], check=True)
    seconds = itertools.count(10)

    def recorded_more() -> bool:
        if not len(segments._queue):
            for packet in program(1, EPOCH_S + next(seconds)):
                segments.offer(packet)
        return segments.status().recorded_s > 3

    media.wait_for(recorded_more, "it goes on")
    segments.close()
    sums_agree(mounted / "x")
    (gap,) = verify(mounted / "x").findings
    assert gap.span is not None
    assert gap.span.start_ms / 1000 - EPOCH_S == pytest.approx(2, abs=0.1)
    assert gap.span.end_ms / 1000 - EPOCH_S >= 10
