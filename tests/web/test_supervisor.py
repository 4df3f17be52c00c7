"""The supervisor with real child processes: small ones that write down when they live and die."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.settings import ConfigError, Http, Settings
from tests.media import wait_for
from tests.web.rig import settings_in
from web.supervisor import LAST_DELAY_S, _settled, delay_s, sole_owner, write_settings

CHILD = """
import os, signal, sys, time
from pathlib import Path
folder, name = Path(sys.argv[1]), sys.argv[2]
def end(*_):
    (folder / f"{name}.ended").write_text(str(os.getpid()))
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
with (folder / name).open("a") as file:
    file.write(f"{os.getpid()}\\n")
time.sleep(600)
"""

KEEPER = """
import asyncio, logging, sys
from pathlib import Path
from web.supervisor import Failed, Program, keep, stop_on_signals
logging.basicConfig(level=logging.INFO)
folder = Path(sys.argv[1])
kept = [Program(name, (sys.executable, str(folder / script), str(folder), name))
        for name, script in zip(("relay", "studio"), sys.argv[2:])]
async def main():
    try:
        await keep(kept, stop_on_signals())
    except Failed as failure:
        print(failure)
        sys.exit(2)
asyncio.run(main())
"""


class Kept:
    """A supervisor in a process of its own."""

    def __init__(self, folder: Path, *children: str) -> None:
        self.folder = folder
        (folder / "child.py").write_text(CHILD)
        (folder / "refuses.py").write_text("import sys; sys.exit('no port') if 0 else sys.exit(2)")
        (folder / "keeper.py").write_text(KEEPER)
        self.process = subprocess.Popen(
            [sys.executable, str(folder / "keeper.py"), str(folder), *children],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
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
        out, errors = self.process.communicate(timeout=20)
        return self.process.returncode, out, errors


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_whichever_dies_is_back_within_two_seconds(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "child.py", "child.py")
    for name in ("studio", "relay"):
        pid = kept.newest(name, 1)
        os.kill(pid, signal.SIGKILL)
        killed_at = time.monotonic()
        assert kept.newest(name, 2) != pid
        assert time.monotonic() - killed_at < 2
    assert len(kept.pids("relay")) == len(kept.pids("studio")) == 2
    kept.process.send_signal(signal.SIGTERM)
    assert kept.end()[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    kept = Kept(tmp_path, "child.py", "child.py")
    pids = {name: kept.newest(name, 1) for name in ("relay", "studio")}
    kept.process.send_signal(number)
    status, _, errors = kept.end()
    assert (status, "Traceback" in errors) == (0, False)
    for name, pid in pids.items():
        assert not _is_alive(pid)
        assert (tmp_path / f"{name}.ended").read_text() == str(pid)


def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "child.py", "child.py")
    pids = [kept.newest(name, 1) for name in ("relay", "studio")]
    kept.process.kill()
    kept.process.communicate()
    wait_for(lambda: not any(map(_is_alive, pids)), "the end of both")


def test_what_a_person_must_mend_is_no_loop(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "child.py", "refuses.py")
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


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(ConfigError, match=r"data_dir.*cannot be written"), sole_owner(blocked):
        pass


def test_the_settings_reach_the_children_unread_by_others(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    (settings.storage.data_dir / "run").mkdir(parents=True)
    path = write_settings(settings)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Settings.model_validate_json(path.read_text()) == settings


def test_patience_with_the_children_of_a_killed_supervisor(tmp_path: Path) -> None:
    async def scenario(settings: Settings, taken: socket.socket) -> int:
        asyncio.get_running_loop().call_later(0.3, taken.close)
        return (await _settled(settings)).http.port

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
                assert asyncio.run(scenario(settings, taken)) == port
            else:
                (run / "settings.json").unlink()
                with pytest.raises(ConfigError, match=f"http.port = {port}"):
                    asyncio.run(scenario(settings, taken))
