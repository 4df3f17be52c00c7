"""A disk of its own for a test, small or strange: a tmpfs."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def own_disk(folder: Path, *options: str) -> Iterator[Path]:
    """Mounted at a new folder, with tmpfs(5)'s options. Skips the test where none may be."""
    folder.mkdir()
    wanted = ["-o", ",".join(options)] if options else []
    mount = ["mount", "-t", "tmpfs", *wanted, "none", str(folder)]
    if subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("may not mount a file system here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
