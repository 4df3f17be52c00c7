"""Old recordings: nothing leaves the disk before a copy elsewhere is proven, and all else stays."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.session.decide import Act
from broadcast.session.events import SessionPrepared, SessionWentLive
from broadcast.session.model import Role
from config.settings import Settings, Storage
from tests.broadcast.outputs.streams import EPOCH_S
from tests.web.test_proof import at_home, recorded, was_live_for
from web import setup
from web.cli import main
from web.setup import DATABASE

__all__ = ["at_home", "recorded"]  # the fixtures

WHY = "Đĩa sắp đầy"


@pytest.fixture
def data(recorded: Path, tmp_path: Path) -> Path:
    """The session is over, and copied."""
    data = shutil.copytree(recorded, tmp_path / "data")
    was_live_for(data, 4)
    assert main(("backup", str(tmp_path / "copy"), "--data-dir", str(data))) == 0
    return data


def retire(
    data: Path, capsys: pytest.CaptureFixture[str], copy: Path | None = None, why: str = WHY
) -> tuple[int, str]:
    capsys.readouterr()
    where = str(copy or data.parent / "copy")
    status = main(("retire", "x", "--kept-in", where, "--why", why, "--data-dir", str(data)))
    said = capsys.readouterr()
    return status, said.out + said.err


def files(folder: Path) -> set[str]:
    kept = (one for one in folder.rglob("*") if one.is_file())
    return {str(one.relative_to(folder)) for one in kept if not one.name.startswith(DATABASE)}


def media(data: Path) -> set[str]:
    """What is heard and seen."""
    return {one for one in files(data) if one.endswith((".m4s", ".mp4", ".mkv"))}


def test_a_recording_leaves_and_all_else_stays(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, copied = files(data), files(data.parent / "copy")
    status, said = retire(data, capsys)
    assert status == 0, said
    assert "was removed" not in said
    assert not media(data)
    gone = before - files(data)
    assert gone == before & media(data.parent / "copy")
    assert {one.partition("/")[0] for one in gone} == {"archive", "sites", "sealed"}
    assert "sealed.key" in files(data)
    assert files(data.parent / "copy") == copied
    with setup.open_store(Settings(storage=Storage(data_dir=data))) as store:
        note = store.audit()[-1].note
    assert (note.what, note.session, note.who) == ("recording_retired", "x", setup.person_here())
    assert note.detail["why"] == WHY
    assert note.detail["files"] == len(gone)
    assert main(("replay", "x", "minutes", "--data-dir", str(data))) == 0
    assert main(("audit", "verify", "--data-dir", str(data))) == 0
    status, said = retire(data, capsys)
    assert status == 1
    assert "before" in said


def test_verify_looks_at_the_copy_from_then_on(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = data.parent / "copy"
    (copy / "sites/x/muong-lay-20260921T141320.000Z.mkv").write_bytes(b"copied in the making")
    retire(data, capsys)
    verify = ("verify", "x", "--data-dir", str(data))
    assert main(verify) == 0
    said = capsys.readouterr().out
    assert WHY in said
    assert said.count("UNALTERED") == 5
    next((copy / "archive/x").glob("*.m4s")).unlink()
    assert main(verify) == 1
    copy.rename(data.parent / "away")
    assert main(verify) == 2
    assert "connect that disk" in capsys.readouterr().err


def test_the_only_copy_is_not_replaced_by_what_comes_back_half(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    retire(data, capsys)
    copy, name = data.parent / "copy", "archive/x/180p/00000001.m4s"
    whole = (copy / name).read_bytes()
    (data / name).write_bytes(whole[:100])
    assert main(("backup", str(copy), "--data-dir", str(data))) == 0
    assert (copy / name).read_bytes() == whole
    assert "Not in this copy" not in capsys.readouterr().err
    assert main(("backup", str(data.parent / "new"), "--data-dir", str(data))) == 0
    said = capsys.readouterr().err
    assert said.startswith("Not in this copy: the recording of session x")
    assert str(copy) in said


def test_a_removal_that_was_cut_short_is_ended(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink, left = Path.unlink, [3]

    def cut_short(path: Path, missing_ok: bool = False) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(5, "Input/output error", str(path))
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", cut_short)
        status, _ = retire(data, capsys)
    assert status == 2
    assert retire(data, capsys)[0] == 0
    assert not media(data)


def test_a_language_that_nobody_interpreted_into_keeps_nothing_here(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in (data, data.parent / "copy"):
        empty = folder / "archive/x/language-en"
        empty.mkdir()
        (empty / "index.m3u8").write_text("#EXTM3U\n")
    assert retire(data, capsys)[0] == 0
    assert not media(data)


def test_a_session_of_which_nothing_was_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ended before a segment was: it was not taken off before."""
    data = tmp_path / "data"
    (data / "archive/x").mkdir(parents=True)
    (data / "archive/x/index.m3u8").write_text("#EXTM3U\n")
    was_live_for(data, 0)
    (tmp_path / "copy").mkdir()
    status, said = retire(data, capsys)
    assert (status, said) == (1, "There is no recording of this session on this server.\n")


def test_what_has_no_manifest_stays(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (data, data.parent / "copy"):
        (folder / "archive/x/SHA256SUMS").unlink()
    before = files(data)
    status, said = retire(data, capsys)
    assert (status, "nothing can prove" in said) == (1, True)
    assert files(data) == before


def alter(copy: Path) -> None:
    path = copy / "archive/x/00000002.m4s"
    path.write_bytes(path.read_bytes()[::-1])


def forget_a_site(copy: Path) -> None:
    shutil.rmtree(copy / "sites")


def link(copy: Path) -> None:
    path = copy / "archive/x/00000001.m4s"
    path.unlink()
    os.link(copy.parent / "data/archive/x/00000001.m4s", path)


def of_another(copy: Path) -> None:
    path = copy / "archive/x/SHA256SUMS"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-2]))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (alter, "00000002.m4s was altered"),
        (lambda copy: (copy / "archive/x/180p/00000001.m4s").unlink(), "00000001.m4s is missing"),
        (forget_a_site, "no copy of this recording"),
        (link, "own files"),
        (of_another, "not all of it"),
        (shutil.rmtree, "no folder"),
    ],
)
def test_nothing_is_removed_that_is_not_whole_elsewhere(
    data: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
    sentence: str,
) -> None:
    before = files(data)
    spoil(data.parent / "copy")
    status, said = retire(data, capsys)
    assert status == 1
    assert sentence in said
    assert "Nothing was removed" in said
    assert files(data) == before


def test_the_folder_itself_is_no_copy_and_a_reason_is_given(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data.parent / "link").symlink_to(data)
    for copy in (data, data.parent / "link"):
        status, said = retire(data, capsys, copy)
        assert (status, "no folder" in said) == (1, True)
    assert retire(data, capsys, why=" ")[0] == 1


def test_what_is_on_stays(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = shutil.copytree(recorded, tmp_path / "data")
    begun_ms = EPOCH_S * 1000
    prepared = SessionPrepared(
        at_ms=begun_ms - 1, id="x", title="", sites=(), delegates=(), agenda=()
    )
    with setup.open_store(Settings(storage=Storage(data_dir=data))) as store:
        act = Act(begun_ms, Role.SYSTEM, "test", None, "fresh")
        store.append("x", 0, (prepared, SessionWentLive(at_ms=begun_ms)), act)
    main(("backup", str(tmp_path / "copy"), "--data-dir", str(data)))
    before = files(data)
    status, said = retire(data, capsys)
    assert (status, "is not over" in said) == (1, True)
    assert files(data) == before
