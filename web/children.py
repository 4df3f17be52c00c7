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


async def run_module(module: str, settings: Settings, *arguments: str, patience_s: float) -> bytes:
    """What `python -m module SETTINGS.json …` prints. Raises `Problem` 503 when it fails."""
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
            raise Problem(503, "store", reason="timeout", retry_after_s=60) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    complaints = complained.decode(errors="replace").strip().splitlines()
    if process.returncode != 0:
        raise Problem(503, "store", reason=(complaints or ["?"])[-1], retry_after_s=60)
    for line in complaints:
        _log.warning("%s: %s", module, line)
    return said


def settings_given() -> Settings:
    """For such a process, as it begins: the studio comes first from now on."""
    os.nice(10)
    return handed_over(sys.argv[1])
