"""Our own processes as `python -m` starts them, but forked from one that has loaded what they are
made of: tests start a hundred, and loading it costs each up to two seconds of CPU.

Benchmarks start them as users do. So does who is in a network of his own, or has the dynamic linker
load something before: that is not to be had by forking.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from web.forking import without_threads

ROOT = Path(__file__).parent.parent
_NETWORK = Path("/proc/self/ns/net")
_HOME = _NETWORK.readlink()
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(
    ["web.app", "broadcast.studio.main", "broadcast.witness.main", "pytest"]
)


class Forked:
    """What is needed here of a `Popen`."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], log: Path | None
    ) -> None:
        without_threads()
        self._process = _forks.Process(target=_run, args=(command, environ, log), daemon=True)
        self._process.start()
        self.pid = self._process.pid or 0

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


Process = subprocess.Popen[bytes] | Forked


def started(
    module: str, *arguments: str, log: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Process:
    """`log`: what it says is added to that file; else it is ours to say."""
    tested = "PYTEST_VERSION" in environ
    if tested and "LD_PRELOAD" not in environ and _NETWORK.readlink() == _HOME:
        return Forked((module, *arguments), dict(environ), log)
    command = [sys.executable, "-m", module, *arguments]
    with nullcontext() if log is None else log.open("ab") as said:
        return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=said, stderr=said)


def _run(command: Sequence[str], environ: Mapping[str, str], log: Path | None) -> None:
    os.environ.update(environ)
    if log is not None:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
    sys.argv = list(command)
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
