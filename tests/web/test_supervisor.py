"""The supervisor with real child processes: small ones that write down when they live and die."""

import ast
import fcntl
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from config.settings import ConfigError, Http, Settings
from tests.media import wait_for
from tests.web.rig import settings_in
from web import serving
from web.forking import fork
from web.serving import _settled, is_up, sole_owner, write_settings
from web.supervisor import GRACE_S, LAST_DELAY_S, delay_s

ROOT = Path(__file__).parents[2]
OF_ONE_PROCESS = {"secrets", "random", "time", "os", "uuid", "asyncio"}

KEEPER = """
import logging, os, signal, sys, time
from functools import partial
from pathlib import Path
from web.supervisor import EXIT_USER, Failed, Program, keep, signals_held

logging.basicConfig(level=logging.INFO)
folder = Path(sys.argv[1])

def child(name):
    def end(*_):
        (folder / f"{name}.ended").write_text(str(os.getpid()))
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    with (folder / name).open("a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(600)

def refuses(name):
    return EXIT_USER

def breaks(name):
    with (folder / name).open("a") as file:
        file.write(f"{os.getpid()}\\n")
    raise LookupError("not there")

def chore(name):
    print(f"{name} is done", flush=True)
    with (folder / name).open("a") as file:
        file.write(f"{os.getpid()}\\n")
    return 0

def program(name, how):
    run = partial({"child": child, "refuses": refuses, "breaks": breaks, "chore": chore}[how], name)
    return Program(name, lambda: run, chore=how == "chore")

held_open = (folder / "lock").open("w")
with signals_held():
    try:
        keep([program(name, how) for name, how in zip(("relay", "studio"), sys.argv[2:])])
    except Failed as failure:
        print(failure)
        sys.exit(2)
"""


class Kept:
    """A supervisor in a process of its own."""

    def __init__(self, folder: Path, *children: str, nohup: bool = False) -> None:
        self.folder = folder
        # Whoever runs the tests in the background has them ignored, and they would be here too.
        hears = "--ignore-signal=HUP" if nohup else "--default-signal=HUP,INT"
        (folder / "keeper.py").write_text(KEEPER)
        self.process = subprocess.Popen(
            ["env", hears, sys.executable, str(folder / "keeper.py"), str(folder), *children],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pids(self, name: str) -> list[int]:
        path = self.folder / name
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def newest(self, name: str, count: int) -> int:
        """The process id of its start number `count`."""
        pids = wait_for(
            lambda: pids if len(pids := self.pids(name)) >= count else None, f"{name} {count}"
        )
        return pids[-1]

    def end(self) -> tuple[int, str, str]:
        out, errors = self.process.communicate(timeout=60)
        return self.process.returncode, out, errors


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_whichever_dies_is_back(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "child", "child")
    for name in ("studio", "relay"):
        pid = kept.newest(name, 1)
        os.kill(pid, signal.SIGKILL)
        assert kept.newest(name, 2) != pid
    assert len(kept.pids("relay")) == len(kept.pids("studio")) == 2
    kept.process.send_signal(signal.SIGTERM)
    assert kept.end()[0] == 0


def test_a_child_has_its_own_name_and_nothing_of_ours(tmp_path: Path) -> None:
    """No lock that would outlive us, no signals of the terminal, no signal that waits for ever."""
    kept = Kept(tmp_path, "child", "chore")
    process = Path(f"/proc/{kept.newest('relay', 1)}")
    assert (process / "comm").read_text() == "relay\n"
    assert (process / "cmdline").read_bytes().rstrip(b"\0") == b"diemcau relay"
    opened = {link.readlink() for link in (process / "fd").iterdir()}
    assert tmp_path / "lock" not in opened
    status = dict(line.split(":\t") for line in (process / "status").read_text().splitlines())
    assert int(status["SigBlk"], 16) == 0
    assert os.getsid(int(process.name)) != os.getsid(kept.process.pid)
    kept.newest("studio", 1)
    kept.process.send_signal(signal.SIGTERM)
    assert kept.end()[:2] == (0, "studio is done\n"), "once, and heard"


def test_one_that_raises_says_so_and_is_started_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "child", "breaks")
    kept.newest("studio", 2)
    kept.process.send_signal(signal.SIGTERM)
    status, _, errors = kept.end()
    assert status == 0
    assert "LookupError: not there" in errors
    assert errors.count("relay runs as process") == 1


def _made_at_import(path: Path) -> list[str]:
    """Calls at a module's or class's level that give another answer in each process."""
    tree = ast.parse(path.read_text("utf-8"))
    level = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    assigned = [
        node.value
        for scope in level
        for node in scope.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
    ]
    called = [
        ast.unparse(node.func)
        for value in assigned
        if not isinstance(value, ast.Lambda)
        for node in ast.walk(value)
        if isinstance(node, ast.Call)
    ]
    return [f"{path}: {name}" for name in called if name.split(".")[0] in OF_ONE_PROCESS]


def test_nothing_of_one_process_is_made_while_modules_are_loaded() -> None:
    """All forks would have the same: a relay that was started again must not look like the last."""
    files = [
        path
        for room in ("config", "streams", "broadcast", "web")
        for path in (ROOT / room).rglob("*.py")
    ]
    assert files
    assert [one for path in files for one in _made_at_import(path)] == []


def test_whoever_has_threads_does_not_fork() -> None:
    going = threading.Event()
    thread = threading.Thread(target=going.wait)
    thread.start()
    try:
        with pytest.raises(RuntimeError, match="threads"):
            fork("relay", lambda: 0, speaks=False, held=frozenset())
    finally:
        going.set()
        thread.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_both_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    kept = Kept(tmp_path, "child", "child")
    pids = {name: kept.newest(name, 1) for name in ("relay", "studio")}
    kept.process.send_signal(number)
    status, _, errors = kept.end()
    assert (status, "Traceback" in errors) == (0, False)
    for name, pid in pids.items():
        assert not _is_alive(pid)
        assert (tmp_path / f"{name}.ended").read_text() == str(pid)


def test_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    """Linux queues a signal that is blocked, though it is ignored."""
    kept = Kept(tmp_path, "child", "child", nohup=True)
    first = kept.newest("studio", 1)
    kept.process.send_signal(signal.SIGHUP)
    os.kill(first, signal.SIGKILL)
    assert kept.newest("studio", 2) != first, "whoever ends starts nothing again"
    kept.process.send_signal(signal.SIGTERM)
    assert kept.end()[0] == 0


def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "child", "child")
    pids = [kept.newest(name, 1) for name in ("relay", "studio")]
    kept.process.kill()
    kept.process.communicate()
    wait_for(lambda: not any(map(_is_alive, pids)), "the end of both")


def test_what_a_person_must_mend_is_no_loop(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "child", "refuses")
    status, out, errors = kept.end()
    assert (status, out.strip()) == (2, "studio")
    assert errors.count("studio runs as process") == 1
    assert "Traceback" not in errors
    relay = kept.pids("relay")
    wait_for(lambda: not any(map(_is_alive, relay)), "the end of the other")


def test_who_dies_again_and_again_is_started_more_slowly() -> None:
    delays = [delay_s(deaths) for deaths in range(1, 12)]
    assert delays[0] < 1
    assert delays == sorted(delays)
    assert delays[-1] == LAST_DELAY_S


def test_one_server_for_a_folder(tmp_path: Path) -> None:
    second = sole_owner(tmp_path)
    with sole_owner(tmp_path), pytest.raises(ConfigError, match="another Diemcau"):
        second.__enter__()
    with sole_owner(tmp_path):
        assert (tmp_path / "run").stat().st_mode & 0o077 == 0


def test_who_looks_whether_a_server_is_up_keeps_none_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "LOOKED_AT_S", 60.0)
    with sole_owner(tmp_path):
        assert is_up(tmp_path)
    looking = (tmp_path / "run" / "lock").open()
    fcntl.flock(looking, fcntl.LOCK_SH)
    looked = threading.Timer(0.1, looking.close)
    looked.start()
    try:
        with sole_owner(tmp_path):
            assert is_up(tmp_path)
    finally:
        looked.join()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(ConfigError, match=r"data_dir.*cannot be written"), sole_owner(blocked):
        pass


def test_a_disk_that_is_full_at_the_start(tmp_path: Path) -> None:
    """A limit on the size of files stands in for it."""
    settings = settings_in(tmp_path)
    (settings.storage.data_dir / "run").mkdir(parents=True)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(ConfigError, match=r"data_dir.*cannot be written.*free some"):
            write_settings(settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list((settings.storage.data_dir / "run").iterdir()), "no half of a file"


def test_the_settings_reach_the_children_unread_by_others(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    (settings.storage.data_dir / "run").mkdir(parents=True)
    path = write_settings(settings)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Settings.model_validate_json(path.read_text()) == settings


def test_patience_with_the_children_of_a_killed_supervisor(tmp_path: Path) -> None:
    def patient(settings: Settings, taken: socket.socket, for_s: float) -> int:
        timer = threading.Timer(for_s, taken.close)
        timer.start()
        try:
            return _settled(settings).http.port
        finally:
            timer.cancel()

    for killed in (True, False):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            settings = settings_in(tmp_path).model_copy(update={"http": Http(port=port)})
            run = settings.storage.data_dir / "run"
            run.mkdir(parents=True, exist_ok=True)
            if killed:
                write_settings(settings)
                assert patient(settings, taken, 0.3) == port
            else:
                (run / "settings.json").unlink()
                with pytest.raises(ConfigError, match=f"http.port = {port}"):
                    patient(settings, taken, GRACE_S / 2)
