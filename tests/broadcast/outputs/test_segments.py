"""The recording on disk: written, read back by FFmpeg, torn and mended, refused by the disk."""

import contextlib
import itertools
import os
import resource
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import m3u8
import pytest

from broadcast.outputs.fmp4 import boxes, origin_of, whole_fragments
from broadcast.outputs.playlist import Playlist, parse
from broadcast.outputs.recovery import recover
from broadcast.outputs.segments import Order, Segments
from config.settings import Recording
from streams.frames import Packet
from tests import media
from tests.broadcast.outputs.streams import EPOCH_S, PROGRAM, program

SETTINGS = Recording(segment_ms=1000, stop_free_bytes=0, warn_free_bytes=0)
RECORD = Order("x", recording=True)


@contextlib.contextmanager
def recording(archive: Path, settings: Recording = SETTINGS) -> Iterator[Segments]:
    segments = Segments(archive, PROGRAM, settings)
    segments.start()
    try:
        segments.follow(RECORD)
        yield segments
    finally:
        segments.close()


def record(archive: Path, packets: Iterable[Packet], end: Order | None = None) -> None:
    with recording(archive) as segments:
        for packet in packets:
            segments.offer(packet)
        if end is not None:
            segments.follow(end)


def playlist(folder: Path) -> Playlist:
    parsed = parse((folder / "index.m3u8").read_text())
    assert parsed is not None
    return parsed


def clip(folder: Path, init: str = "init-0.mp4") -> media.Clip:
    """Everything listed after that init segment, decoded by FFmpeg."""
    names, current = [], ""
    for entry in playlist(folder).entries:
        current = entry.init or current
        names += [entry.name] if current == init else []
    return media.decode(b"".join((folder / name).read_bytes() for name in [init, *names]))


def numbers(folder: Path, init: str = "init-0.mp4") -> list[int]:
    return [mark.number for _, mark in clip(folder, init).marks() if mark is not None]


def test_what_is_recorded_plays(tmp_path: Path) -> None:
    record(tmp_path, program(4), Order("x", finished=True))
    folder = tmp_path / "x"
    listed = playlist(folder)
    assert [entry.duration_s for entry in listed.entries] == [1.0] * 4
    assert [entry.wall_ms for entry in listed.entries] == [(EPOCH_S + n) * 1000 for n in range(4)]
    assert listed.ended
    assert numbers(folder) == list(range(100))
    assert media.tone_level(clip(folder).heard()[4800:180_000], 1000) == pytest.approx(-12, abs=0.5)


def test_sound_and_picture_are_aligned_in_every_segment(tmp_path: Path) -> None:
    record(tmp_path, program(3))
    folder = tmp_path / "x"
    init = (folder / "init-0.mp4").read_bytes()
    for number, entry in enumerate(playlist(folder).entries):
        one = media.decode(init + (folder / entry.name).read_bytes())
        picture_at, sound_at = one.pictures[0][0], one.sound[0][0]
        assert abs(picture_at - sound_at) < 0.04
        assert picture_at == pytest.approx(1 + number, abs=0.001)
        assert len(one.pictures) == 25


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs FFmpeg's ffprobe")
def test_ffprobe_has_nothing_to_complain_of(tmp_path: Path) -> None:
    record(tmp_path, program(3), Order("x", finished=True))
    command = ["ffprobe", "-v", "warning", "-show_packets", "-of", "csv"]
    done = subprocess.run(
        [*command, tmp_path / "x" / "index.m3u8"], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout.count("packet,video") == 75


def test_the_wire_copies_of_packets_that_are_not_public_never_reach_the_disk(
    tmp_path: Path,
) -> None:
    record(tmp_path, [replace(packet, public=False) for packet in program(2)])
    assert playlist(tmp_path / "x").entries == ()
    assert list((tmp_path / "x").glob("*.m4s")) == []


def test_recording_can_stop_and_go_on(tmp_path: Path) -> None:
    with recording(tmp_path) as segments:
        for packet in program(2):
            segments.offer(packet)
        segments.follow(Order("x"))
        for packet in program(2, EPOCH_S + 5):
            segments.offer(packet)
        segments.follow(RECORD)
        for packet in program(2, EPOCH_S + 10):
            segments.offer(packet)
    entries = playlist(tmp_path / "x").entries
    assert [entry.wall_ms // 1000 - EPOCH_S for entry in entries] == [0, 1, 10, 11]
    assert [entry.discontinuity for entry in entries] == [False, False, True, False]
    assert len(numbers(tmp_path / "x", "init-1.mp4")) == 50


def test_status_tells_what_is_recorded(tmp_path: Path) -> None:
    with recording(tmp_path) as segments:
        for packet in program(3):
            segments.offer(packet)
        media.wait_for(lambda: segments.status().recorded_s >= 2.8, "3 s are recorded")
        status = segments.status()
        assert status.recording
        assert status.recorded_bytes > 10_000
        assert status.disk_free_bytes
        assert status.faults == ()


def torn(tmp_path: Path, cut: int) -> Path:
    """A recording whose writer was killed: two segments listed, of the third `cut` bytes."""
    folder = tmp_path / "x"
    record(tmp_path, program(3))
    index = folder / "index.m3u8"
    third = index.read_text().index("#EXT-X-PROGRAM-DATE-TIME", index.read_text().index("00000001"))
    index.write_text(index.read_text()[:third])
    last = folder / "00000002.m4s"
    last.write_bytes(last.read_bytes()[:cut])
    return folder


def test_a_torn_tail_is_cut_and_listed_with_its_true_length(tmp_path: Path) -> None:
    whole = torn(tmp_path, 1 << 20).joinpath("00000002.m4s").read_bytes()
    ends = [end for kind, _, end in boxes(whole) if kind == b"mdat"]
    for cut in (ends[2], ends[2] + 1, ends[3] - 1):
        folder = torn(tmp_path / str(cut), cut)
        found = recover(folder, 1000)
        assert found.segments == 3
        assert playlist(folder).entries[2].duration_s == pytest.approx(0.6)
        assert (folder / "00000002.m4s").stat().st_size == ends[2]
        assert numbers(folder) == list(range(65))


def test_a_hole_that_a_power_cut_left_ends_what_is_kept(tmp_path: Path) -> None:
    """A file may have its length before it has all of its pages: those are zeros, and any part of
    a header may be missing."""
    folder = torn(tmp_path, 1 << 20)
    last = folder / "00000002.m4s"
    whole = last.read_bytes()
    third = [start - 8 for kind, start, _ in boxes(whole) if kind == b"moof"][2]
    index = (folder / "index.m3u8").read_text()
    for hole in range(third, third + 200, 4):
        last.write_bytes(whole[:hole] + bytes(64) + whole[hole + 64 :])
        (folder / "index.m3u8").write_text(index)
        assert recover(folder, 1000).segments == 3
        assert playlist(folder).entries[2].duration_s >= 0.4


@pytest.mark.parametrize(("name", "box"), [("init-0.mp4", b"mvhd"), ("00000002.m4s", b"tfdt")])
def test_a_time_that_lost_a_bit_ends_nothing(tmp_path: Path, name: str, box: bytes) -> None:
    """Whichever: in the year 1141709154 no playlist can name it, and recording goes on."""
    folder = torn(tmp_path, 6000)
    files = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    at = files[folder / name].index(box) + 8
    for bit in range(64):
        for path, data in files.items():
            path.write_bytes(data)
        flipped = bytearray(files[folder / name])
        flipped[at + bit // 8] ^= 1 << bit % 8
        (folder / name).write_bytes(flipped)
        assert recover(folder, 1000).segments in {2, 3}
        assert len(playlist(folder).entries) in {2, 3}


def test_a_tail_without_one_whole_part_is_removed(tmp_path: Path) -> None:
    folder = torn(tmp_path, 100)
    assert recover(folder, 1000).segments == 2
    assert not (folder / "00000002.m4s").exists()


def test_recovery_twice_changes_nothing(tmp_path: Path) -> None:
    folder = torn(tmp_path, 4000)
    first = recover(folder, 1000)
    files = {path: path.read_bytes() for path in folder.rglob("*.*")}
    assert recover(folder, 1000) == first
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == files


@pytest.mark.parametrize("keep", [0, 3, 40, 180, 230, 300, 350])
def test_a_playlist_cut_short_is_made_whole(tmp_path: Path, keep: int) -> None:
    """Every segment is on disk; whatever is left of the playlist, all are listed again."""
    record(tmp_path, program(3))
    folder = tmp_path / "x"
    index = folder / "index.m3u8"
    index.write_text(index.read_text()[:keep])
    assert recover(folder, 1000).segments == 3
    read = m3u8.load(str(index))
    assert [segment.duration for segment in read.segments] == [1.0] * 3
    assert read.segments[0].init_section.uri == "init-0.mp4"
    assert numbers(folder) == list(range(75))


def test_a_new_run_goes_on_after_a_crash(tmp_path: Path) -> None:
    folder = torn(tmp_path, 6000)
    record(tmp_path, program(2, EPOCH_S + 4), Order("x", finished=True))
    listed = playlist(folder)
    assert [entry.discontinuity for entry in listed.entries] == [False, False, False, True, False]
    assert listed.ended
    assert numbers(folder, "init-1.mp4") == list(range(50))
    # One program time: the second run is where the wall was, not at zero.
    assert clip(folder, "init-1.mp4").pictures[0][0] == pytest.approx(5, abs=0.001)
    origin = origin_of((folder / "init-1.mp4").read_bytes())
    assert origin == EPOCH_S - 1


def test_a_playlist_that_lost_a_bit_says_the_same_again(tmp_path: Path) -> None:
    """Of three runs: each segment after the damage is of its own run still."""
    for run in range(3):
        record(tmp_path, program(2, EPOCH_S + 4 * run))
    index = tmp_path / "x" / "index.m3u8"
    whole = index.read_text()
    for damaged in ("#EXTINF", '#EXT-X-MAP:URI="init-1', "#EXT-X-DISC"):
        index.write_text(whole.replace(damaged, damaged[1:], 1))
        recover(index.parent, 1000)
        assert index.read_text() == whole


def test_a_finished_recording_is_left_alone(tmp_path: Path) -> None:
    record(tmp_path, program(2), Order("x", finished=True))
    before = (tmp_path / "x" / "index.m3u8").read_bytes()
    record(tmp_path, program(2, EPOCH_S + 4), Order("x", finished=True))
    assert (tmp_path / "x" / "index.m3u8").read_bytes() == before


def test_a_session_that_ended_while_the_studio_was_away_gets_its_end_mark(tmp_path: Path) -> None:
    folder = torn(tmp_path, 6000)
    with contextlib.closing(Segments(tmp_path, PROGRAM, SETTINGS)) as segments:
        segments.start()
        segments.follow(Order("x", finished=True))
    assert playlist(folder).ended
    assert len(playlist(folder).entries) == 3


def test_garbage_in_the_folder_does_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "index.m3u8").write_bytes(b"\xff\xfe garbage")
    (folder / "00000000.m4s").write_bytes(os.urandom(1000))
    record(tmp_path, program(2))
    assert len(playlist(folder).entries) == 2
    assert whole_fragments(os.urandom(1000)) is None


@contextlib.contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_and_recording_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands for the full disk: writing fails in the middle of a part."""
    with recording(tmp_path) as segments:
        media.wait_for(lambda: (tmp_path / "x" / "index.m3u8").exists(), "the folder is there")
        with file_size_limit(5000):
            for packet in program(2):
                segments.offer(packet)
            media.wait_for(lambda: segments.status().faults, "the fault is told")
            status = segments.status()
            assert [fault.code for fault in status.faults] == ["disk_full"]
            assert not status.recording
        second = itertools.count(10)

        def offered_more() -> bool:
            if not len(segments._queue):
                for packet in program(1, EPOCH_S + next(second)):
                    segments.offer(packet)
            return segments.status().recording

        media.wait_for(offered_more, "it records again")
        told = [fault.code for fault in segments.status().faults]
        assert told == ["recording_gaps"], "what is missing is told for a while"
    folder = tmp_path / "x"
    entries = playlist(folder).entries
    assert entries[1].discontinuity
    assert 0 < entries[0].duration_s < 1
    assert numbers(folder) == list(range(len(numbers(folder))))


def test_too_little_space_stops_before_the_disk_is_full(tmp_path: Path) -> None:
    greedy = Recording(segment_ms=1000, stop_free_bytes=1 << 60, warn_free_bytes=0)
    with recording(tmp_path, greedy) as segments:
        media.wait_for(lambda: segments.status().faults, "the fault is told")
        assert segments.status().faults[0].code == "disk_full"
        for packet in program(2):
            segments.offer(packet)
    assert not (tmp_path / "x").exists()


def test_little_space_is_warned_of(tmp_path: Path) -> None:
    careful = Recording(segment_ms=1000, stop_free_bytes=0, warn_free_bytes=1 << 60)
    with recording(tmp_path, careful) as segments:
        media.wait_for(lambda: segments.status().faults, "the warning is told")
        assert segments.status().faults[0].code == "disk_low"
        media.wait_for(lambda: segments.status().recording, "it records all the same")


def test_a_folder_that_cannot_be_written_is_a_fault_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a file where the folder should be")
    with recording(tmp_path) as segments:
        media.wait_for(lambda: segments.status().faults, "the fault is told")
        assert segments.status().faults[0].code == "disk_error"
