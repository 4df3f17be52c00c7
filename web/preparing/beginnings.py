"""`POST /api/v1/sessions`, and the templates that a session can begin from."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from aiohttp import web

from broadcast.session.model import Role, SiteKind
from broadcast.session.preset import (
    FOLDER,
    OUTLINES,
    Outline,
    Preset,
    load_outline,
    load_preset,
    preset_of,
)
from broadcast.session.rules.content import EpochMs
from broadcast.session.text import Name, Text
from broadcast.store import Store
from web import setup
from web.asking import identify
from web.auditor import AUDITED, Auditor
from web.auth import Identity
from web.bodies import Body, read
from web.border import LANGUAGE
from web.catalogues import say
from web.errors import Problem, not_found
from web.preparing.templates import Template, Templates
from web.replies import reply
from web.sessions import Sessions

KINDS = ("sitting", "questioning", "explanation", "rehearsal")


class _Source(Body):
    kind: Literal["hall", "preset", "template", "session"]
    id: str = ""


class _Wish(Body):
    """`kind` brings its own agenda; without one the source's agenda is taken."""

    title: Name
    subtitle: Text = ""
    planned_start_at_ms: EpochMs | None = None
    kind: Literal["sitting", "questioning", "explanation", "rehearsal"] | None = None
    source: _Source


class _Keep(Body):
    session: str
    name: Name


class Beginnings:
    """For operators with an account: a link to one session makes no other."""

    def __init__(
        self,
        sessions: Sessions,
        store: Store,
        templates: Templates,
        auditor: Auditor,
        clock: Callable[[], int],
    ) -> None:
        self._auditor = auditor
        self._sessions = sessions
        self._store = store
        self._templates = templates
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v1/sessions", self._create),
            web.get("/api/v1/templates", self._list),
            web.post("/api/v1/templates", self._keep),
            web.delete("/api/v1/templates/{template}", self._remove),
        ]

    def _operator(self, request: web.Request, *, changes: bool) -> Identity:
        """Raises `Problem` 401 or 403."""
        identity = identify(request, changes=changes)
        if not may_create(identity):
            raise Problem(403, "forbidden", role=identity.role)
        return identity

    async def _create(self, request: web.Request) -> web.Response:
        identity = self._operator(request, changes=True)
        wish = await read(request, _Wish)
        preset = await self._preset(wish.source)
        changes: dict[str, Any] = {"title": wish.title, "subtitle": wish.subtitle}
        if wish.kind is not None:
            outline = await asyncio.to_thread(load_outline, OUTLINES / f"{wish.kind}.toml")
            changes["agenda"] = outline.agenda
        council = preset.model_copy(update=changes)
        session = await asyncio.to_thread(
            setup.enter_session,
            self._store,
            council,
            Role.OPERATOR,
            identity.name,
            wish.planned_start_at_ms,
            where=identity.where,
            detail={"name": wish.title, "source": wish.source.model_dump()},
        )
        request[AUDITED] = True  # with its events
        return reply({"id": session, "next": f"/prepare/{session}"}, status=201)

    async def _preset(self, source: _Source) -> Preset:
        """Raises `Problem` 404."""
        match source.kind:
            case "hall":
                return _hall_alone()
            case "preset":
                return await asyncio.to_thread(_known_preset, source.id)
            case "template":
                return (await asyncio.to_thread(self._templates.get, source.id)).preset
            case "session":
                return preset_of((await self._sessions.desk(source.id)).floor.state)

    async def _list(self, request: web.Request) -> web.Response:
        self._operator(request, changes=False)
        return reply(await asyncio.to_thread(self._all, request[LANGUAGE]))

    def _all(self, language: str) -> dict[str, Any]:
        outlines = {kind: load_outline(OUTLINES / f"{kind}.toml") for kind in KINDS}
        presets = {path.stem: load_preset(path) for path in sorted(FOLDER.glob("*.toml"))}
        return {
            "kinds": [_kind(kind, outline) for kind, outline in outlines.items()],
            "presets": [
                {"id": id_, "name": say(language, f"preset.{id_}"), **_counts(preset)}
                for id_, preset in presets.items()
            ],
            "templates": [_template(one) for one in self._templates.all()],
        }

    async def _keep(self, request: web.Request) -> web.Response:
        identity = self._operator(request, changes=True)
        wish = await read(request, _Keep)
        preset = preset_of((await self._sessions.desk(wish.session)).floor.state)
        kept = await asyncio.to_thread(self._templates.put, wish.name, preset, self._clock())
        detail = {"template": kept.id, "name": kept.name}
        await self._auditor.done(
            request, "template_kept", identity, session=wish.session, detail=detail
        )
        return reply(_template(kept), status=201)

    async def _remove(self, request: web.Request) -> web.Response:
        identity = self._operator(request, changes=True)
        template = request.match_info["template"]
        await asyncio.to_thread(self._templates.remove, template)
        detail = {"template": template}
        await self._auditor.done(request, "template_removed", identity, detail=detail)
        return reply({})


def may_create(identity: Identity) -> bool:
    """Whether somebody may make sessions."""
    return Role.OPERATOR in identity.roles and identity.session is None


def _known_preset(name: str) -> Preset:
    """By name only: a page must not read files."""
    if name not in {path.stem for path in FOLDER.glob("*.toml")}:
        raise not_found("no_template")
    return load_preset(FOLDER / f"{name}.toml")


def _hall_alone() -> Preset:
    hall = {"id": "hall", "name": "Hội trường HĐND tỉnh", "kind": SiteKind.HALL}
    hidden = ["agenda", "queue"]
    return Preset.model_validate({"title": "–", "sites": [hall], "hidden_overlays": hidden})


def _kind(kind: str, outline: Outline) -> dict[str, Any]:
    return {"id": kind, "title": outline.title, "items": [item.title for item in outline.agenda]}


def _counts(preset: Preset) -> dict[str, Any]:
    return {
        "title": preset.title,
        "subtitle": preset.subtitle,
        "sites": len(preset.sites),
        "delegates": len(preset.delegates),
        "items": len(preset.agenda),
    }


def _template(one: Template) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "saved_at_ms": one.saved_at_ms,
        **_counts(one.preset),
    }
