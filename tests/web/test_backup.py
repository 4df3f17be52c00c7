"""A copy of the data folder, taken while the server writes to it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from broadcast.audit import Note
from broadcast.session.model import Role
from config.settings import Settings, Storage
from web.backup import backup
from web.setup import DATABASE, SetupError, open_store, prepare_session


def _settings(folder: Path, url: str = "") -> Settings:
    return Settings(storage=Storage(data_dir=folder, database_url=url))


def test_what_is_written_meanwhile_harms_no_copy(tmp_path: Path) -> None:
    kept, copy = _settings(tmp_path / "data"), _settings(tmp_path / "copy")
    enough = threading.Event()
    written = []

    def write() -> None:
        while not enough.is_set():
            store.note(Note(len(written), "test", Role.SYSTEM, "x" * 500))
            written.append(1)

    with open_store(kept) as store:
        session = prepare_session(store, "dien_bien")
        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(5):
                before = len(written)
                backup(kept, tmp_path / "copy")
                with open_store(copy) as copied:
                    assert len(copied.audit()) > before, "all that was there when it began"
                    assert [one.id for one in copied.sessions()] == [session]
        finally:
            enough.set()
            writer.join()


def test_only_what_changed_is_copied_again(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    open_store(_settings(data)).close()
    recording = data / "archive" / "s1"
    recording.mkdir(parents=True)
    (recording / "00000000.m4s").write_bytes(b"picture")
    (recording / "index.m3u8").write_text("#EXTM3U")
    (data / "secret.key").write_bytes(b"k")
    (data / "secret.key").chmod(0o600)
    (data / "run").mkdir()
    (data / "run" / "lock").touch()
    assert backup(_settings(data), copy) == 3
    assert backup(_settings(data), copy) == 0
    (recording / "index.m3u8").write_text("#EXTM3U\n#EXT-X-ENDLIST")
    assert backup(_settings(data), copy) == 1
    assert (copy / "archive/s1/index.m3u8").read_text().endswith("ENDLIST")
    assert (copy / "secret.key").stat().st_mode & 0o777 == 0o600
    assert copy.stat().st_mode & 0o777 == 0o700
    assert not (copy / "run").exists()


def test_a_disk_that_keeps_times_to_two_seconds_gets_no_recording_again(tmp_path: Path) -> None:
    """FAT, as a disk from the shop may be; exFAT to 10 ms. A small file is copied once more."""
    data, copy = tmp_path / "data", tmp_path / "copy"
    open_store(_settings(data)).close()
    recording = data / "archive" / "s1"
    recording.mkdir(parents=True)
    for name in ("00000000.m4s", "index.m3u8"):
        (recording / name).write_bytes(b"as it is")
        os.utime(recording / name, ns=(0, 1_790_000_001_900_000_000))
    assert backup(_settings(data), copy) == 2
    for path in (copy / "archive/s1").iterdir():
        os.utime(path, ns=(0, 1_790_000_000_000_000_000))
    assert backup(_settings(data), copy) == 1
    (recording / "00000000.m4s").write_bytes(b"as it was")
    assert backup(_settings(data), copy) == 1


def test_a_bad_sector_keeps_nothing_else_from_being_copied(tmp_path: Path) -> None:
    """`/proc/self/mem` can be opened, and at its beginning not be read."""
    data, copy = tmp_path / "data", tmp_path / "copy"
    open_store(_settings(data)).close()
    for name in ("s1", "s2"):
        (data / "archive" / name).mkdir(parents=True)
        (data / "archive" / name / "00000001.m4s").write_bytes(b"picture")
        (data / "archive" / name / "00000000.m4s").symlink_to("/proc/self/mem")
    with pytest.raises(SetupError, match=r"s[12]/00000000.m4s, .*s[12]/00000000.m4s; all else"):
        backup(_settings(data), copy)
    for name in ("s1", "s2"):
        assert [path.name for path in (copy / "archive" / name).glob("0*")] == ["00000001.m4s"]


def _moved_archive(data: Path, larger: Path) -> Path:
    """As an office does whose disk is full: the archive on a larger one, a link in its place."""
    open_store(_settings(data)).close()
    recording = larger / "archive" / "s1"
    recording.mkdir(parents=True)
    (recording / "00000000.m4s").write_bytes(b"picture")
    (data / "archive").symlink_to(larger / "archive")
    return recording


def test_an_archive_that_was_moved_to_a_larger_disk_is_copied(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    recording = _moved_archive(data, tmp_path / "larger")
    (recording / "back").symlink_to(data)  # round and round, where somebody is careless
    assert backup(_settings(data), copy) == 1
    assert (copy / "archive/s1/00000000.m4s").read_bytes() == b"picture"
    assert backup(_settings(data), copy) == 0


def test_an_archive_whose_disk_is_not_there_is_no_copy(tmp_path: Path) -> None:
    data, larger = tmp_path / "data", tmp_path / "larger"
    _moved_archive(data, larger)
    larger.rename(tmp_path / "unplugged")
    with pytest.raises(SetupError, match="archive"):
        backup(_settings(data), tmp_path / "copy")


def test_a_copy_is_not_put_where_it_would_copy_itself(tmp_path: Path) -> None:
    data, larger, other = tmp_path / "data", tmp_path / "larger", tmp_path / "other"
    _moved_archive(data, larger)
    other.symlink_to(data)
    for target in (data / "copy", other / "copy", larger / "archive" / "copy"):
        with pytest.raises(SetupError, match="in the data folder"):
            backup(_settings(data), target)


def test_what_cannot_be_copied_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=DATABASE):
        backup(_settings(tmp_path / "nothing"), tmp_path / "copy")


def test_a_folder_that_may_not_be_looked_into_is_named(tmp_path: Path) -> None:
    """What was closed is for the server's own user alone."""
    data, copy = tmp_path / "data", tmp_path / "copy"
    open_store(_settings(data)).close()
    (data / "sealed").mkdir(mode=0)
    asked = [str(Path(sys.executable).with_name("diemcau")), "backup", str(copy)]
    if os.geteuid() == 0:
        may_not = "--bounding-set=-dac_override,-dac_read_search"
        asked = ["setpriv", may_not, *asked]
    there = {**os.environ, "DIEMCAU_STORAGE__DATA_DIR": str(data)}
    done = subprocess.run(asked, env=there, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert f"{data / 'sealed'}: Permission denied" in done.stderr


def test_a_database_elsewhere_is_left_to_its_own_tools(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    backup(_settings(tmp_path / "data", "postgresql+psycopg://db/x"), tmp_path / "copy")
    assert not (tmp_path / "copy" / DATABASE).exists()
