"""Where the program is sent besides: by the settings, and what an operator added, switched on and
off. `/api/v1/sessions/{session}/pushes`.

An address holds a key or a password: it comes in, goes to the studio and to a file for this user
alone, and is never shown again nor written to a log.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, ValidationError

from broadcast.session.model import Role
from broadcast.session.text import Name
from config.settings import ConfigError, Push, Settings
from web.asking import identify
from web.auditor import Auditor
from web.auth import Identity
from web.bodies import Body, read
from web.errors import Problem, not_found
from web.replies import reply
from web.sessions import Sessions

FILE = "pushes.json"
MAX_PUSHES = 16

MAX_NAME_CHARS = 40


def _fitting(name: str) -> str:
    """Raises ValueError for what is no part of an address of ours, or no heading of a panel."""
    if "/" in name or len(name) > MAX_NAME_CHARS:
        raise ValueError(f"has no slash, and at most {MAX_NAME_CHARS} characters")
    return name


_Name = Annotated[Name, AfterValidator(_fitting)]


class _New(Body):
    name: _Name
    url: str = Field(max_length=2048)


class _Switch(Body):
    on: StrictBool


class _Kept(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    added: tuple[Push, ...] = ()
    off: frozenset[str] = frozenset()


@dataclass(slots=True)
class Destinations:
    """`changed` hears what is wanted, now and after each change. Raises `Problem`."""

    settings: Settings
    changed: Callable[[tuple[Push, ...]], None]
    _kept: _Kept = field(default_factory=_Kept)

    def load(self) -> None:
        """Raises `ConfigError` for a file that is none of ours."""
        path = self._path
        if path.exists():
            try:
                self._kept = _Kept.model_validate_json(path.read_text("utf-8"))
            except (OSError, ValueError):
                # Not the error's own words: they repeat what is in the file.
                raise ConfigError(f"{path}: cannot be read; restore it, or move it away") from None
        self.changed(self.wanted())

    @property
    def _path(self) -> Path:
        return self.settings.storage.data_dir / FILE

    def _all(self) -> tuple[Push, ...]:
        fixed = {push.name for push in self.settings.push}
        return self.settings.push + tuple(p for p in self._kept.added if p.name not in fixed)

    def wanted(self) -> tuple[Push, ...]:
        """Those that are switched on."""
        return tuple(push for push in self._all() if push.name not in self._kept.off)

    def told(self) -> list[dict[str, Any]]:
        """As the page may show them: of an address no more than kind and host."""
        fixed = {push.name for push in self.settings.push}
        return [
            {
                "name": push.name,
                "kind": push.url.partition(":")[0],
                "host": urlsplit(push.url).hostname or "",
                "on": push.name not in self._kept.off,
                "fixed": push.name in fixed,
            }
            for push in self._all()
        ]

    def add(self, name: str, url: str) -> None:
        """Blocking. Raises `Problem`: 409 for a name that is there or one too many, 422 for what is
        no address, 503 where the disk refuses."""
        if any(push.name == name for push in self._all()):
            raise Problem(409, "push_twice", name=name)
        if len(self._all()) >= MAX_PUSHES:
            raise Problem(409, "pushes_full", count=MAX_PUSHES)
        try:
            push = Push(name=name, url=url.strip())
        except ValidationError:
            raise Problem(422, "push_address") from None
        self._keep(self._kept.model_copy(update={"added": (*self._kept.added, push)}))

    def switch(self, name: str, *, on: bool) -> None:
        self._require(name)
        off = self._kept.off - {name} if on else self._kept.off | {name}
        self._keep(self._kept.model_copy(update={"off": off}))

    def remove(self, name: str) -> None:
        """Blocking. Raises `Problem`: 404, 409 for one of the settings, 503 as `add` does."""
        self._require(name)
        if any(push.name == name for push in self.settings.push):
            raise Problem(409, "push_fixed", name=name)
        added = tuple(push for push in self._kept.added if push.name != name)
        self._keep(_Kept(added=added, off=self._kept.off - {name}))

    def _require(self, name: str) -> None:
        if all(push.name != name for push in self._all()):
            raise not_found()

    def _keep(self, kept: _Kept) -> None:
        """Whole or not at all, and on the disk before it counts."""
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        try:
            with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(kept.model_dump_json().encode())
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(self._path)
        except OSError as error:
            raise Problem(503, "not_kept", reason=error.strerror or str(error)) from None
        self._kept = kept


class Pushes:
    """For operators; every change is in the audit."""

    def __init__(self, sessions: Sessions, auditor: Auditor, destinations: Destinations) -> None:
        self._sessions, self._auditor = sessions, auditor
        self._destinations = destinations
        self._one_at_a_time = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        at = "/api/v1/sessions/{session}/pushes"
        return [
            web.get(at, self._list),
            web.post(at, self._add),
            web.patch(f"{at}/{{name}}", self._switch),
            web.delete(f"{at}/{{name}}", self._remove),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        await self._operator(request, changes=False)
        return reply({"pushes": self._destinations.told()})

    async def _add(self, request: web.Request) -> web.Response:
        who = await self._operator(request, changes=True)
        new = await read(request, _New)
        return await self._changed(
            request, who, "push_added", new.name, lambda d: d.add(new.name, new.url)
        )

    async def _switch(self, request: web.Request) -> web.Response:
        who, name = await self._operator(request, changes=True), request.match_info["name"]
        wish = await read(request, _Switch)
        what = "push_on" if wish.on else "push_off"
        return await self._changed(request, who, what, name, lambda d: d.switch(name, on=wish.on))

    async def _remove(self, request: web.Request) -> web.Response:
        who, name = await self._operator(request, changes=True), request.match_info["name"]
        return await self._changed(request, who, "push_removed", name, lambda d: d.remove(name))

    async def _changed(
        self,
        request: web.Request,
        who: Identity,
        what: str,
        name: str,
        change: Callable[[Destinations], None],
    ) -> web.Response:
        session = request.match_info["session"]
        async with self._one_at_a_time:
            await asyncio.to_thread(change, self._destinations)
            self._destinations.changed(self._destinations.wanted())
        await self._auditor.done(request, what, who, session=session, detail={"name": name})
        return reply({"pushes": self._destinations.told()})

    async def _operator(self, request: web.Request, *, changes: bool) -> Identity:
        """Raises `Problem`."""
        session = (await self._sessions.desk(request.match_info["session"])).floor.id
        who = identify(request, changes=changes).in_session(session)
        if Role.OPERATOR not in who.roles:
            problem = Problem(403, "forbidden", role=who.role)
            await self._auditor.refused(request, "pushes", problem, who, session=session)
            raise problem
        if changes:
            self._sessions.require_free(session)
        return who
