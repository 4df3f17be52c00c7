"""`diemcau verify` of a session in its data folder: all that was kept of it is whole, or it says
what is missing, to the second; in words and by the exit status."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.outputs import manifest
from broadcast.outputs.ledger import digest_of
from broadcast.session.decide import Act
from broadcast.session.events import ItemChosen, SessionEnded, SessionPrepared, SessionWentLive
from broadcast.session.model import AgendaItem, Role
from config.settings import Settings, Storage
from tests.broadcast.outputs import test_sites as sites
from tests.broadcast.outputs.streams import EPOCH_S
from tests.broadcast.outputs.test_renditions import ladder
from tests.broadcast.outputs.test_renditions import record as record_ladder
from tests.broadcast.outputs.test_sealed import closed
from tests.broadcast.outputs.test_sealed import record as record_sealed
from tests.media import wait_until
from tests.web.rig import relay, settings_in
from web import setup
from web.cli import main
from web.recording_seals import WHAT, note_seals, noted_seals

SESSION = "x"
"""As all of these recorders call it."""
TITLE = "Kỳ họp thứ mười"
RECORDED_S = 4


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where 2026-09-21T14:13:20Z, when all of it begins, is 21:13:20."""
    monkeypatch.setenv("DIEMCAU_LANGUAGE", "en")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds in two sizes and as sound alone, two that were closed, three of a site."""
    data = tmp_path_factory.mktemp("data")
    record_ladder(data / "archive", ladder(RECORDED_S), finished=True)
    record_sealed(data, closed(2), finished=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("broadcast.outputs.sites.SETTLE_S", 0.0)
        sites.record(data / "sites", sites.both())
    return data


@pytest.fixture
def data(recorded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(recorded, tmp_path / "data")


def was_live_for(data: Path, seconds: int, agenda: tuple[AgendaItem, ...] = ()) -> None:
    """By the session's own log; at the first item, if it has an agenda."""
    begun_ms = EPOCH_S * 1000
    prepared = SessionPrepared(
        at_ms=begun_ms - 1000, id=SESSION, title=TITLE, sites=(), delegates=(), agenda=agenda
    )
    chosen = (ItemChosen(at_ms=begun_ms - 1000, item=one.id) for one in agenda[:1])
    live, end = SessionWentLive(at_ms=begun_ms), SessionEnded(at_ms=begun_ms + seconds * 1000)
    with setup.open_store(Settings(storage=Storage(data_dir=data))) as store:
        act = Act(begun_ms, Role.SYSTEM, "test", None, "fresh")
        store.append(SESSION, 0, (prepared, *chosen, live, end), act)


def verify(data: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """The exit status and the lines."""
    capsys.readouterr()
    status = main(("verify", SESSION, "--data-dir", str(data)))
    return status, capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("damage", ["loses", "cuts", "alters"])
def test_a_damaged_playlist_is_made_anew(
    data: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    """Of every size, of the sound alone and of what was closed."""
    was_live_for(data, RECORDED_S)
    lists = {path: path.read_bytes() for path in data.rglob("index.m3u8")}
    assert len(lists) == 4
    for path, octets in lists.items():
        match damage:
            case "loses":
                path.unlink()
            case "cuts":
                path.write_bytes(octets[: len(octets) // 2])
            case "alters":
                path.write_bytes(octets.replace(b"EXTINF", b"EXTJNF", 1))
    status, said = verify(data, capsys)
    assert (status, any("diemcau mend" in line for line in said)) == (1, True)
    mend = ("mend", SESSION, "--data-dir", str(data))
    assert main(mend) == 0
    assert {path: path.read_bytes() for path in lists} == lists
    assert verify(data, capsys)[0] == 0
    assert main(mend) == 0
    assert capsys.readouterr().out == "No playlist is damaged.\n"


def test_a_playlist_that_nothing_proves_is_left_alone(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data / "archive" / SESSION
    (folder / "index.m3u8").write_bytes(b"#EXTM3U\n")
    segment = folder / "00000001.m4s"
    for octets in (segment.read_bytes()[:-1], None):
        segment.unlink()
        if octets is not None:
            segment.write_bytes(octets)
        assert main(("mend", SESSION, "--data-dir", str(data))) == 1
        assert "cannot be made anew" in capsys.readouterr().out
        assert (folder / "index.m3u8").read_bytes() == b"#EXTM3U\n"
    assert main(("mend", "another", "--data-dir", str(data))) == 2


def test_all_that_was_kept_is_whole(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    was_live_for(data, RECORDED_S)
    status, said = verify(data, capsys)
    assert status == 0, said
    verdicts = [line for line in said if "UNALTERED" in line]
    assert [" 0:00:04 " in verdict for verdict in verdicts[:2]] == [True, True]
    assert len(verdicts) == 5, "both sizes, the sound, what was closed, and the site"
    assert not any("missing:" in line for line in said)


def alter(path: Path) -> None:
    """One bit."""
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 1
    path.write_bytes(octets)


ALTERED, GONE = "was altered", "is missing"


@pytest.mark.parametrize(
    ("name", "spoil", "told"),
    [
        ("archive/x/00000002.m4s", alter, ["21:13:22–21:13:23", ALTERED, "1.0 seconds"]),
        ("archive/x/00000001.m4s", Path.unlink, ["21:13:21–21:13:22", GONE, "1.0 seconds"]),
        ("archive/x/180p/00000003.m4s", alter, ["21:13:23–21:13:24", ALTERED, "1.0 seconds"]),
        ("archive/x/sound/00000000.m4s", Path.unlink, ["21:13:20–21:13:21", GONE]),
        ("sealed/x/00000001.m4s", alter, ["21:13:21–21:13:22", ALTERED, "1.0 seconds"]),
        ("sites/x/*.mkv", alter, [ALTERED]),
        ("sites/x/*.mkv", Path.unlink, [GONE]),
    ],
)
def test_whatever_is_spoilt_is_told_to_the_second(
    data: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    spoil: Callable[[Path], None],
    told: list[str],
) -> None:
    was_live_for(data, RECORDED_S)
    (path,) = data.glob(name)
    spoil(path)
    status, said = verify(data, capsys)
    assert status == 1
    assert [line for line in said if path.name in line], said
    about = "\n".join(line for line in said if "2026-09-21" in line or path.suffix == ".mkv")
    assert all(words in about for words in told), said
    assert sum("NOT WHOLE" in line for line in said) == 1, "and all else is"


def test_what_was_never_recorded_is_told_to_the_second(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The session's own log says that it was live for longer."""
    was_live_for(data, RECORDED_S + 6)
    status, said = verify(data, capsys)
    assert status == 1
    gaps = [line for line in said if "seconds are missing" in line]
    assert len(gaps) == 3, "of both sizes and of the sound"
    assert all(line.startswith("2026-09-21 21:13:24–21:13:30  6.0") for line in gaps[:2])


def make_anew(folder: Path) -> None:
    """Who knows how it is done: sums and seals of all that lies there now."""
    path, text, seal = folder / manifest.NAME, "", ""
    for one in manifest.parse(path.read_text()).entries:
        file = folder / one.name
        entry = manifest.Entry(one.name, digest_of(file), file.stat().st_size)
        text += manifest.lines(seal, entry)
        seal = manifest.seal_of(seal, entry)
    path.write_text(text)


@pytest.mark.parametrize(
    "name",
    [
        "archive/x/00000002.m4s",
        "archive/x/180p/00000003.m4s",
        "sealed/x/init-0.mp4",
        "sites/x/*.mkv",
    ],
)
def test_who_makes_a_whole_manifest_anew_is_told_by_the_audit(
    data: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    was_live_for(data, RECORDED_S)
    (path,) = data.glob(name)
    with setup.open_store(Settings(storage=Storage(data_dir=data))) as store:
        assert note_seals(store, data, SESSION, 0)
    assert verify(data, capsys)[0] == 0
    octets = bytearray(path.read_bytes())
    octets[-1] ^= 1
    path.write_bytes(octets)
    make_anew(path.parent)
    with setup.open_store(Settings(storage=Storage(data_dir=data))) as store:
        assert note_seals(store, data, SESSION, 0)
        assert len(store.audit(session=SESSION)) == 2, "once, beside the session's own"
    status, said = verify(data, capsys)
    assert status == 1
    assert sum("not the recording that was sealed" in line for line in said) == 1, said


def test_seals_are_noted_once_the_recording_has_its_end(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.recording_seals.LOOK_S", 0.05)
    sums = data / "archive" / SESSION / manifest.NAME
    was_live_for(data, RECORDED_S)
    whole = sums.read_text()
    sums.write_text("".join(whole.splitlines(keepends=True)[:-2]))
    with setup.open_store(Settings(storage=Storage(data_dir=data))) as store:
        assert not note_seals(store, data, SESSION, 0)
    sums.write_text(whole)

    async def scenario() -> None:
        async with relay(settings_in(data.parent)) as rig:
            await wait_until(lambda: rig.store.newest_note(SESSION, (WHAT,)), "a note")
            seals = noted_seals(rig.store, SESSION)
            assert [*seals] == ["archive", "archive/180p", "archive/sound", "sealed", "sites"]
            assert seals["archive"] == manifest.parse(whole).seal

    asyncio.run(scenario())


def test_what_nobody_sealed_is_told_once_the_session_is_over(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A site's own stream that a power cut ended: no sum says that it was altered or not."""
    was_live_for(data, RECORDED_S)
    (sealed,) = data.glob("sites/x/*.mkv")
    (left := sealed.with_name("tua-chua-20260921T141322.000Z.mkv")).write_bytes(b"cut short")
    status, said = verify(data, capsys)
    assert status == 1
    assert [line for line in said if left.name in line and "not in the manifest" in line], said
