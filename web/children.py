"""Work that would keep sound and pictures waiting is done by a process of its own."""

import asyncio
import logging
import os
import sys
import tempfile
from pathlib import Path

from config.settings import Settings, handed_over
from web.errors import Problem

_log = logging.getLogger(__name__)


class NotDone(Problem):
    """503. `reason`, in the process' own last words, is for the log and for administrators: it may
    name what a stranger need not know."""

    def __init__(self, module: str, reason: str) -> None:
        super().__init__(503, "not_worked_out", retry_after_s=60)
        self.module, self.reason = module, reason


async def run_module(module: str, settings: Settings, *arguments: str, patience_s: float) -> bytes:
    """What `python -m module SETTINGS.json …` prints. Raises `NotDone` when it fails."""
    with tempfile.TemporaryDirectory(prefix="diemcau-") as folder:
        path = Path(folder) / "settings.json"
        await asyncio.to_thread(path.write_text, settings.model_dump_json(), "utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            str(path),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(patience_s):
                said, complained = await process.communicate()
        except TimeoutError:
            raise NotDone(module, f"not done in {patience_s:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    complaints = complained.decode(errors="replace").strip().splitlines()
    if process.returncode != 0:
        raise NotDone(module, (complaints or ["?"])[-1])
    for line in complaints:
        _log.warning("%s: %s", module, line)
    return said


def settings_given() -> Settings:
    """For such a process, as it begins: the studio comes first from now on."""
    os.nice(10)
    return handed_over(sys.argv[1])
