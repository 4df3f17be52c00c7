"""The machine's clock is set while it records: the media goes on, and tells the true time."""

import contextlib
from pathlib import Path

import pytest

from broadcast.archive.film import film, piece
from broadcast.outputs import playlist
from broadcast.outputs.recovery import INDEX, recover
from broadcast.outputs.segments import Order, Segments
from config.settings import Recording
from tests import media
from tests.broadcast.outputs.streams import EPOCH_S, PROGRAM, program

SETTINGS = Recording(segment_ms=1000, stop_free_bytes=0, warn_free_bytes=0)
RUN_S = 4
SET_AT_S = 2


def record(root: Path, by_s: int) -> tuple[Path, str]:
    """The clock is set in the middle; the folder, and what the technician is told."""
    wall = [0]
    made = Segments(root, PROGRAM, SETTINGS, clock_set_s=lambda: wall[0])
    with contextlib.closing(made) as segments:
        segments.start()
        segments.follow(Order("x", recording=True))
        packets = program(RUN_S)
        times = [packet.pts / packet.codec.clock_rate - EPOCH_S for packet in packets]
        half = packets[: next(n for n, at_s in enumerate(times) if at_s >= SET_AT_S)]
        for packet in half:
            segments.offer(packet)
        media.wait_for(lambda: segments.status().recorded_s > SET_AT_S - 0.5, "the first half")
        wall[0] = by_s
        for packet in packets[len(half) :]:
            segments.offer(packet)
        media.wait_for(lambda: segments.status().recorded_s > RUN_S - 0.5, "the second half")
        (fault,) = media.wait_for(lambda: segments.status().faults, "that it is told")
    assert fault.code == "clock_set"
    return root / "x", fault.detail


def entries(folder: Path) -> list[playlist.Entry]:
    listed = playlist.parse((folder / INDEX).read_text())
    assert listed is not None
    return list(listed.entries)


@pytest.mark.parametrize(("by_s", "told"), [(3600, "+3600"), (-1800, "-1800")])
def test_the_recording_goes_on_and_tells_the_true_time(
    tmp_path: Path, by_s: int, told: str
) -> None:
    folder, detail = record(tmp_path, by_s)
    assert detail == told
    for at in (folder, folder / "sound"):
        walls = [round(entry.wall_ms / 1000) - EPOCH_S for entry in entries(at)]
        assert walls == [n + (by_s if n >= SET_AT_S else 0) for n in range(RUN_S)]
    gaps = [entry.discontinuity for entry in entries(folder)]
    assert gaps == [n == SET_AT_S for n in range(RUN_S)], "marked where it was set"
    listed = playlist.Playlist(tuple(entries(folder)), ended=False, length=0)
    data = b"".join(film(folder, piece(listed)).pieces())
    numbers = [mark.number for _, mark in media.decode(data).marks() if mark is not None]
    assert numbers == list(range(RUN_S * 25)), "not one picture is lost"

    before = entries(folder)
    index = folder / INDEX
    last = index.read_text().index("#EXT-X-PROGRAM", index.read_text().index("00000002"))
    index.write_text(index.read_text()[:last])
    recover(folder, 1000)
    assert entries(folder) == before, "recovery knows it too"
