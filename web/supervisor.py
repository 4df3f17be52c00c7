"""Keeps the processes up: starts them, again whichever dies, and ends them.

It has loaded what they are made of and forks them (`web/forking.py`), so that one that died is back
at once, however busy the machine. It holds no state worth losing and touches no media, so that it
has no reason to die itself; if it does, the kernel ends the children with it (`PR_SET_PDEATHSIG`),
and nothing is left that would hold a port.
"""

import gc
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from web.forking import fork

EXIT_USER = 2
"""A process that ends so cannot start for a reason that a person must mend. It has said which."""

STEADY_S = 10.0
"""Whoever ran this long and died is started again at once."""
FIRST_DELAY_S = 0.1
LAST_DELAY_S = 10.0
GRACE_S = 8.0
"""From SIGTERM to SIGKILL: the studio closes its last segment, the relay says goodbye."""

HELD = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})
"""They wait until we ask (`_told`): nothing interrupts what we do."""

_log = logging.getLogger("diemcau.supervisor")


@dataclass(frozen=True, slots=True)
class Program:
    """A process to keep up, or a chore to be done once."""

    name: str
    load: Callable[[], Callable[[], int]]
    """Imports what it is made of; what is returned runs it until its exit status."""
    chore: bool = False
    """Not started again however it ends, and may write to our standard output."""


class Failed(Exception):  # noqa: N818 - says what a child did
    """A child said that a person must mend something first."""


def delay_s(deaths_in_a_row: int) -> float:
    """How long to wait before the next start: 0.1 s, doubling to 10 s."""
    return min(LAST_DELAY_S, FIRST_DELAY_S * 2.0 ** max(0, deaths_in_a_row - 1))


class Keeper:
    """One program, started again for as long as it is wanted. Times are `time.monotonic()`."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._pid: int | None = None
        self._began_s = 0.0
        self._starts = 0
        self._deaths = 0
        self.due_s: float | None = 0.0
        """When it is to be started; None while it runs, or has done its work."""

    def start(self, now_s: float) -> None:
        name = self._program.name
        run = self._program.load()
        self._pid = fork(name, run, speaks=self._program.chore, held=HELD)
        self._began_s, self.due_s = now_s, None
        self._starts += 1
        _log.info("%s runs as process %d", name, self._pid)

    def look(self, now_s: float) -> None:
        """Whether it died. Raises `Failed` if its very first start was refused for a reason of the
        user's: later the same reason is likely a passing one, and a live session goes on."""
        status = self._reaped()
        if status is None or self._program.chore:
            return
        if status == EXIT_USER and self._starts == 1:
            raise Failed(self._program.name)
        self._deaths = 1 if now_s - self._began_s > STEADY_S else self._deaths + 1
        wait_s = delay_s(self._deaths)
        self.due_s = now_s + wait_s
        name = self._program.name
        _log.warning("%s ended (%s); starting again in %.1f s", name, status, wait_s)

    def _reaped(self) -> int | None:
        """The exit status of one that has ended, once; a signal's number is negative."""
        if self._pid is None:
            return None
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if not pid:
            return None
        self._pid = None
        return os.waitstatus_to_exitcode(status)

    def signal(self, number: signal.Signals) -> None:
        """To the child, if it runs: until it is reaped, its process id is nobody else's."""
        if self._pid is not None:
            os.kill(self._pid, number)

    def is_gone(self) -> bool:
        self._reaped()
        return self._pid is None

    def kill(self) -> None:
        if self._pid is not None:
            name = self._program.name
            _log.warning("%s did not end within %.0f s: killed", name, GRACE_S)
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = None


@contextmanager
def signals_held() -> Iterator[None]:
    """`keep` needs it; what else happens within is not interrupted either."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _told(patience_s: float | None) -> bool:
    """Waits for a signal, for ever with None; whether it tells us to end."""
    if patience_s is None:
        return _ends(signal.sigwait(HELD))
    heard = signal.sigtimedwait(HELD, max(0.0, patience_s))
    return heard is not None and _ends(heard.si_signo)


def _ends(number: int) -> bool:
    """Not what we were started to ignore, as `nohup` does: Linux drops no signal that is blocked,
    and `sigwait` hears it all the same."""
    return number != signal.SIGCHLD and signal.getsignal(number) is not signal.SIG_IGN


def keep(kept: Sequence[Program]) -> None:
    """Runs them until SIGTERM, SIGINT or SIGHUP, then ends them. Raises `Failed`."""
    gc.disable()  # what is loaded stays; and `web.forking` says what else it would cost
    keepers = [Keeper(program) for program in kept]
    try:
        # One start in each turn: while the next one is loaded, this one runs already.
        while not _told(_wait_s(keepers)):
            for keeper in keepers:
                keeper.look(time.monotonic())
            _start_one(keepers, time.monotonic())
    finally:
        _end(keepers)
        gc.enable()


def _wait_s(keepers: Sequence[Keeper]) -> float | None:
    due_s = [keeper.due_s for keeper in keepers if keeper.due_s is not None]
    return min(due_s) - time.monotonic() if due_s else None


def _start_one(keepers: Sequence[Keeper], now_s: float) -> None:
    for keeper in keepers:
        if keeper.due_s is not None and keeper.due_s <= now_s:
            keeper.start(now_s)
            return


def _end(keepers: Sequence[Keeper]) -> None:
    for keeper in keepers:
        keeper.signal(signal.SIGTERM)
    until_s = time.monotonic() + GRACE_S
    while not all(keeper.is_gone() for keeper in keepers):
        if time.monotonic() >= until_s:
            break
        _told(until_s - time.monotonic())
    for keeper in keepers:
        keeper.kill()
