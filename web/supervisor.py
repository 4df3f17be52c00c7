"""Keeps the processes up: starts relay, studio and witness, again whichever dies, and ends them.

It holds no state worth losing and touches no media, so that it has no reason to die itself; if
it does, the kernel ends the children with it (`PR_SET_PDEATHSIG`), and nothing is left that
would hold a port.
"""

import asyncio
import ctypes
import fcntl
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.settings import ConfigError, Settings
from web.ports import settled

EXIT_USER = 2
"""A process that ends so cannot start for a reason that a person must mend. It has said which."""

STEADY_S = 10.0
"""Whoever ran this long and died is started again at once."""
FIRST_DELAY_S = 0.1
LAST_DELAY_S = 10.0
GRACE_S = 8.0
"""From SIGTERM to SIGKILL: the studio closes its last segment, the relay says goodbye."""

_log = logging.getLogger("diemcau.supervisor")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Program:
    """A process to keep up."""

    name: str
    command: Sequence[str]


def programs(settings_file: Path) -> tuple[Program, ...]:
    """The three of a server."""
    return (
        Program("relay", (sys.executable, "-m", "web.app", str(settings_file))),
        Program("studio", (sys.executable, "-m", "broadcast.studio", str(settings_file))),
        Program("witness", (sys.executable, "-m", "broadcast.witness", str(settings_file))),
    )


def delay_s(deaths_in_a_row: int) -> float:
    """How long to wait before the next start: 0.1 s, doubling to 10 s."""
    return min(LAST_DELAY_S, FIRST_DELAY_S * 2.0 ** max(0, deaths_in_a_row - 1))


class Failed(Exception):  # noqa: N818 - says what a child did
    """A child said that a person must mend something first."""


class Keeper:
    """One program, started again for as long as it is wanted."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: asyncio.subprocess.Process | None = None
        self.starts = 0

    async def run(self) -> None:
        """Until cancelled. Raises `Failed` if the very first start was refused for a reason of
        the user's: later the same reason is likely a passing one, and a live session goes on."""
        deaths = 0
        while True:
            began = time.monotonic()
            code = await self._once()
            if code == EXIT_USER and self.starts == 1:
                raise Failed(self.program.name)
            deaths = 1 if time.monotonic() - began > STEADY_S else deaths + 1
            wait = delay_s(deaths)
            _log.warning("%s ended (%s); starting again in %.1f s", self.program.name, code, wait)
            await asyncio.sleep(wait)

    async def _once(self) -> int:
        self.starts += 1
        self.process = await asyncio.create_subprocess_exec(
            *self.program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sys.stderr,  # ours may be read by a program: `diemcau demo --json`
            start_new_session=True,  # Ctrl-C is for us to pass on, in order
            preexec_fn=_die_with(os.getpid()),
        )
        _log.info("%s runs as process %d", self.program.name, self.process.pid)
        try:
            return await self.process.wait()
        except asyncio.CancelledError:
            await self._end(self.process)
            raise

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), GRACE_S)
        except TimeoutError:
            _log.warning("%s did not end within %.0f s: killed", self.program.name, GRACE_S)
            process.kill()
            await process.wait()


def _die_with(parent: int) -> Callable[[], None]:
    """Runs in the child before it becomes the program (prctl(2))."""

    def before_exec() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)

    return before_exec


async def keep(kept: Sequence[Program], stop: asyncio.Event) -> None:
    """Runs them until `stop`, then ends them. Raises `Failed`."""
    failed: list[Failed] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(Keeper(program).run()) for program in kept]
            await _first(stop, tasks)
            for task in tasks:
                task.cancel()
    except* Failed as failures:
        # Raised from here it would be a group of one, before Python 3.11.4 (cpython#103590).
        failed += (one for one in failures.exceptions if isinstance(one, Failed))
    if failed:
        raise failed[0]


async def _first(stop: asyncio.Event, tasks: Sequence[asyncio.Task[None]]) -> None:
    waiting = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


@contextmanager
def sole_owner(data_dir: Path) -> Iterator[None]:
    """Two servers on one data folder would write over each other. Raises `ConfigError`."""
    run = data_dir / "run"
    try:
        run.mkdir(parents=True, exist_ok=True)
        run.chmod(0o700)
        lock = (run / "lock").open("w")
    except OSError as error:
        raise ConfigError(
            f"storage.data_dir = {str(data_dir)!r}: cannot be written: {error.strerror}; "
            "set another `data_dir` in [storage], or give this user the right to write there"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"storage.data_dir = {str(data_dir)!r}: another Diemcau uses this folder; "
                "end it, or set another `data_dir` in [storage]"
            ) from None
        yield


def _settings_file(settings: Settings) -> Path:
    return (settings.storage.data_dir / "run" / "settings.json").absolute()


def write_settings(settings: Settings) -> Path:
    """The resolved settings for the children, for our eyes only."""
    path = _settings_file(settings)
    path.unlink(missing_ok=True)
    with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(settings.model_dump_json(indent=2))
    return path


def stop_on_signals() -> asyncio.Event:
    """Set by SIGTERM and SIGINT. Needs a running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def supervise(settings: Settings, started: Callable[[Settings], None]) -> None:
    """A whole server, until a signal. `started` hears the ports that were settled.

    Raises `ConfigError`, or `Failed` when a child could not start for a reason of the user's.
    """
    stop = stop_on_signals()
    with sole_owner(settings.storage.data_dir):
        real = await _settled(settings)
        path = write_settings(real)
        started(real)
        try:
            await keep(programs(path), stop)
        finally:
            path.unlink(missing_ok=True)


async def _settled(settings: Settings) -> Settings:
    """Ports, with patience where the last supervisor was killed: its children still hold them
    until they have closed the recording. Raises `ConfigError`."""
    orphans = _settings_file(settings).exists()
    patient_until = time.monotonic() + (GRACE_S if orphans else 0)
    while True:
        try:
            return settled(settings)
        except ConfigError:
            if time.monotonic() >= patient_until:
                raise
            await asyncio.sleep(0.1)
