"""The demo as a user starts it: `diemcau demo --json`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.media import PATIENCE_S
from tests.ports import free_port
from tests.processes import ROOT
from tests.server import processes_under


@dataclass(frozen=True, slots=True)
class Demo:
    process: "subprocess.Popen[str]"
    links: dict[str, Any]

    def processes(self) -> dict[str, list[int]]:
        """Process ids of `relay`, `studio` and all `sites`."""
        found: dict[str, list[int]] = {"relay": [], "studio": [], "sites": []}
        for pid, name in processes_under(self.process.pid):
            kind = "sites" if name.startswith("site ") else name
            if kind in found:
                found[kind].append(pid)
        return found


def ports() -> Iterator[str]:
    """Arguments for `diemcau`."""
    for name in ("http", "https", "media"):
        yield f"--{name}-port={free_port()}"


@contextmanager
def running_demo(folder: Path, *arguments: str) -> Iterator[Demo]:
    """Ready when entered; ended by SIGTERM when left. Raises `RuntimeError` with its log."""
    command = [
        sys.executable, "-m", "web.cli", "demo", "--json", "--data-dir", str(folder / "data"),
        *ports(), *arguments,
    ]  # fmt: skip
    with (folder / "demo.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError((folder / "demo.log").read_text()[-4000:])
        yield Demo(process, json.loads(line))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE_S)
        finally:
            process.kill()
            process.stdout.close()
