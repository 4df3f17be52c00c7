"""Has the media player's files opened and their loudness measured: one after another, in a process
of its own (`broadcast/studio/measuring.py`), while the session goes on."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from broadcast.studio.measured import kept_of

MAX_WISHED = 500
"""Files that wait; one more is measured when somebody looks at the shelf again."""
TIMEOUT_S = 1800.0

_log = logging.getLogger(__name__)


class Measuring:
    """`wish` on the loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._wished: asyncio.Queue[str] = asyncio.Queue(MAX_WISHED)
        self._tried: set[tuple[str, int, int]] = set()
        """Name, size and time: what could not be read is not read again and again."""

    def wish(self, name: str) -> None:
        """A file that was brought, or was found unmeasured."""
        if not self._wished.full():
            self._wished.put_nowait(name)

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """For `cleanup_ctx`."""
        del app
        task = asyncio.create_task(self._run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _run(self) -> None:
        while True:
            path = self._folder / await self._wished.get()
            try:
                if await asyncio.to_thread(self._is_new, path):
                    await _measure(path)
            except (OSError, TimeoutError) as error:
                _log.warning("%s could not be measured: %s", path.name, error)

    def _is_new(self, path: Path) -> bool:
        """Raises `OSError`."""
        stat = path.stat()
        file = path.name, stat.st_size, stat.st_mtime_ns
        if file in self._tried or kept_of(path) is not None:
            return False
        self._tried.add(file)
        return True


async def _measure(path: Path) -> None:
    """Raises `OSError`, `TimeoutError`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "broadcast.studio.measuring", str(path),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, said = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        words = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        _log.warning("%s could not be measured: %s", path.name, words)
