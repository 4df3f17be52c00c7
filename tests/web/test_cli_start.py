"""The command line before a server starts and as it does: settings, ports, database, `check`."""

import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.broadcast.outputs.test_sealed import closed
from tests.broadcast.outputs.test_sealed import record as record_sealed
from tests.demo import ports
from tests.web.command_line import ROOT, Run, process
from web.certificate import self_made, utc_now
from web.serving import sole_owner


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


def test_check_says_what_is_wrong_with_the_theme(tmp_path: Path, diemcau: Run) -> None:
    (tmp_path / "theme.toml").write_text('[colours]\nrod = "#f00"')
    check = ("check", "--data-dir", str(tmp_path))
    assert "ok    graphics: the built-in ones" in diemcau(*check).stdout
    said = diemcau(*check, DIEMCAU_PROGRAM__THEME=str(tmp_path)).stdout
    assert re.search(r"FAIL  graphics\n +.*theme\.toml: \[colours\] has no key `rod`", said)


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
