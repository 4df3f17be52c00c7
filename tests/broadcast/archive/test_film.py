"""A recording as one MP4: plays whole over every gap, and can be cut to a piece."""

import contextlib
import io
from itertools import pairwise
from pathlib import Path

import av
import pytest

from broadcast.archive.chapters import Chapter
from broadcast.archive.film import FilmError, film, marks_of, piece
from broadcast.outputs import playlist
from broadcast.outputs.segments import Order, Segments
from broadcast.outputs.vault import PLAIN, Envelope
from config.settings import Program, Recording
from tests import media
from tests.broadcast.outputs.streams import EPOCH_S, PROGRAM, program
from tests.broadcast.outputs.test_sealed import closed
from tests.broadcast.outputs.test_sealed import record as record_sealed

SETTINGS = Recording(segment_ms=1000, stop_free_bytes=0, warn_free_bytes=0)


def record(root: Path, seconds: int, from_s: int = EPOCH_S, shape: Program = PROGRAM) -> None:
    with contextlib.closing(Segments(root, shape, SETTINGS)) as segments:
        segments.start()
        segments.follow(Order("x", recording=True))
        for packet in program(seconds, from_s):
            segments.offer(packet)


def made(
    folder: Path, from_s: float = 0, to_s: float | None = None, envelope: Envelope = PLAIN
) -> bytes:
    listed = playlist.parse((folder / "index.m3u8").read_text())
    assert listed is not None
    whole = film(folder, piece(listed, from_s, to_s), envelope)
    data = b"".join(whole.pieces())
    assert len(data) == whole.size
    return data


def numbers(data: bytes) -> list[int]:
    return [mark.number for _, mark in media.decode(data).marks() if mark is not None]


def test_over_a_restart_it_is_one_film_without_a_hole(tmp_path: Path) -> None:
    record(tmp_path, 3)
    record(tmp_path, 3, EPOCH_S + 3600)
    data = made(tmp_path / "x")
    assert numbers(data) == [*range(75), *range(75)]
    times: dict[str, list[float]] = {"video": [], "audio": []}
    with av.open(io.BytesIO(data)) as container:
        for packet in container.demux():
            if packet.dts is not None:
                times[packet.stream.type].append(float(packet.dts * packet.time_base))
    for kind, moments in times.items():
        steps = [b - a for a, b in pairwise(moments)]
        assert min(steps) > 0, kind
        assert max(steps) < 0.15, "the hour between has no length"
    clip = media.decode(data)
    assert abs(clip.pictures[0][0] - clip.sound[0][0]) < 0.04
    assert clip.pictures[-1][0] == pytest.approx(6, abs=0.2)


def test_a_piece_begins_at_zero(tmp_path: Path) -> None:
    record(tmp_path, 4)
    data = made(tmp_path / "x", 1.5, 2.5)
    assert numbers(data) == list(range(25, 75))
    assert media.decode(data).pictures[0][0] < 0.1


def test_players_can_jump_in_it(tmp_path: Path) -> None:
    record(tmp_path, 4)
    with av.open(io.BytesIO(made(tmp_path / "x"))) as container:
        video = container.streams.video[0]
        container.seek(3_100_000)
        first = next(container.decode(video))
        assert float(first.time or 0) == pytest.approx(3.04, abs=0.01)
        assert float((container.duration or 0) / av.time_base) == pytest.approx(4, abs=0.2)


LONG = "Chất vấn về " + "đường liên xã ẩm ướt " * 20
CHAPTERS = (
    Chapter(0.0, 2.0, "item", LONG, ""),
    Chapter(1.2, 2.0, "turn", "Giàng A Dính", "phát biểu"),
    Chapter(2.0, 4.0, "item", "Bế mạc", ""),
)


def chapters_in(data: bytes) -> list[tuple[float, str]]:
    """As FFmpeg tells them."""
    with av.open(io.BytesIO(data)) as container:
        return [
            (float(one["start"] * one["time_base"]), one["metadata"]["title"])
            for one in container.chapters()
        ]


def test_it_has_its_chapters_by_name(tmp_path: Path) -> None:
    record(tmp_path, 4)
    listed = playlist.parse((tmp_path / "x" / "index.m3u8").read_text())
    assert listed is not None
    for from_s, to_s, seconds in ((0.0, None, [0, 1.2, 2]), (1.5, 2.5, [0, 0.2, 1])):
        marks = marks_of(CHAPTERS, listed, from_s, to_s)
        whole = film(tmp_path / "x", piece(listed, from_s, to_s), marks=marks)
        data = b"".join(whole.pieces())
        assert len(data) == whole.size
        told = chapters_in(data)
        assert [at for at, _ in told] == [pytest.approx(one + 0.04, abs=0.001) for one in seconds]
        assert [title for _, title in told][1:] == ["Giàng A Dính", "Bế mạc"]
        assert LONG.startswith(told[0][1]), "cut between two letters"
        assert len(told[0][1]) > 150
        assert numbers(data)[0] == (25 if from_s else 0)
    assert chapters_in(made(tmp_path / "x")) == []


def test_of_very_many_chapters_the_items_are_told(tmp_path: Path) -> None:
    record(tmp_path, 4)
    listed = playlist.parse((tmp_path / "x" / "index.m3u8").read_text())
    assert listed is not None
    turns = (Chapter(0.001 * n, 1.0, "turn", f"lượt {n}", "") for n in range(300))
    assert [one.title for one in marks_of((*CHAPTERS, *turns), listed)] == [LONG, "Bế mạc"]
    assert marks_of(CHAPTERS, listed, 50) == []


def test_nothing_is_no_film(tmp_path: Path) -> None:
    record(tmp_path, 1)
    with pytest.raises(FilmError, match="nothing_there"):
        made(tmp_path / "x", 50)


def test_a_picture_that_changed_its_size_is_told(tmp_path: Path) -> None:
    record(tmp_path, 1)
    record(tmp_path, 1, EPOCH_S + 5, Program(width=640, height=360, fps=25))
    with pytest.raises(FilmError, match="two_shapes"):
        made(tmp_path / "x")
    assert numbers(made(tmp_path / "x", 0, 0.5)) == list(range(25))


def test_a_sealed_one_opens_with_its_key(tmp_path: Path) -> None:
    from broadcast.outputs.vault import Sealed, load_key

    record_sealed(tmp_path, closed(2))
    envelope = Sealed(load_key(tmp_path / "sealed.key"), "x")
    assert numbers(made(tmp_path / "sealed" / "x", envelope=envelope)) == list(range(50))
