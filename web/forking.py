"""A process that is a copy of this one, with what is loaded already: it runs within milliseconds.

The one that forks has no thread and no event loop, and what it has loaded has not run: nothing is
copied that was under way. What all have loaded is in memory once, as long as nobody changes it;
`gc.freeze` keeps the garbage collector from doing so. The price: addresses in memory are the same
after a restart, so whoever wants to guess them may guess again, at the supervisor's pace.
"""

import ctypes
import gc
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Set
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_ARGUMENTS = slice(45, 47)
"""Where they begin and end in memory: `arg_start` and `arg_end` of proc_pid_stat(5), after the
program's name."""

_libc = ctypes.CDLL(None, use_errno=True)


def without_threads() -> None:
    """To be called before NumPy is imported, which would start some."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def fork(name: str, run: Callable[[], int], *, speaks: bool, held: Set[signal.Signals]) -> int:
    """The process id of a child that ends with what `run` returns, and with this process.

    `speaks`: it has our standard output, else its is our standard error. `held` are the signals
    that this process blocks and the child must not. Raises `RuntimeError` beside other threads.
    """
    if sum(1 for _ in Path("/proc/self/task").iterdir()) > 1:
        raise RuntimeError("whoever has threads cannot fork")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # else both would write it
    gc.freeze()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _live(name, run, parent, speaks, held)
    return pid


def _live(
    name: str, run: Callable[[], int], parent: int, speaks: bool, held: Set[signal.Signals]
) -> NoReturn:
    """Nothing may return or raise into what the parent was doing."""
    status = 1
    try:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)
        os.setsid()  # Ctrl-C is for the parent to pass on, in order
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # a lock that it would hold beyond our end
        _connect(speaks)
        _call_ourselves(name)
        logging.root.handlers.clear()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, held)
        gc.enable()
        status = run()
    except SystemExit as left:
        if isinstance(left.code, int):
            status = left.code
        else:
            sys.stderr.write(f"{left.code}\n")
    except BaseException:
        traceback.print_exc()
    finally:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)


def _connect(speaks: bool) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if not speaks:
        os.dup2(2, 1)


def _call_ourselves(name: str) -> None:
    """As `top`, `ps` and `systemctl status` show it: in the place of the parent's arguments."""
    Path("/proc/self/comm").write_text(name)
    numbers = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[_ARGUMENTS]
    start, end = map(int, numbers)
    title = f"diemcau {name}".encode()[: end - start - 1]
    ctypes.memmove(start, title.ljust(end - start, b"\0"), end - start)
