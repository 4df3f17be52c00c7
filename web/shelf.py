"""The files of the media player: which are there, bringing one, taking one away.

They lie in `data_dir/media`, where somebody with an account on the server may put them too. What
comes over the network is written beside its place and moved there when it is whole.
"""

import asyncio
import os
import re
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from broadcast.program import ClipKind
from broadcast.session.rules.player import kind_of
from broadcast.session.text import FileName
from broadcast.studio.measured import Measured, forget, kept_of
from config.settings import Settings
from web.asking import ask_again, require
from web.auditor import Auditor
from web.auth import OPERATORS, Identity
from web.errors import Problem, not_found
from web.measuring import Measuring
from web.replies import reply

CHUNK_BYTES = 1 << 18
MAX_FILES = 500
"""In one answer."""
STALLED_S = 30.0
"""A browser that sends nothing for so long has gone."""
MAX_UPLOADS = 3
_HALF = re.compile(r"\.[0-9a-f]{16}\.part")
_PLACE = "/api/v1/sessions/{session}/player/files"
_NAME: TypeAdapter[str] = TypeAdapter(FileName)


@dataclass(frozen=True, slots=True)
class Kept:
    name: str
    kind: str
    size_bytes: int
    measured: Measured | None
    """As soon as it was looked at."""

    def told(self) -> dict[str, Any]:
        """`gain_db`: what the player does to its sound; null while nobody knows."""
        found = self.measured
        sounds = found and not found.fault and self.kind != ClipKind.SLIDES
        return {
            "name": self.name,
            "kind": self.kind,
            "bytes": self.size_bytes,
            "gain_db": found.gain_db if found and sounds else None,
            "silent": bool(found and sounds and found.lufs is None),
            "fault": found.fault if found else "",
        }


class Shelf:
    """For operators alone. `in_use` gives the name of the file that the player has."""

    def __init__(
        self,
        settings: Settings,
        auditor: Auditor,
        in_use: Callable[[], str | None],
    ) -> None:
        self.measuring = Measuring(settings.storage.data_dir / "media")
        self._folder = settings.storage.data_dir / "media"
        self._most_bytes = settings.storage.max_upload_bytes
        self._spare_bytes = 2 * settings.recording.stop_free_bytes
        self._auditor, self._in_use = auditor, in_use
        self._uploads = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(_PLACE, self._list),
            web.put(_PLACE + "/{name}", self._bring),
            web.delete(_PLACE + "/{name}", self._remove),
        ]

    async def sweep(self, app: web.Application) -> None:
        """For `on_startup`: what was half brought when the server died takes room for ever."""
        del app
        await asyncio.to_thread(_forget_halves, self._folder)

    async def _list(self, request: web.Request) -> web.Response:
        _require_operator(request, changes=False)
        kept = await asyncio.to_thread(kept_in, self._folder)
        for file in kept:
            if file.measured is None:
                self.measuring.wish(file.name)
        files = [file.told() for file in kept]
        return reply({"files": files, "max_bytes": self._most_bytes})

    async def _bring(self, request: web.Request) -> web.Response:
        who = _require_operator(request, changes=True)
        name = _name_of(request)
        if kind_of(name) is None:
            raise Problem(415, "player_kind", file=name)
        self._require_free(name)
        length = request.content_length
        if length is not None and length > self._most_bytes:
            raise self._too_large(name)
        if self._uploads >= MAX_UPLOADS:
            raise Problem(503, "too_many_uploads", retry_after_s=10)
        self._uploads += 1
        try:
            size = await self._receive(request, name)
        except OSError as error:
            raise Problem(507, "file_not_kept", file=name, reason=error.strerror or "") from None
        finally:
            self._uploads -= 1
        self.measuring.wish(name)
        told = {"file": name, "bytes": size}
        session = request.match_info["session"]
        await self._auditor.done(request, "player_file_brought", who, session=session, detail=told)
        return reply({"name": name, "bytes": size}, status=201)

    async def _receive(self, request: web.Request, name: str) -> int:
        """Writes the body. Raises OSError, `Problem`."""
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        half = self._folder / f".{secrets.token_hex(8)}.part"
        size = 0
        try:
            with half.open("xb") as file:
                while chunk := await self._chunk(request, name):
                    size += len(chunk)
                    if size > self._most_bytes:
                        raise self._too_large(name)
                    await asyncio.to_thread(self._write, file.fileno(), chunk, name)
                await asyncio.to_thread(os.fsync, file.fileno())
            expected = request.content_length
            if expected is not None and size != expected:
                raise Problem(400, "file_cut_short", file=name)
            await ask_again(request)
            _require_operator(request, changes=True)
            self._require_free(name)
            await asyncio.to_thread(half.replace, self._folder / name)
        finally:
            await asyncio.to_thread(half.unlink, missing_ok=True)
        return size

    def _too_large(self, name: str) -> Problem:
        return Problem(413, "file_too_large", file=name, gb=f"{self._most_bytes / 1e9:.1f}")

    async def _chunk(self, request: web.Request, name: str) -> bytes:
        try:
            return await asyncio.wait_for(request.content.read(CHUNK_BYTES), STALLED_S)
        except TimeoutError:
            raise Problem(408, "file_cut_short", file=name) from None

    def _write(self, handle: int, chunk: bytes, name: str) -> None:
        """The recording comes first: it keeps its room. Raises OSError, `Problem`."""
        if shutil.disk_usage(self._folder).free - len(chunk) < self._spare_bytes:
            raise Problem(507, "file_no_room", file=name)
        view = memoryview(chunk)
        while view:
            view = view[os.write(handle, view) :]

    async def _remove(self, request: web.Request) -> web.Response:
        who = _require_operator(request, changes=True)
        name = _name_of(request)
        self._require_free(name)
        try:
            await asyncio.to_thread(self._take_away, self._folder / name)
        except OSError:
            raise not_found("no_such_file") from None
        told, session = {"file": name}, request.match_info["session"]
        await self._auditor.done(request, "player_file_removed", who, session=session, detail=told)
        return reply({})

    @staticmethod
    def _take_away(path: Path) -> None:
        path.unlink()
        forget(path)

    def _require_free(self, name: str) -> None:
        if self._in_use() == name:
            raise Problem(409, "file_in_use", file=name)


def _require_operator(request: web.Request, *, changes: bool) -> Identity:
    return require(request, request.match_info["session"], OPERATORS, changes=changes)


def _name_of(request: web.Request) -> str:
    """Raises `Problem` 422."""
    try:
        return _NAME.validate_python(request.match_info["name"])
    except ValidationError as error:
        rule = error.errors()[0]["msg"]
        raise Problem(422, "not_understood", field="name", rule=rule) from None


def kept_in(folder: Path) -> list[Kept]:
    """What can be played, by name. Blocking."""
    if not folder.is_dir():
        return []
    there = [path.name for path in folder.iterdir()]
    names = [name for name in there if kind_of(name) and not name.startswith(".")]
    found = (_kept(folder, _as_it_is_asked_for(folder, name)) for name in names)
    kept = [one for one in found if one is not None]
    return sorted(kept, key=lambda one: one.name.casefold())[:MAX_FILES]


def _kept(folder: Path, name: str) -> Kept | None:
    """None: it is no file, or was taken away meanwhile."""
    path = folder / name
    try:
        stat = path.stat()
    except OSError:
        return None
    kind = kind_of(name)
    if kind is None or not S_ISREG(stat.st_mode):
        return None
    return Kept(name, kind, stat.st_size, kept_of(path))


def _as_it_is_asked_for(folder: Path, name: str) -> str:
    """A Mac spells "ố" in three letters and a stick carries that along, but a command has one
    spelling of a name only: so what was put here by hand gets it. Another of that name stays."""
    try:
        wanted = _NAME.validate_python(name)
    except ValidationError:
        return name
    if wanted == name or (folder / wanted).exists():
        return name
    try:
        (folder / name).rename(folder / wanted)
    except OSError:
        return name
    return wanted


def _forget_halves(folder: Path) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        if _HALF.fullmatch(path.name):
            path.unlink(missing_ok=True)
