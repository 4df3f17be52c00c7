"""Documents of agenda items: PDF files in `data_dir/documents/<session>/`.

Taken in as a stream to the disk, never whole in memory; read by whoever may know of the item. What
is of a closed item is, for everybody outside, not there.
"""

import asyncio
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from aiohttp import web

from broadcast.session.commands import AddDocument
from broadcast.session.model import Document, DocumentId, ItemId, Phase, SessionState
from broadcast.session.text import MAX_CHARS, clean
from config.settings import Settings
from web.asking import ask_again, identify, require
from web.auditor import AUDITED
from web.auth import OPERATORS, Identity
from web.commands import Perform
from web.errors import Problem, not_found
from web.replies import reply
from web.sessions import Sessions

AT_ONCE = 3
CHUNK_BYTES = 262_144
MAGIC = b"%PDF-"
TAIL_BYTES = 2048
"""`%%EOF` stands in the last kilobyte (ISO 32000-1, annex H, note 18); some add a little more."""
UPLOAD_S = 900.0


@dataclass(slots=True)
class _Taken:
    size_bytes: int
    sha256: str


class Documents:
    """For operators to give, for all to read by right."""

    def __init__(self, sessions: Sessions, perform: Perform, settings: Settings) -> None:
        self._sessions = sessions
        self._perform = perform
        self._folder = settings.storage.data_dir / "documents"
        self._most = settings.security.max_document_bytes
        self._spare = settings.recording.stop_free_bytes + self._most
        """What must be free: the recording comes first."""
        self._running = 0

    def routes(self) -> list[web.RouteDef]:
        session = "/api/v1/sessions/{session}"
        return [
            web.post(session + "/items/{item}/documents", self._take),
            web.get(session + "/documents/{document}", self._give),
        ]

    async def _take(self, request: web.Request) -> web.Response:
        """`?name=`: what it is called on the pages."""
        session = request.match_info["session"]
        identity = require(request, session, OPERATORS, changes=True)
        state = (await self._sessions.desk(session)).floor.state
        item = ItemId(request.match_info["item"])
        if item not in {one.id for one in state.agenda}:
            raise not_found()
        name = _name(request.query.get("name", ""))
        if self._running >= AT_ONCE:
            raise Problem(503, "server_busy", retry_after_s=5)
        self._running += 1
        try:
            return await self._keep(request, session, item, name, identity)
        finally:
            self._running -= 1

    async def _keep(
        self, request: web.Request, session: str, item: ItemId, name: str, identity: Identity
    ) -> web.Response:
        id_ = secrets.token_hex(8)
        path = self._path(session, id_)
        new = path.with_suffix(".new")
        try:
            taken = await self._stream(request, new)
            await ask_again(request)
            require(request, session, OPERATORS, changes=True)
            await asyncio.to_thread(new.replace, path)
            command = AddDocument(
                document=id_,
                item=item,
                name=name,
                size_bytes=taken.size_bytes,
                sha256=taken.sha256,
            )
            version = await self._perform(session, command, identity.as_server())
        except Exception:
            # Not where the server ends: the command may be in the log by then. What no session
            # names is put into the trash later (`web.preparing.trash`).
            new.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            raise
        request[AUDITED] = True  # with its event
        return reply({"id": id_, "version": version}, status=201)

    async def _stream(self, request: web.Request, path: Path) -> _Taken:
        """Raises `Problem` 413, 415, 422 or 507."""
        if (request.content_length or 0) > self._most:
            raise Problem(413, "document_too_large", most_mb=self._most // 1_000_000)
        file = await asyncio.to_thread(_open, path, self._spare)
        try:
            async with asyncio.timeout(UPLOAD_S):
                return await self._copy(request, file)
        except TimeoutError:
            raise Problem(408, "document_slow") from None
        finally:
            await asyncio.to_thread(file.close)

    async def _copy(self, request: web.Request, file: BinaryIO) -> _Taken:
        size, digest, head, tail = 0, hashlib.sha256(), b"", b""
        async for chunk in request.content.iter_chunked(CHUNK_BYTES):
            head = (head + chunk[: len(MAGIC)])[: len(MAGIC)]
            if not MAGIC.startswith(head):
                raise Problem(415, "document_not_pdf")
            size += len(chunk)
            if size > self._most:
                raise Problem(413, "document_too_large", most_mb=self._most // 1_000_000)
            tail = (tail + chunk)[-TAIL_BYTES:]
            await asyncio.to_thread(_write, file, chunk, digest.update)
        if b"%%EOF" not in tail:
            raise Problem(422, "document_torn") if size else Problem(415, "document_not_pdf")
        await asyncio.to_thread(_sync, file)
        return _Taken(size, digest.hexdigest())

    async def _give(self, request: web.Request) -> web.StreamResponse:
        document = await readable(request, self._sessions)
        path = self._path(request.match_info["session"], document.id)
        if not await asyncio.to_thread(path.is_file):
            raise not_found("no_document")
        return web.FileResponse(path, headers=_headers(document))

    def _path(self, session: str, document: str) -> Path:
        return self._folder / session / f"{document}.pdf"


async def readable(request: web.Request, sessions: Sessions) -> Document:
    """The one that `{session}` and `{document}` name. Raises `Problem` 404, also for who may not
    know of it."""
    session = request.match_info["session"]
    identity = identify(request, changes=False).in_session(session)
    state = (await sessions.desk(session)).floor.state
    document = state.documents.get(DocumentId(request.match_info["document"]))
    if document is None or not _may_read(state, document, identity):
        raise not_found("no_document")
    return document


def _may_read(state: SessionState, document: Document, identity: Identity) -> bool:
    """Staff always; a site while it may know of the item; the public what is given to it."""
    item = next((one for one in state.agenda if one.id == document.item), None)
    if item is None:
        return False
    if identity.staff:
        return True
    if identity.site in state.sites:
        current = state.current_item == item.id and state.phase is not Phase.ENDED
        return not item.closed or (current and identity.site not in state.put_out)
    return document.public and not item.closed


def _headers(document: Document) -> dict[str, str]:
    name = quote(document.name.removesuffix(".pdf") + ".pdf", safe="")
    return {
        "Content-Type": "application/pdf",
        "Content-Disposition": f"inline; filename*=UTF-8''{name}",
        "Cache-Control": "private, no-store",
    }


def _name(wish: str) -> str:
    """Raises `Problem` 422."""
    try:
        name = clean(wish.removesuffix(".pdf").removesuffix(".PDF")[:MAX_CHARS])
    except ValueError as error:
        raise Problem(422, "not_understood", field="name", rule=str(error)) from None
    if not name:
        raise Problem(422, "not_understood", field="name", rule="is empty")
    return name


def _open(path: Path, spare_bytes: int) -> BinaryIO:
    """Raises `Problem` 507 when the recording needs the room."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if shutil.disk_usage(path.parent).free < spare_bytes:
        raise Problem(507, "document_no_room")
    return path.open("xb")


def _write(file: BinaryIO, chunk: bytes, update: Callable[[bytes], None]) -> None:
    file.write(chunk)
    update(chunk)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
