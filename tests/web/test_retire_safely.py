"""Nothing is lost while an old recording leaves: not by a power cut, a full disk, a copy that is
none or changes meanwhile, or two who do it at once."""

import asyncio
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import pytest

from broadcast.archive.retire import NAME, retired
from broadcast.outputs.disk import DISK, Disk
from broadcast.session.model import Role
from config.settings import Settings, Storage
from tests.web.rig import BOUND_S, relay, settings_in
from tests.web.test_proof import at_home, recorded
from tests.web.test_retire import WHY, data, files, media, retire
from web import setup
from web.cli import main
from web.retire import RefusedError, carry_out, note_of

__all__ = ["at_home", "data", "recorded"]  # the fixtures

FIRST = "archive/x/00000000.m4s"


def carried_out(data: Path, disk: Disk = DISK, kept_in: str = "") -> None:
    settings = Settings(storage=Storage(data_dir=data))
    with setup.open_store(settings) as store:
        carry_out(settings, store, note_of("x", kept_in or str(data.parent / "copy"), WHY), disk)


def noted(data: Path) -> int:
    """How often the audit says that it left."""
    with setup.open_store(Settings(storage=Storage(data_dir=data))) as store:
        return sum(one.note.what == "recording_retired" for one in store.audit())


class Watched(Disk):
    """Notes what is made safe, and what is left of the recording then."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.seen: list[tuple[Path, int]] = []

    def sync(self, file: FileIO) -> None:
        super().sync(file)
        self.seen.append((Path(str(file.name)), len(media(self._data))))

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        if (folder / NAME).exists():
            self.seen.append((folder / NAME, len(media(self._data))))
        self.seen.append((folder, len(media(self._data))))


def test_copy_and_note_are_safe_before_the_first_file_goes(data: Path) -> None:
    copy, whole = data.parent / "copy", len(media(data))
    disk = Watched(data)
    carried_out(data, disk)
    assert not media(data)
    safe = [path for path, left in disk.seen if left == whole]
    assert {copy / one for one in media(copy)} <= set(safe)
    assert {copy, copy / "archive", copy / "archive/x", copy / "archive/x/180p"} <= set(safe)
    for room in ("archive", "sites", "sealed"):
        folder = data / room / "x"
        assert safe.index(folder / f".{NAME}.new") < safe.index(folder / NAME), "as it is replaced"
    assert disk.seen[-1][1] == 0


class Burnt(Disk):
    """Of ISO 9660, as the kernel answers (fsync(2)): there is nothing to sync."""

    def __init__(self, copy: Path) -> None:
        self._copy = copy

    def sync(self, file: FileIO) -> None:
        if Path(str(file.name)).is_relative_to(self._copy):
            raise OSError(errno.EINVAL, "Invalid argument")
        super().sync(file)

    def sync_folder(self, folder: Path) -> None:
        if folder.is_relative_to(self._copy):
            raise OSError(errno.EINVAL, "Invalid argument")
        super().sync_folder(folder)


def test_a_copy_on_a_burnt_disc_is_one(data: Path) -> None:
    carried_out(data, Burnt(data.parent / "copy"))
    assert not media(data)


class Hooked(Disk):
    """Something happens when the last note is on the disk and no file has gone yet."""

    def __init__(self, data: Path, happens: Callable[[], None]) -> None:
        self._last, self._happens = data / "sealed/x", happens

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        if folder == self._last and (folder.parent.parent / FIRST).exists():
            self._happens()


def rewritten(copy: Path) -> None:
    path = copy / FIRST
    stat = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize(
    "happens",
    [
        rewritten,
        lambda copy: (copy / FIRST).unlink(),
        lambda copy: copy.rename(copy.with_name("away")),
    ],
    ids=["rewritten", "gone", "its disk was taken out"],
)
def test_a_copy_that_changes_after_its_proof_keeps_the_file_here(
    data: Path, capsys: pytest.CaptureFixture[str], happens: Callable[[Path], None]
) -> None:
    copy, spare = data.parent / "copy", shutil.copytree(data, data.parent / "spare")
    with pytest.raises(RefusedError) as refused:
        carried_out(data, Hooked(data, lambda: happens(copy)))
    assert refused.value.code == "changed"
    assert (data / FIRST).exists()
    half = retired(data / "archive/x")
    assert half is None or not half.ended
    shutil.rmtree(copy, ignore_errors=True)
    spare.rename(copy)
    assert retire(data, capsys)[0] == 0, "it goes on"
    assert not media(data)
    ends = [retired(data / one / "x") for one in ("archive", "sites", "sealed")]
    assert [one is not None and one.ended for one in ends] == [True] * 3


def test_two_at_once_are_one(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second: list[tuple[int, str]] = []
    carried_out(data, Hooked(data, lambda: second.append(retire(data, capsys))))
    assert second[0][0] == 1
    assert "just now" in second[0][1]
    assert noted(data) == 1


def test_a_disk_that_is_full_loses_nothing_and_claims_nothing(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, sync = media(data), Disk.sync

    def full(disk: Disk, file: FileIO) -> None:
        if NAME in str(file.name):
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(disk, file)

    with monkeypatch.context() as patch:
        patch.setattr(Disk, "sync", full)
        status, said = retire(data, capsys)
    assert (status, said) == (2, "diemcau: No space left on device\n")
    assert media(data) == before
    assert noted(data) == 0
    assert retire(data, capsys)[0] == 0


def test_the_same_disk_mounted_elsewhere_is_no_copy(data: Path, tmp_path: Path) -> None:
    """By another file system over it: the files look like others, and would go with their own."""
    mount, before = tmp_path / "mnt", media(data)
    for one in ("mnt", "upper", "work"):
        (tmp_path / one).mkdir()
    options = f"lowerdir={data},upperdir={tmp_path / 'upper'},workdir={tmp_path / 'work'}"
    mounts = f"mount -t overlay overlay -o {options} {mount}"
    if subprocess.run(["unshare", "-rm", "sh", "-c", mounts], check=False).returncode:
        pytest.skip("no mounts here")
    asks = f"{sys.executable} -m web.cli retire x --kept-in {mount} --why x --data-dir {data}"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"{mounts} && {asks}"],
        capture_output=True, text=True, timeout=BOUND_S, check=False,
    )  # fmt: skip
    assert (done.returncode, "own files" in done.stderr) == (1, True), done.stderr
    assert media(data) == before


def test_a_link_to_a_file_is_no_copy(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = data.parent / "copy" / FIRST
    path.rename(data.parent / "elsewhere")
    path.symlink_to(data.parent / "elsewhere")
    before = files(data)
    status, said = retire(data, capsys)
    assert (status, "links instead of files" in said) == (1, True), said
    assert files(data) == before


@pytest.mark.parametrize("name", ["/mnt/\0", "/mnt/\udcff", "copy", "~nobody-of-that-name/copy"])
def test_what_is_no_folders_name_is_refused(data: Path, name: str) -> None:
    with pytest.raises(RefusedError) as refused:
        carried_out(data, kept_in=name)
    assert refused.value.code == "no_folder"


def test_a_folder_with_a_vietnamese_name_is_told_as_it_is_called(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = (data.parent / "copy").rename(data.parent / "Bản sao lưu trữ")
    assert retire(data, capsys, copy)[0] == 0
    gone = retired(data / "archive/x")
    assert gone is not None
    assert gone.kept_in == str(copy)
    assert main(("verify", "x", "--data-dir", str(data))) == 0


@pytest.mark.parametrize(
    "note", ["", "{}", "[]", '{"at_ms": "x", "first": 5}', NAME], ids=lambda one: one or "nothing"
)
def test_a_note_that_is_none_is_heeded_by_nobody(tmp_path: Path, note: str) -> None:
    if note == NAME:  # nearly one
        note = (
            '{"at_ms": 1, "who": "", "why": "", "kept_in": "", "files": 1, "size": 1, "first": 5}'
        )
    (tmp_path / NAME).write_text(note)
    assert retired(tmp_path) is None


def test_what_was_brought_back_is_here_and_may_leave_again(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    retire(data, capsys)
    assert main(("export", "x", str(data.parent / "x.mp4"), "--data-dir", str(data))) == 2
    for room in ("archive", "sites", "sealed"):
        assert retired(data / room / "x") is not None
        shutil.copytree(data.parent / "copy" / room, data / room, dirs_exist_ok=True)
        assert retired(data / room / "x") is None
    assert main(("export", "x", str(data.parent / "x.mp4"), "--data-dir", str(data))) == 0
    assert retire(data, capsys)[0] == 0
    assert not media(data)


def test_every_address_of_its_pictures_says_where_to_ask(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    retire(data, capsys)
    names = ("master.m3u8", "index.m3u8", "live.m3u8", "recent.m3u8", "00000001.m4s", "init-0.mp4")
    public = [f"/{root}/x/{name}" for root in ("live", "archive") for name in names]
    public += ["/archive/x/180p/index.m3u8", "/archive/x/sound/00000001.m4s"]
    public += ["/archive/x/captions/list.m3u8", "/archive/x/captions/00000001.vtt"]
    at = "/api/v1/sessions/x/sealed"

    async def scenario() -> None:
        async with relay(settings_in(data.parent)) as rig:
            for path in public:
                answer = await rig.get(path)
                assert (answer.status, "Văn phòng" in await answer.text()) == (404, True), path
            chair = {"Authorization": f"Bearer {rig.tokens.issue_token(Role.CHAIR, 'x')}"}
            for name in ("index.m3u8", "00000001.m4s", "film.mp4"):
                answer = await rig.get(f"{at}/{name}", headers=chair)
                assert (answer.status, "Văn phòng" in await answer.text()) == (404, True), name
            told = await (await rig.get(at, headers=chair)).json()
            assert (told["retired"], told["accesses"]) == (True, []), "nobody saw anything"

    asyncio.run(scenario())


def test_the_page_is_told_what_cannot_even_begin(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with relay(settings_in(data.parent)) as rig:
            setup.put_account(rig.store, "quan-tri", "", frozenset({Role.CLERK}), admin=True)
            account = rig.store.account("quan-tri")
            assert account is not None
            cookie = {"Cookie": f"diemcau={rig.tokens.cookie_for_account(account)}"}
            cookie["Origin"] = rig.base
            wish = {"kept_in": str(data.parent / "copy"), "why": WHY}
            told = await (await rig.get("/api/v1/archive", headers=cookie)).json()
            assert told["sessions"][0]["retiring"] is None
            status, _ = await rig.post("/api/v1/archive/y/retire", wish, **cookie)
            assert status == 404
            monkeypatch.setattr(tempfile, "tempdir", str(data.parent / "full"))
            status, _ = await rig.post("/api/v1/archive/x/retire", wish, **cookie)
            assert status == 202
            async with asyncio.timeout(BOUND_S):
                while True:
                    listed = await (await rig.get("/api/v1/archive", headers=cookie)).json()
                    (row,) = [one for one in listed["sessions"] if one["id"] == "x"]
                    if not row["retiring"]["busy"]:
                        break
                    await asyncio.sleep(0.05)
            assert "full" in row["retiring"]["message"]

    asyncio.run(scenario())
