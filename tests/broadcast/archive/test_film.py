"""A recording as one MP4: plays whole over every gap, and can be cut to a piece."""

import contextlib
import io
from itertools import pairwise
from pathlib import Path

import av
import pytest

from broadcast.archive.film import FilmError, film, piece
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
