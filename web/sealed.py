"""The sealed recording of a session's closed parts: played and taken away by operator and chair of
that session, and by nobody else.

Every access is written down beside the recording before it is given, and those that were refused
too: what cannot be written down is not given.
"""

import asyncio
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

from broadcast.archive.retire import retired
from broadcast.outputs import shelf
from broadcast.outputs.playlist import END
from broadcast.outputs.recovery import INDEX, listed_in
from broadcast.session.model import Role
from config.settings import Settings
from web.asking import identify
from web.auditor import Auditor
from web.auth import VIEWER, Identity
from web.border import client_address
from web.errors import Problem, not_found
from web.films import Sender
from web.media import FILE_NAME, PLAYLIST_TYPE
from web.replies import dumps, reply
from web.sessions import Sessions

MAY_OPEN = frozenset({Role.OPERATOR, Role.CHAIR})
ACCESSES = "access.log"
SHOWN = 50
TAIL_BYTES = 262_144
PLAYING_MS = 60_000
"""Who asks again within a minute has not stopped watching."""

_log = logging.getLogger(__name__)

What = Literal["play", "piece", "download", "refused"]


def may_open(identity: Identity) -> bool:
    """A right of its own: who takes the minutes is not in it."""
    return bool(identity.roles & MAY_OPEN)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Who opened one session's sealed recording, a line each. On a thread. Raises `OSError`."""

    path: Path

    def note(self, at_ms: int, identity: Identity, address: str, what: What, name: str) -> None:
        """`name`: the file that was asked for."""
        line = {
            "at_ms": at_ms,
            "name": identity.name,
            "role": identity.role.value,
            "address": address,
            "what": what,
            "file": name,
        }
        with open(self.path, "a", encoding="utf-8", opener=_for_us_alone) as file:
            file.write(dumps(line) + "\n")

    def newest(self) -> list[dict[str, Any]]:
        """Of openings, not of each piece; the newest first."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
        told = [json.loads(line) for line in lines if line.endswith("}") and line[:1] == "{"]
        opened = [one for one in told if one["what"] != "piece"]
        return opened[: -SHOWN - 1 : -1]


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class SealedRecordings:
    """`clock` gives epoch milliseconds."""

    def __init__(
        self,
        sessions: Sessions,
        settings: Settings,
        sender: Sender,
        auditor: Auditor,
        clock: Callable[[], int],
    ) -> None:
        self._sessions, self._sender = sessions, sender
        self._auditor = auditor
        self._root = shelf.sealed_root(settings.storage)
        self._shelf = shelf.sealed(settings.storage, settings.recording)
        self._clock = clock
        self._played_at_ms: dict[tuple[str, str], int] = {}

    def routes(self) -> list[web.RouteDef]:
        at = "/api/v1/sessions/{session}/sealed"
        return [
            web.get(at, self._tell),
            web.get(f"{at}/film.mp4", self._film),
            web.get(f"{at}/{{name}}", self._serve),
        ]

    async def _tell(self, request: web.Request) -> web.Response:
        """What there is, and who opened it."""
        folder = await self._folder(request, None)
        return reply(await asyncio.to_thread(_told, folder))

    async def _film(self, request: web.Request) -> web.StreamResponse:
        folder = await self._folder(request, "download")
        return await self._sender.send(request, folder, self._shelf.envelope(folder.name))

    async def _serve(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        folder = await self._folder(request, "play" if name == INDEX else "piece")
        headers = {"Cache-Control": "no-store"}
        if name == INDEX:
            text = await asyncio.to_thread((folder / INDEX).read_text, "utf-8", "replace")
            if self._sessions.is_over(folder.name) and not text.endswith(END):
                text += END
            return web.Response(text=text, headers=headers, content_type=PLAYLIST_TYPE)
        if not FILE_NAME.fullmatch(name) or not (folder / name).is_file():
            raise not_found()
        return web.Response(
            body=await asyncio.to_thread(self._opened, folder / name),
            headers=headers,
            content_type="video/mp4",
        )

    def _opened(self, path: Path) -> bytes:
        return self._shelf.envelope(path.parent.name).open(path.read_bytes())

    async def _folder(self, request: web.Request, what: What | None) -> Path:
        """Once it is known who asks, and written down. Raises `Problem`."""
        session = (await self._sessions.desk(request.match_info["session"])).floor.id
        folder = self._root / session
        there = await asyncio.to_thread((folder / INDEX).is_file)
        gone = await asyncio.to_thread(retired, folder) is not None
        identity, refusal = self._who(request, session)
        noted = "refused" if refusal is not None else None if gone else what
        if noted in {"play", "piece"}:
            # Who knows the names of the pieces needs no list of them.
            noted = "play" if self._begins(session, identity) else "piece"
        if noted is not None:
            await self._note(folder if there else None, request, identity, noted)
        if refusal is not None:
            await self._auditor.refused(
                request, "sealed_opened", refusal, identity, session=session
            )
            raise refusal
        if what is not None and (gone or not there):
            raise not_found("retired" if gone else "nothing_sealed")
        if noted in {"play", "download"}:
            await self._auditor.done(request, "sealed_opened", identity, session=session)
        return folder

    def _begins(self, session: str, identity: Identity) -> bool:
        """A player asks again and again, for pieces and for the list of a recording that grows.
        Many may come by one link, and have one name."""
        who = f"{identity.name} {identity.role} {identity.seat} {identity.where.address}"
        now_ms, key = self._clock(), (session, who)
        last_ms = self._played_at_ms.get(key, -PLAYING_MS)
        self._played_at_ms = {
            one: at_ms for one, at_ms in self._played_at_ms.items() if now_ms - at_ms < PLAYING_MS
        } | {key: now_ms}
        return not 0 <= now_ms - last_ms < PLAYING_MS

    def _who(self, request: web.Request, session: str) -> tuple[Identity, Problem | None]:
        try:
            identity = identify(request, changes=False).in_session(session)
        except Problem as problem:
            return VIEWER, problem
        if identity == VIEWER:
            return identity, Problem(401, "not_signed_in")
        if not may_open(identity):
            return identity, Problem(403, "forbidden", role=identity.role)
        return identity, None

    async def _note(
        self, folder: Path | None, request: web.Request, identity: Identity, what: What
    ) -> None:
        """Who is no staff and is refused stands in the audit alone, which bounds strangers."""
        address = client_address(request)
        if folder is None or not (what != "refused" or identity.staff):
            return
        name = request.match_info.get("name", "film.mp4")
        try:
            await asyncio.to_thread(
                Ledger(folder / ACCESSES).note, self._clock(), identity, address, what, name
            )
        except OSError as error:
            _log.error("an access to a sealed recording cannot be written down: %s", error)
            raise Problem(503, "sealed_unnoted", reason=error.strerror or str(error)) from None


def _told(folder: Path) -> dict[str, Any]:
    listed = listed_in(folder)
    gone = retired(folder) is not None
    return {
        "duration_s": round(listed.duration_s, 3) if listed is not None else 0,
        "bytes": 0 if gone else sum(one.stat().st_size for one in folder.glob("*.m4s")),
        "retired": gone,
        "accesses": Ledger(folder / ACCESSES).newest(),
    }
