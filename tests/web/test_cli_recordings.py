"""The command line: recordings are proved and exported."""

import resource
from pathlib import Path

from broadcast.outputs.parts import Cutter
from broadcast.outputs.recorder import Recorder
from broadcast.session.commands import EndSession, EndTurn, GiveTurn
from broadcast.session.decide import Act
from broadcast.session.model import RequestKind, Role
from config.settings import Settings, Storage
from tests import media
from tests.broadcast.archive.test_film import chapters_in
from tests.broadcast.archive.test_film import record as record_open
from tests.broadcast.outputs.streams import FRAME, PROGRAM, program
from tests.broadcast.outputs.test_sealed import closed
from tests.broadcast.outputs.test_sealed import record as record_sealed
from tests.broadcast.session.hearing import PREPARED, START_MS, Hearing
from tests.web.command_line import Run
from web import setup


def test_a_recording_is_proved(tmp_path: Path, diemcau: Run) -> None:
    folder = tmp_path / "copy"
    recorder = Recorder(folder, PROGRAM, 1000)
    cutter = Cutter(1000, 200, FRAME)
    for part in [part for packet in program(3) for part in cutter.add(packet)] + cutter.flush():
        recorder.write(part)
    recorder.end()
    proved = diemcau("verify", str(folder))
    assert proved.returncode == 0, proved.stdout
    assert proved.stdout.startswith("NGUYÊN VẸN")
    assert "0:00:03" in proved.stdout
    (folder / "00000001.m4s").unlink()
    spoilt = diemcau("verify", str(folder), DIEMCAU_LANGUAGE="en")
    assert spoilt.returncode == 1
    assert "00000001.m4s is missing" in spoilt.stdout
    assert "1.0 seconds are missing" in spoilt.stdout
    assert "NOT WHOLE" in spoilt.stdout
    unknown = diemcau("verify", "nothing", "--data-dir", str(tmp_path))
    assert unknown.returncode == 2
    assert "nothing" in unknown.stderr


def test_a_recording_is_exported(tmp_path: Path, diemcau: Run) -> None:
    data = ("--data-dir", str(tmp_path))
    record_open(tmp_path / "archive", 3)
    record_sealed(tmp_path, closed(2))
    film = tmp_path / "piece.mp4"
    assert diemcau("export", *data, "x", str(film), "--from", "1.2", "--to", "1.8").returncode == 0
    numbers = [mark.number for _, mark in media.decode(film.read_bytes()).marks() if mark]
    assert numbers == list(range(25, 50))
    again = diemcau("export", *data, "x", str(film))
    assert again.returncode != 0
    assert "piece.mp4" in again.stderr
    assert diemcau("export", *data, "nowhere", str(tmp_path / "a.mp4")).returncode != 0
    shut = tmp_path / "kin.mp4"
    assert diemcau("export", *data, "--sealed", "x", str(shut)).returncode == 0
    assert len(media.decode(shut.read_bytes()).pictures) == 50
    assert shut.stat().st_mode & 0o077 == 0
    assert '"download"' in (tmp_path / "sealed" / "x" / "access.log").read_text()


def test_half_a_film_is_none(tmp_path: Path, diemcau: Run) -> None:
    """A limit on the size of files stands in for a full disk."""
    data, film = ("--data-dir", str(tmp_path)), tmp_path / "film.mp4"
    record_open(tmp_path / "archive", 3)
    assert diemcau("export", *data, "x", str(film)).returncode == 0
    size = film.stat().st_size
    film.unlink()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1, before[1]))
    try:
        failed = diemcau("export", *data, "x", str(film))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (failed.returncode, "too large" in failed.stderr) == (2, True)
    assert diemcau("export", *data, "x", str(film)).returncode == 0


def test_an_exported_recording_has_its_chapters(tmp_path: Path, diemcau: Run) -> None:
    """As the playback page lists them."""
    hearing = Hearing("thao-luan")
    hearing.do(GiveTurn(delegate="an", kind=RequestKind.SPEECH))
    hearing.after(1).do(EndTurn())
    hearing.after(9).do(EndSession())
    with setup.open_store(Settings(storage=Storage(data_dir=tmp_path))) as store:
        act = Act(hearing.now_ms, Role.SYSTEM, "test", None, "fresh")
        store.append(PREPARED.id, 0, hearing.log, act)
    record_open(tmp_path / "archive", 8, START_MS // 1000)
    (tmp_path / "archive" / "x").rename(tmp_path / "archive" / PREPARED.id)
    film = tmp_path / "film.mp4"
    assert diemcau("export", "--data-dir", str(tmp_path), PREPARED.id, str(film)).returncode == 0
    titles = [title for _, title in chapters_in(film.read_bytes())]
    assert titles == ["Thảo luận", "Pờ Mỳ Lế"]
