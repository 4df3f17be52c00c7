"""A throw-away PostgreSQL of our own, where the machine has its programs."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`; None if there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("initdb")
    folders += [Path(found).parent] if found else []
    return next((one for one in reversed(folders) if (one / "initdb").exists()), None)


@contextmanager
def cluster(binaries: Path) -> Iterator[str]:
    """Its SQLAlchemy URL. It listens on a Unix socket only, and is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="diemcau-pg-") as name:
        folder = Path(name)
        # The server refuses to run as root; Debian's package makes this user.
        user = "postgres" if os.geteuid() == 0 else None
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"

        def run(program: str, *arguments: str) -> None:
            command = [str(binaries / program), *arguments]
            subprocess.run(command, user=user, cwd=folder, check=True, capture_output=True)

        run("initdb", "-D", str(data), "-U", "diemcau", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        # `-l`: a server that kept our pipes open would keep `run` waiting for their end.
        log = str(folder / "log")
        run("pg_ctl", "-D", str(data), "-w", "-l", log, "-o", options, "start")
        try:
            yield f"postgresql+psycopg://diemcau@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
