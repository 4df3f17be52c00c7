"""A document page by page, as pictures: what a phone, a projector and a thin line can show.

Drawn in a process aside, some pages at a time, one document at a time, and kept beside the
documents for a week; whoever asks for what is being drawn waits for it.
"""

import asyncio
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from config.settings import Settings
from web.aside import Aside
from web.errors import Problem, not_found
from web.preparing.documents import readable
from web.preparing.trash import PAGES
from web.replies import reply
from web.sessions import Sessions

BOX = (1920, 1920)
"""An A4 page is 164 dots an inch then: read at twice the width of a phone."""
BATCH = 4
MAX_WAITING = 64
MAX_KNOWN = 500
PAGE_DIGITS = 4


@dataclass(slots=True)
class _Drawing:
    """`lock` is held while pages are drawn; `pages` of each document that was opened."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    pages: dict[Path, int] = field(default_factory=dict)


class DocumentPages:
    """For whoever may read the document."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._folder = settings.storage.data_dir / "documents"
        self._spare_bytes = settings.recording.stop_free_bytes
        self._aside = Aside()
        self._drawing = _Drawing()

    def routes(self) -> list[web.RouteDef]:
        path = "/api/v1/sessions/{session}/documents/{document}/pages"
        return [web.get(path, self._count), web.get(path + "/{page}", self._give)]

    async def _count(self, request: web.Request) -> web.Response:
        return reply({"pages": await self._drawn(await self._place(request), 1)})

    async def _give(self, request: web.Request) -> web.StreamResponse:
        folder, name = await self._place(request), request.match_info["page"]
        if not (name.isascii() and name.isdecimal() and len(name) <= PAGE_DIGITS and int(name)):
            raise not_found("no_document")
        if int(name) > await self._drawn(folder, int(name)):
            raise not_found("no_document")
        headers = {"Content-Type": "image/webp", "Cache-Control": "private, no-store"}
        return web.FileResponse(folder / f"{int(name)}.webp", headers=headers)

    async def _place(self, request: web.Request) -> Path:
        """Of the drawn pages. Raises `Problem` 404."""
        document = await readable(request, self._sessions)
        return self._folder / PAGES / request.match_info["session"] / document.id

    async def _drawn(self, folder: Path, page: int) -> int:
        """How many pages there are; this one is drawn then, if there is such. Raises `Problem`."""
        drawing = self._drawing
        if drawing.waiting >= MAX_WAITING:
            raise Problem(503, "server_busy", retry_after_s=2)
        drawing.waiting += 1
        try:
            async with drawing.lock:
                known = drawing.pages.get(folder)
                there = await asyncio.to_thread((folder / f"{page}.webp").is_file)
                if known is None or (page <= known and not there):
                    if len(drawing.pages) >= MAX_KNOWN:
                        drawing.pages.clear()
                    known = drawing.pages[folder] = await self._draw(folder, page)
                return known
        finally:
            drawing.waiting -= 1

    async def _draw(self, folder: Path, page: int) -> int:
        path = self._folder / folder.parent.name / f"{folder.name}.pdf"
        if not await asyncio.to_thread(_roomy, folder, self._spare_bytes):
            raise Problem(507, "document_no_room")
        wish = {"path": str(path), "folder": str(folder), "first": page, "box": BOX}
        pages = await self._aside.run({"work": "pages", "last": page + BATCH - 1, **wish})
        if not pages:
            raise Problem(422, "document_torn")
        return int(pages)


def _roomy(folder: Path, spare_bytes: int) -> bool:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return shutil.disk_usage(folder).free > spare_bytes
