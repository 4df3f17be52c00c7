"""`/graphics/{session}`: every overlay as it will look on air, to judge a theme by eye.

Drawing is no work for the process that carries media: `broadcast.overlay.preview` does it in one of
its own, at the lowest priority, and says what is wrong with the theme, then of each picture when it
is there.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from broadcast.session.model import Role
from config.settings import Settings
from web.asking import identify_or_viewer, require
from web.auth import OPERATORS
from web.errors import not_found
from web.pages import Pages
from web.sessions import Sessions

SHEETS = (
    *("all", "all-long", "lower_third", "lower_third-long", "clock-warning", "clock-over"),
    *("clock-paused", "agenda", "queue", "live-logo", "seats-picture-in-picture"),
    *("seats-side-by-side", "seats-grid-4", "seats-grid-9", "seats-filmstrip"),
    *(
        "seats-hall-and-speaker",
        "signal_lost",
        "signal_lost-absent",
        "card-anthem",
        "card-countdown",
    ),
    *("slate-waiting", "slate-title", "slate-pause", "slate-closed", "slate-ended"),
)
"""What `broadcast.overlay.preview` draws; a test compares them. Importing it would bring the whole
rasteriser into this process."""
FAULT = "fault "
"""As it says them."""
PATIENCE_S = 60.0
LOOKING_S = 20.0
"""The page waits so long to be told what is wrong; after that without."""
NICENESS = 19

_log = logging.getLogger(__name__)


class Graphics:
    """For operators. Draws anew when the theme's files have changed."""

    def __init__(self, sessions: Sessions, pages: Pages, settings: Settings) -> None:
        self._sessions, self._pages = sessions, pages
        self._folder = settings.storage.data_dir / "run" / "graphics"
        self._theme = settings.program.theme
        self._stamp: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready: set[str] = set()
        self._faults: list[str] = []
        self._news = asyncio.Condition()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/graphics/{session}", self._page),
            web.get("/graphics/{session}/{name}.png", self._picture),
        ]

    async def close(self, _: web.Application) -> None:
        await self._stop()

    async def _page(self, request: web.Request) -> web.StreamResponse:
        state = (await self._sessions.desk(request.match_info["session"])).floor.state
        if not self._may(request):
            raise web.HTTPSeeOther(f"/sign-in?next={request.path}")
        stamp = await asyncio.to_thread(_stamp, self._theme)
        if stamp != self._stamp:
            self._stamp = stamp  # before anything is waited for: who comes meanwhile draws nothing
            await self._stop()
            self._task = asyncio.create_task(self._draw(), name="drawing of the graphics")
        await self._heard_of(lambda: bool(self._ready), LOOKING_S)
        theme = str(self._theme) if self._theme is not None else ""
        place = request.path
        values = {
            "place": place,
            "sheets": SHEETS,
            "stamp": stamp,
            "theme": theme,
            "faults": self._faults,
        }
        return self._pages.sheet(request, "graphics", state, **values)

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        require(request, request.match_info["session"], OPERATORS, changes=False)
        if name not in SHEETS:
            raise not_found()
        await self._heard_of(lambda: name in self._ready, PATIENCE_S)
        if name not in self._ready:
            raise not_found()
        headers = {"Content-Type": "image/png", "Cache-Control": "private, max-age=3600"}
        return web.FileResponse(self._folder / f"{name}.png", headers=headers)

    async def _heard_of(self, wished: Callable[[], bool], patience_s: float) -> None:
        """Until it is so, or nothing more is to come."""
        async with self._news:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._news.wait_for(lambda: wished() or not self._draws)

    @property
    def _draws(self) -> bool:
        return self._task is not None and not self._task.done()

    def _may(self, request: web.Request) -> bool:
        who = identify_or_viewer(request).in_session(request.match_info["session"])
        return Role.OPERATOR in who.roles

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._ready.clear()
        self._faults = []

    async def _draw(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *_command(self._folder, self._theme),
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=lambda: os.nice(NICENESS),
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                await self._note(line.decode().strip())
            if await process.wait():
                _log.error("the graphics could not be drawn: exit %s", process.returncode)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            async with self._news:
                self._task = None
                self._news.notify_all()

    async def _note(self, said: str) -> None:
        async with self._news:
            if said.startswith(FAULT):
                self._faults.append(said.removeprefix(FAULT))
            else:
                self._ready.add(said)
            self._news.notify_all()


def _command(folder: Path, theme: Path | None) -> Sequence[str | Path]:
    command: list[str | Path] = [sys.executable, "-m", "broadcast.overlay.preview", folder]
    return command if theme is None else [*command, "--theme", theme]


def _stamp(theme: Path | None) -> int:
    """Another whenever a file of the theme was changed."""
    if theme is None:
        return 0
    try:
        files = [path for path in sorted(theme.iterdir()) if path.exists()]
        stats = [(path.name, path.stat().st_mtime_ns) for path in files]
    except OSError:
        return 0  # whoever draws says why
    return hash(tuple(stats)) & 0xFFFFFFFF
