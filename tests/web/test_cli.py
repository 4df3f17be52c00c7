"""The command line: answers, sentences and exit status; sessions, links and accounts."""

import os
import pty
import re
import subprocess
import sys
import time
import tomllib
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadcast.session.model import Role
from broadcast.store import Account
from config.settings import Settings, Storage
from tests.web.command_line import ROOT, Run, process
from web import setup
from web.accounts import matches
from web.auth import DAY_MS, Tokens, load_secret
from web.cli import parser
from web.times import local_time


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
    start_ms = setup.now_ms() + 10 * DAY_MS
    with setup.open_store(settings) as store:
        council = setup.named_preset("dien_bien")
        session = setup.enter_session(store, council, Role.SYSTEM, "test", start_ms)
        printed = diemcau("session", "links", "--data-dir", str(tmp_path), session).stdout
        (token,) = re.findall(r"/hall#(\S+)", printed)
        on_the_day = Tokens(store, load_secret(tmp_path), settings.security, lambda: start_ms)
        assert on_the_day.identify(token).site == "hall"
    assert f"(until {local_time(start_ms + DAY_MS):%Y-%m-%d %H:%M})\n" in printed


def test_a_user_without_a_name(
    tmp_path: Path, diemcau: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As containers run their programs."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    assert diemcau("session", "create", "--data-dir", str(tmp_path)).returncode == 0
    assert "uid 4000000" in diemcau("audit", "list", "--data-dir", str(tmp_path)).stdout


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


def test_a_terminal_without_our_letters(tmp_path: Path, diemcau: Run) -> None:
    data = ("--data-dir", str(tmp_path))
    diemcau("session", "create", *data, "--title", "Kỳ họp")
    listed = process("session", "list", *data, PYTHONIOENCODING="ascii")
    assert (listed.returncode, r"K\u1ef3 h\u1ecdp" in listed.stdout) == (0, True), listed.stderr


def test_which_version_it_is(diemcau: Run) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert diemcau("--version").stdout == f"diemcau {project['version']}\n"


def test_a_home_after_an_equals_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell leaves the tilde there as it is."""
    monkeypatch.setenv("HOME", "/home/hop")
    given = parser().parse_args(["check", "--data-dir=~/kho", "--config=~/my.toml"])
    assert (given.data_dir, given.config) == (Path("/home/hop/kho"), Path("/home/hop/my.toml"))


def test_unknown_presets_and_roles(tmp_path: Path, diemcau: Run) -> None:
    data = ("--data-dir", str(tmp_path))
    unknown = diemcau("session", "create", *data, "--preset", "ha_noi")
    assert (unknown.returncode, "dien_bien" in unknown.stderr) == (2, True)
    assert diemcau("user", "add", *data, "x", "--role", "king").returncode == 2
    long = diemcau("session", "create", *data, "--title", "x" * 400)
    assert (long.returncode, "at most 300" in long.stderr) == (2, True)


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
