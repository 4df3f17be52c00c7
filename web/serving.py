"""A whole server: sole owner of its folder, on ports that are free, kept up by the supervisor."""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

from config.settings import ConfigError, Settings
from web.ports import settled
from web.supervisor import GRACE_S, Program, keep, signals_held

LOOKED_AT_S = 0.5
"""For so long nobody holds the lock who only looks (`is_up`)."""


def programs(settings_file: Path) -> tuple[Program, ...]:
    """The three of a server."""
    arguments = (str(settings_file),)
    return (
        Program("relay", partial(_relay, arguments)),
        Program("studio", partial(_studio, arguments)),
        Program("witness", partial(_witness, arguments)),
    )


# Each is imported while the one before it starts already.


def _relay(arguments: tuple[str]) -> Callable[[], int]:
    from web.app import main

    return partial(main, arguments)


def _studio(arguments: tuple[str]) -> Callable[[], int]:
    from broadcast.studio.main import main

    return partial(main, arguments)


def _witness(arguments: tuple[str]) -> Callable[[], int]:
    from broadcast.witness.main import main

    return partial(main, arguments)


@contextmanager
def sole_owner(data_dir: Path) -> Iterator[None]:
    """Two servers on one data folder would write over each other. Raises `ConfigError`."""
    run = data_dir / "run"
    try:
        run.mkdir(parents=True, exist_ok=True)
        run.chmod(0o700)
        lock = (run / "lock").open("w")
    except OSError as error:
        raise _unwritable(data_dir, error) from None
    with lock:
        if not _taken(lock, time.monotonic() + LOOKED_AT_S):
            raise ConfigError(
                f"storage.data_dir = {str(data_dir)!r}: another Diemcau uses this folder; "
                "end it, or set another `data_dir` in [storage]"
            )
        yield


def _taken(lock: IO[str], until_s: float) -> bool:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until_s:
                return False
            time.sleep(0.02)
        else:
            return True


def is_up(data_dir: Path) -> bool:
    """Whether a server has this folder just now."""
    try:
        with (data_dir / "run" / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _unwritable(data_dir: Path, error: OSError) -> ConfigError:
    what = (
        "free some of its disk"
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        else "give this user the right to write there"
    )
    return ConfigError(
        f"storage.data_dir = {str(data_dir)!r}: cannot be written: {error.strerror}; "
        f"set another `data_dir` in [storage], or {what}"
    )


def _settings_file(settings: Settings) -> Path:
    return (settings.storage.data_dir / "run" / "settings.json").absolute()


def write_settings(settings: Settings) -> Path:
    """The resolved settings for the children, for our eyes only. Raises `ConfigError`."""
    path = _settings_file(settings)
    try:
        path.unlink(missing_ok=True)
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(settings.model_dump_json(indent=2).encode())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritable(settings.storage.data_dir, error) from None
    return path


def running(settings: Settings) -> Settings | None:
    """Those of the server that is up on the same folder, with the ports that it was told on its
    command line or chose."""
    with suppress(OSError, ValueError):  # none is up, it is another user's, or another version's
        return Settings.model_validate_json(_settings_file(settings).read_text("utf-8"))
    return None


def as_running(settings: Settings) -> Settings:
    """Likewise; else these."""
    return running(settings) or settings


def serve(settings: Settings, started: Callable[[Settings], None]) -> None:
    """A whole server, until a signal. `started` hears the ports that were settled.

    Raises `ConfigError`, or `Failed` when a child could not start for a reason of the user's.
    """
    with signals_held(), sole_owner(settings.storage.data_dir):
        real = _settled(settings)
        path = write_settings(real)
        started(real)
        try:
            keep(programs(path))
        finally:
            path.unlink(missing_ok=True)


def _settled(settings: Settings) -> Settings:
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
            time.sleep(0.1)
