"""The command line: answers, sentences and exit status; `serve` in a process of its own."""

import io
import os
import pty
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadcast.outputs.parts import Cutter
from broadcast.outputs.recorder import Recorder
from broadcast.session.commands import EndSession, EndTurn, GiveTurn
from broadcast.session.decide import Act
from broadcast.session.model import RequestKind, Role
from broadcast.store import Account
from config.settings import Settings, Storage
from tests import media
from tests.broadcast.archive.test_film import chapters_in
from tests.broadcast.archive.test_film import record as record_open
from tests.broadcast.outputs.streams import FRAME, PROGRAM, program
from tests.broadcast.outputs.test_sealed import closed
from tests.broadcast.outputs.test_sealed import record as record_sealed
from tests.broadcast.session.hearing import PREPARED, START_MS, Hearing
from tests.demo import ports
from web import setup
from web.accounts import matches
from web.auth import Tokens, load_secret
from web.certificate import self_made, utc_now
from web.cli import main, parser
from web.serving import sole_owner
from web.times import local_time

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ended:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Ended]


@pytest.fixture
def diemcau(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """In this process: starting one costs more than the command."""

    def run(*arguments: str, stdin: str = "", **environment: str) -> Ended:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        try:
            status = main(arguments)
        except SystemExit as left:
            status = int(str(left.code))
        said = capsys.readouterr()
        return Ended(status, said.out, said.err)

    return run


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "web.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_session_its_links_and_their_end(tmp_path: Path, diemcau: Run) -> None:
    data = ("--data-dir", str(tmp_path))
    title = "Kỳ họp thứ mười hai"
    made = diemcau("session", "create", *data, "--title", title, "--subtitle", "e\u0302")
    assert made.returncode == 0, made.stderr
    joins = re.findall(r"https://\S+/join/(\S+?)/hall#(\S+)", made.stdout)
    assert len(joins) == 1
    session, token = joins[0]
    listed = diemcau("session", "list", *data).stdout
    assert listed.strip().split("\t") == [session, "prepared", title]
    again = diemcau("session", "links", *data, session).stdout
    assert "/operator" not in again
    assert "/sign-in#token=" in again
    assert diemcau("session", "revoke", *data, session, "hall").returncode == 0
    fresh = re.findall(r"/hall#(\S+)", diemcau("session", "links", *data, session).stdout)
    assert fresh != [token]
    for path in ("secret.key", "diemcau.sqlite3"):
        assert (tmp_path / path).stat().st_mode & 0o077 == 0


def test_a_server_that_is_up(tmp_path: Path, diemcau: Run) -> None:
    """It says how to get in; what others ask of it knows the ports of its command line."""
    folder = tmp_path / "của tỉnh"
    data = ("--data-dir", str(folder))
    made = diemcau("session", "create", *data).stdout
    session = re.findall(r"/display/(\S+)", made)[0]
    command = [sys.executable, "-m", "web.cli", "serve", *data, *ports()]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            address = server.stderr.readline().split()[-1]
            advice = server.stderr.readline()
            assert f"user add NAME --role operator --admin --data-dir '{folder}'" in advice
            assert (
                f"\n    {address}join/{session}/"
                in diemcau("session", "links", *data, session).stdout
            )
            assert "ok    the server is running" in diemcau("check", *data).stdout
        finally:
            server.terminate()
            server.communicate(timeout=60)
    assert address not in diemcau("session", "links", *data, session).stdout


def test_accounts(tmp_path: Path, diemcau: Run) -> None:
    data = ("--data-dir", str(tmp_path))
    add = ("user", "add", *data, "kỹ-thuật", "--role", "operator", "--role", "clerk")
    unasked = diemcau(*add, stdin="mười ba con vịt\n")
    assert (unasked.returncode, "--password-stdin" in unasked.stderr) == (2, True)
    assert diemcau(*add, "--password-stdin", stdin="short\n").returncode == 2
    made = diemcau(*add, "--password-stdin", stdin="mười ba con vịt\n")
    assert made.returncode == 0, made.stderr
    assert diemcau("user", "list", *data).stdout == "kỹ-thuật\tclerk,operator\t\n"
    assert diemcau("user", "disable", *data, "kỹ-thuật").returncode == 0
    assert "disabled" in diemcau("user", "list", *data).stdout
    unknown = diemcau("user", "disable", *data, "nobody")
    assert (unknown.returncode, "Traceback" in unknown.stderr) == (2, False)


def test_a_lost_password_costs_no_rights(tmp_path: Path, diemcau: Run) -> None:
    data = ("--data-dir", str(tmp_path))
    grants = {"s1": frozenset({Role.CHAIR})}
    old = Account("vân", "forgotten", frozenset({Role.CLERK}), admin=True, grants=grants)
    with setup.open_store(Settings(storage=Storage(data_dir=tmp_path))) as store:
        store.save_account(replace(old, totp_secret="on a phone that is lost", totp_step=7))
        renew = ("user", "password", *data, "va\u0302n", "--password-stdin")
        assert diemcau(*renew, stdin="mười ba con vịt\n").returncode == 0
        new = store.account("vân")
        assert new is not None
        assert matches(new.password_hash, "mười ba con vịt")
        assert new == replace(old, password_hash=new.password_hash, generation=1)
    assert diemcau("user", "list", *data).stdout == "vân\tclerk,admin\t\n"
    assert "account_saved" in diemcau("audit", "list", *data).stdout
    unknown = diemcau(*renew[:-2], "ai", "--password-stdin", stdin="mười ba con vịt\n")
    assert (unknown.returncode, "user list" in unknown.stderr) == (2, True)


def test_an_account_needs_a_name(tmp_path: Path, diemcau: Run) -> None:
    add = ("user", "add", "--data-dir", str(tmp_path), "--password-stdin", "--role", "chair")
    refused = diemcau(*add, " ", stdin="mười ba con vịt\n")
    assert (refused.returncode, "needs a name" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    "command",
    [
        ("user", "list"),
        ("user", "disable", "kỹ-thuật"),
        ("user", "password", "kỹ-thuật", "--password-stdin"),
        ("session", "list"),
        ("session", "links", "x"),
        ("session", "revoke", "x", "hall"),
        ("audit", "list"),
        ("audit", "verify"),
        ("verify", "x"),
        ("replay", "x"),
        ("retire", "x", "--kept-in", "/", "--why", "x"),
        ("backup", "there"),
        ("transfer", "sqlite://"),
    ],
    ids=" ".join,
)
def test_typed_in_a_wrong_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, diemcau: Run, command: tuple[str, ...]
) -> None:
    """Nothing of the server's is there: not an empty database that is whole, nor one made now."""
    monkeypatch.chdir(tmp_path)
    ended = diemcau(*command)
    assert (ended.returncode, str(tmp_path / "data") in ended.stderr) == (2, True)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("key", "status"), [(b"\x03", 130), (b"\x04", 2)], ids=["Ctrl-C", "Ctrl-D"]
)
def test_who_thinks_better_of_it(tmp_path: Path, key: bytes, status: int) -> None:
    typed = ["user", "add", "x", "--role", "chair", "--data-dir", str(tmp_path)]
    # Tests that run in the background have Ctrl-C ignored, and what they start.
    hears = ["env", "--default-signal=INT"]
    command = ["setsid", "--ctty", "--wait", *hears, sys.executable, "-m", "web.cli", *typed]
    ours, its = pty.openpty()
    said = b""
    with (
        os.fdopen(ours, "r+b", buffering=0) as screen,
        subprocess.Popen(command, cwd=ROOT, stdin=its, stdout=its, stderr=its) as asked,
    ):
        os.close(its)
        with suppress(OSError):  # EIO: nobody writes any more
            while shown := screen.read(1000):
                said += shown
                if said.endswith(b"Password: "):
                    screen.write(key)
    assert asked.returncode == status
    assert b"Traceback" not in said


def test_links_say_the_name_that_others_know(tmp_path: Path, diemcau: Run) -> None:
    """Not an inner address, of which no certificate speaks and which no district reaches."""
    name = {"DIEMCAU_HTTPS__PUBLIC_URL": "https://họp.example.vn"}
    made = diemcau("session", "create", "--data-dir", str(tmp_path), **name)
    links = [line.strip() for line in made.stdout.splitlines() if "://" in line]
    assert len(links) > 10
    assert all(link.startswith("https://họp.example.vn/") for link in links)


def test_links_printed_a_week_before_open_on_the_day(tmp_path: Path, diemcau: Run) -> None:
    settings = Settings(storage=Storage(data_dir=tmp_path))
    start_ms = setup.now_ms() + 10 * setup.DAY_MS
    with setup.open_store(settings) as store:
        council = setup.named_preset("dien_bien")
        session = setup.enter_session(store, council, Role.SYSTEM, "test", start_ms)
        printed = diemcau("session", "links", "--data-dir", str(tmp_path), session).stdout
        (token,) = re.findall(r"/hall#(\S+)", printed)
        on_the_day = Tokens(store, load_secret(tmp_path), settings.security, lambda: start_ms)
        assert on_the_day.identify(token).site == "hall"
    assert f"(until {local_time(start_ms + setup.DAY_MS):%Y-%m-%d %H:%M})\n" in printed


def test_a_user_without_a_name(
    tmp_path: Path, diemcau: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As containers run their programs."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    assert diemcau("session", "create", "--data-dir", str(tmp_path)).returncode == 0
    assert "uid 4000000" in diemcau("audit", "list", "--data-dir", str(tmp_path)).stdout


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[http]\nport = 99999\nhots = 'x'\n", ["http.port", "http.hots", "http.host"]),
        ("[http\n", ["not valid TOML"]),
        ("[storage]\ndata_dir = '/dev/null/x'\n", ["data_dir"]),
        ("procedures = 'missing.toml'\n", ["missing.toml"]),
    ],
)
def test_settings_that_cannot_be_used(tmp_path: Path, toml: str, said: list[str]) -> None:
    config = tmp_path / "my.toml"
    config.write_text(f"{toml}\n", "utf-8")
    ended = process("serve", "--config", str(config), **_elsewhere(tmp_path, toml))
    assert (ended.returncode, "Traceback" in ended.stderr) == (2, False), ended.stderr
    assert ended.stdout == ""
    for part in said:
        assert part in ended.stderr


def _elsewhere(folder: Path, toml: str) -> dict[str, str]:
    """Ports that are free, where the case is about something else."""
    if "port" in toml:
        return {}
    environment = {f"DIEMCAU_{name}__PORT": "0" for name in ("HTTP", "HTTPS", "MEDIA")}
    if "data_dir" not in toml:
        environment["DIEMCAU_STORAGE__DATA_DIR"] = str(folder / "data")
    return environment


@pytest.mark.parametrize(
    ("section", "kind"), [("http", socket.SOCK_STREAM), ("media", socket.SOCK_DGRAM)]
)
def test_a_port_in_use_is_named_with_its_key(
    tmp_path: Path, section: str, kind: socket.SocketKind
) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        ports = dict.fromkeys(("http", "https", "media"), 0) | {section: port}
        options = [f"--{name}-port={number}" for name, number in ports.items()]
        ended = process("serve", "--data-dir", str(tmp_path), *options)
    assert ended.returncode == 2
    assert f"{section}.port = {port}" in ended.stderr
    assert f"[{section}]" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_of_somebody_else(tmp_path: Path, diemcau: Run) -> None:
    (tmp_path / "diemcau.sqlite3").write_text("not a database at all, but long enough to be read")
    ended = diemcau("session", "list", "--data-dir", str(tmp_path))
    assert (ended.returncode, "Traceback" in ended.stderr) == (2, False)
    assert "database" in ended.stderr


def test_a_log_that_a_later_program_wrote(tmp_path: Path, diemcau: Run) -> None:
    """After an upgrade that was taken back: the relay began again and again."""
    data = ("--data-dir", str(tmp_path))
    diemcau("session", "create", *data)
    with closing(sqlite3.connect(tmp_path / "diemcau.sqlite3")) as db, db:
        later = """INSERT INTO events SELECT session, max(version) + 1, at_ms, role, actor,
        '{"type": "hologram_shown", "at_ms": 1}' FROM events"""
        db.execute(later)
    told = r"session \S+: event 'hologram_shown'.*start the program that wrote it"
    for ended in (diemcau("session", "list", *data), process("serve", *data, *ports())):
        assert ended.returncode == 2
        assert re.search(told, ended.stderr)


def test_a_database_moves_while_no_server_runs(tmp_path: Path, diemcau: Run) -> None:
    data, url = ("--data-dir", str(tmp_path / "data")), f"sqlite:///{tmp_path / 'new.sqlite3'}"
    diemcau("session", "create", *data)
    with sole_owner(tmp_path / "data"):
        refused = diemcau("transfer", *data, url)
    assert (refused.returncode, "another Diemcau" in refused.stderr) == (2, True)
    assert diemcau("transfer", *data, url).returncode == 0
    listed = diemcau("session", "list", *data).stdout
    there = {"DIEMCAU_STORAGE__DATABASE_URL": url}
    assert diemcau("session", "list", *data, **there).stdout == listed
    assert diemcau("audit", "verify", *data).returncode == 0


def test_no_room_for_the_database(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk, which needs root to make."""
    create = ("-m", "web.cli", "session", "create", "--data-dir", str(tmp_path))
    made = subprocess.run(
        ["bash", "-c", 'ulimit -f 8; exec "$@"', "-", sys.executable, *create],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (made.returncode, "Traceback" in made.stderr) == (2, False), made.stderr
    assert "MB of disk are free" in made.stderr


def test_check_says_what_to_do(tmp_path: Path, diemcau: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        folder = tmp_path / "made by the server alone"
        checked = diemcau("check", "--data-dir", str(folder), DIEMCAU_HTTP__PORT=str(port))
    assert not folder.exists()
    assert checked.returncode == 1
    assert re.search(rf"FAIL  ports\n +http\.port = {port}.*\n", checked.stdout)
    assert "ok    codecs: libx264" in checked.stdout
    nobody = {"DIEMCAU_STORAGE__DATABASE_URL": "postgresql+psycopg://x@127.0.0.1:9/x"}
    checked = diemcau("check", "--data-dir", str(tmp_path), **nobody)
    assert re.search(r"FAIL  database\n +storage\.database_url: .*refused", checked.stdout)


def test_check_misses_the_key_of_what_was_closed(tmp_path: Path, diemcau: Run) -> None:
    """As where the stick that it lies on was left at home."""
    check = ("check", "--data-dir", str(tmp_path))
    record_sealed(tmp_path, closed(1))
    assert "sealed.key" not in diemcau(*check).stdout
    (tmp_path / "sealed.key").unlink()
    assert f"FAIL  key {tmp_path}/sealed.key is not there" in diemcau(*check).stdout


def test_check_holds_the_certificate_against_where_links_lead(tmp_path: Path, diemcau: Run) -> None:
    certificate, key = self_made(tmp_path, utc_now())
    given = {"DIEMCAU_HTTPS__CERTIFICATE": str(certificate), "DIEMCAU_HTTPS__KEY": str(key)}
    check = ("check", "--data-dir", str(tmp_path))
    for url, fits in (("https://hop.dienbien.gov.vn", False), ("https://LOCALHOST:8443", True)):
        said = diemcau(*check, DIEMCAU_HTTPS__PUBLIC_URL=url, **given).stdout
        assert f"{'ok  ' if fits else 'FAIL'}  certificate {certificate}" in said
        assert ("lead to hop.dienbien.gov.vn" in said) != fits


def test_times_are_the_councils_on_a_machine_of_another_zone(
    diemcau: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A fresh server keeps UTC: half past eight in the hall stood as half past one."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    at_ms = round(datetime(2026, 7, 9, 1, 30, tzinfo=UTC).timestamp() * 1000)
    assert f"{local_time(at_ms):%H:%M}" == "01:30"
    listed = diemcau("session", "create", "--preset", "dien_bien", "--data-dir", str(tmp_path))
    assert listed.returncode == 0
    assert f"{local_time(at_ms):%H:%M}" == "08:30"


def test_which_version_it_is(diemcau: Run) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert diemcau("--version").stdout == f"diemcau {project['version']}\n"


def test_a_home_after_an_equals_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell leaves the tilde there as it is."""
    monkeypatch.setenv("HOME", "/home/hop")
    given = parser().parse_args(["check", "--data-dir=~/kho", "--config=~/my.toml"])
    assert (given.data_dir, given.config) == (Path("/home/hop/kho"), Path("/home/hop/my.toml"))


def test_the_unit_of_a_service(tmp_path: Path, diemcau: Run) -> None:
    folder = tmp_path / "50 % của tỉnh"
    missing = diemcau("service", "--data-dir", str(folder))
    assert missing.returncode == 2
    assert "diemcau user add" in missing.stderr
    folder.mkdir()
    done = diemcau("service", "--data-dir", str(folder))
    assert done.returncode == 0, done.stderr
    assert f'bin/diemcau serve --data-dir "{tmp_path}/50 %% của tỉnh"\n' in done.stdout
    assert f"\nUser={folder.owner()}\n" in done.stdout
    assert f'\nRequiresMountsFor="{tmp_path}/50 %% của tỉnh"\n' in done.stdout
    assert "\nStartLimitIntervalSec=0\n" in done.stdout, "systemd gives up after five starts"
    if verify := shutil.which("systemd-analyze"):
        path = tmp_path / "diemcau.service"
        path.write_text(done.stdout)
        checked = subprocess.run([verify, "verify", str(path)], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr


def test_unknown_presets_and_roles(tmp_path: Path, diemcau: Run) -> None:
    data = ("--data-dir", str(tmp_path))
    unknown = diemcau("session", "create", *data, "--preset", "ha_noi")
    assert (unknown.returncode, "dien_bien" in unknown.stderr) == (2, True)
    assert diemcau("user", "add", *data, "x", "--role", "king").returncode == 2
    long = diemcau("session", "create", *data, "--title", "x" * 400)
    assert (long.returncode, "at most 300" in long.stderr) == (2, True)


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


def test_who_reads_the_beginning_alone(tmp_path: Path) -> None:
    """`diemcau session links … | head -1`: no word about the rest."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "web.cli", "session", "create", "--data-dir", tmp_path]
    try:
        ended = subprocess.run(
            command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=100
        )
    finally:
        os.close(writer)
    assert ended.stderr == ""
    assert ended.returncode == 2
