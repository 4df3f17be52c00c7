"""The pages: a shell each, with its texts and its settings as JSON; the rest is `static/`."""

import asyncio
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import DictLoader, Environment, StrictUndefined, select_autoescape

from broadcast.archive.retire import retired
from broadcast.session.model import Phase, Role, SessionState
from streams.frames import SiteId
from web.asking import identify, identify_or_viewer
from web.assets import VENDOR, import_map, later_modules, modules
from web.audit_reader import may_read
from web.auth import VIEWER, Identity
from web.border import LANGUAGE, NONCE, Handler
from web.build import build, static, templates, versioned
from web.catalogues import LANGUAGES, catalogue, say
from web.errors import Problem, not_found
from web.preparing.beginnings import may_create
from web.sealed import may_open
from web.sessions import Sessions

_OUR_PATH = re.compile(
    r"/(?:(?:operator|chair|clerk|minutes|lines|display|prepare|sheets|graphics|rehearse|watch|play|audit"
    r"|sealed)/[A-Za-z0-9_-]{1,64}"
    r"|new|audit|account|accounts|archive)"
)
_TEXT = re.compile(r"[\"`]([\w-]+(?:\.[\w-]+)+)[\"`]")
_BEGUN_TEXT = re.compile(r"`([\w-]+\.[\w.-]*)\$\{")
"""As in `role.${role}`."""
_PACK_IN_THREAD = 4096
"""Octets from which on."""


class Pages:
    """Draws the shells."""

    def __init__(
        self,
        sessions: Sessions,
        recordings: Path,
        *,
        turn: bool,
        cameras: Collection[str],
        time_zone: str,
    ) -> None:
        """`cameras`: sites that the studio fetches itself."""
        self._sessions = sessions
        self._recordings = recordings
        self._cameras = cameras
        self._turn = turn
        self._time_zone = time_zone
        self._templates = Environment(
            loader=DictLoader(templates()),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["static"] = versioned()
        self._templates.globals["import_map"] = import_map()
        self._templates.globals["modules"] = modules
        self._templates.globals["later_modules"] = later_modules
        _read_all()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._home),
            web.get("/sign-in", self._sign_in),
            web.get("/operator/{session}", self._desk("operator")),
            web.get("/chair/{session}", self._desk("chair")),
            web.get("/clerk/{session}", self._desk("clerk")),
            web.get("/display/{session}", self._display),
            web.get("/new", self._new),
            web.get("/prepare/{session}", self._prepare),
            web.get("/sheets/{session}", self._prepare),
            web.get("/rehearse/{session}", self._prepare),
            web.get("/join/{session}/{site}", self._join),
            web.get("/watch/{session}", self._watch),
            web.get("/play/{session}", self._play),
            web.get("/sealed/{session}", self._sealed),
            web.get("/account", self._account),
            web.get("/accounts", self._accounts),
            web.get("/archive", self._archive),
            web.get("/audit", self._audit),
            web.get("/audit/{session}", self._audit),
        ]

    async def _home(self, request: web.Request) -> web.Response:
        if identify_or_viewer(request).must_enrol:
            raise web.HTTPSeeOther("/account")
        return self._page(request, "home")

    async def _new(self, request: web.Request) -> web.StreamResponse:
        who = identify_or_viewer(request)
        if not may_create(who):
            raise web.HTTPSeeOther("/sign-in?next=/new")
        return self._page(request, "new")

    async def _prepare(self, request: web.Request) -> web.StreamResponse:
        """What only operators do, each with a page of its name."""
        state = await self._session(request)
        who = identify_or_viewer(request).in_session(state.id)
        if Role.OPERATOR not in who.roles:
            raise web.HTTPSeeOther(f"/sign-in?next={request.path}")
        name = request.path.split("/")[1]
        return self._page(request, name, state)

    async def _sign_in(self, request: web.Request) -> web.Response:
        who, wish = identify_or_viewer(request), _wished(request)
        if who.must_enrol:
            raise web.HTTPSeeOther(f"/account?next={wish}")
        lacks = who is not VIEWER and wish != "/"
        return self._page(request, "sign_in", next=wish, lacks=lacks, message=_lapsed(request))

    def _desk(self, name: str) -> Handler:
        """A page of those who lead the session or write it down. Each may open all of them: what
        one may do is decided command by command."""

        async def serve(request: web.Request) -> web.StreamResponse:
            state = await self._session(request)
            who = identify_or_viewer(request).in_session(state.id)
            if not who.staff:
                raise web.HTTPSeeOther(f"/sign-in?next={request.path}")
            return self._page(request, name, state)

        return serve

    async def _display(self, request: web.Request) -> web.Response:
        return self._page(request, "display", await self._session(request))

    async def _join(self, request: web.Request) -> web.Response:
        try:
            state = await self._session(request)
            site = state.sites[SiteId(request.match_info["site"])]
        except (Problem, KeyError):
            raise not_found("no_such_link") from None
        return self._page(
            request,
            "join",
            state,
            over=state.phase is Phase.ENDED,
            site=site.id,
            site_name=site.name,
            has_camera=site.id in self._cameras,
            heading=site.name,
        )

    async def _watch(self, request: web.Request) -> web.Response:
        state = await self._session(request)
        plays = state.phase in {Phase.LIVE, Phase.PAUSED}
        return self._page(request, "watch", state, plays=plays, retired=await self._retired(state))

    async def _play(self, request: web.Request) -> web.Response:
        state = await self._session(request)
        gone = await self._retired(state)
        plays = state.phase is not Phase.PREPARED and not gone
        over = state.phase is Phase.ENDED
        return self._page(request, "play", state, plays=plays, retired=gone, over=over)

    async def _retired(self, state: SessionState) -> bool:
        """Its recording was taken off this server."""
        if state.phase is not Phase.ENDED:
            return False
        return await asyncio.to_thread(retired, self._recordings / state.id) is not None

    async def _sealed(self, request: web.Request) -> web.StreamResponse:
        state = await self._session(request)
        who = identify_or_viewer(request).in_session(state.id)
        if not who.staff:
            raise web.HTTPSeeOther(f"/sign-in?next={request.path}")
        if not may_open(who):
            raise Problem(403, "forbidden", role=who.role)
        return self._page(request, "sealed", state)

    async def _audit(self, request: web.Request) -> web.Response:
        state = await self._session(request) if "session" in request.match_info else None
        if not may_read(identify_or_viewer(request), state.id if state is not None else ""):
            raise web.HTTPSeeOther(f"/sign-in?next={request.path}")
        return self._page(request, "audit", state)

    async def _archive(self, request: web.Request) -> web.Response:
        return self._page(request, "archive")

    async def _account(self, request: web.Request) -> web.Response:
        if not identify_or_viewer(request).account:
            raise web.HTTPSeeOther(f"/sign-in?next={request.path}")
        return self._page(request, "account", next=_wished(request))

    async def _accounts(self, request: web.Request) -> web.Response:
        if not identify_or_viewer(request).admin:
            raise web.HTTPSeeOther(f"/sign-in?next={request.path}")
        return self._page(request, "accounts")

    async def _session(self, request: web.Request) -> SessionState:
        """Raises `Problem` 404."""
        return (await self._sessions.desk(request.match_info["session"])).floor.state

    def _page(
        self,
        request: web.Request,
        name: str,
        state: SessionState | None = None,
        *,
        who: Identity | None = None,
        heading: str = "",
        status: int = 200,
        plays: bool = False,
        **config: Any,
    ) -> web.Response:
        """`plays`: what the page loads later it needs now, after the rest."""
        language = request[LANGUAGE]
        who = who or identify_or_viewer(request)
        if state is not None:
            who = who.in_session(state.id)
        about = heading or (state.title if state is not None else "")
        title = " · ".join(filter(None, (about, say(language, f"title.{name}"), "Diemcau")))
        settings = {
            "page": name,
            "build": build(),
            "language": language,
            "time_zone": self._time_zone,
            "session": state and state.id,
            "session_title": state and state.title,
            "site": None,
            "turn": self._turn,
            "plays": plays,
            "status": status,
            **_about(who),
            **config,
        }
        html = self._templates.get_template(f"{name}.html").render(
            lang=language,
            texts=texts_of(name, language),
            config=settings,
            csp_nonce=request[NONCE],
            title=title,
        )
        response = web.Response(
            text=html, content_type="text/html", status=status, zlib_executor_size=_PACK_IN_THREAD
        )
        response.enable_compression()
        response.headers["Vary"] = "Accept-Encoding"
        return response

    def sheet(
        self, request: web.Request, name: str, state: SessionState, **values: Any
    ) -> web.Response:
        """A page without script: all of it is drawn here."""
        language = request[LANGUAGE]
        title = f"{state.title} · {say(language, f'title.{name}')}"
        html = self._templates.get_template(f"{name}.html").render(
            lang=language, texts=catalogue(language), title=title, **values
        )
        return web.Response(text=html, content_type="text/html")

    def problem(self, request: web.Request, problem: Problem) -> web.Response:
        """An error as a page, with what to do."""
        message = problem.message(request[LANGUAGE])
        return self._page(
            request,
            "error",
            who=VIEWER,
            status=problem.status,
            code=problem.code,
            message=message,
            retry_after_s=problem.retry_after_s,
        )


def _read_all() -> None:
    """Before anybody is served: of one page it takes 15 ms, for which sound would wait."""
    for page in (name.removesuffix(".html") for name in templates()):
        if f"{page}.js" in static():
            for language in LANGUAGES:
                texts_of(page, language)


@cache
def texts_of(page: str, language: str) -> dict[str, str]:
    """Those that its template and its scripts name, whole or by their beginning: the public's page
    says 70 of 1,700."""
    scripts = {*modules(f"{page}.js"), *later_modules(f"{page}.js")} - {*VENDOR.values()}
    found = [_named(templates()["base.html"]), *map(_named_in, scripts)]
    whole = set[str]().union(*(names for names, _ in found))
    begun = tuple({beginning for _, beginnings in found for beginning in beginnings})
    return {
        key: text
        for key, text in catalogue(language).items()
        if key in whole or key.startswith(begun)
    }


@cache
def _named_in(script: str) -> tuple[list[str], list[str]]:
    return _named(static()[script].decode())


def _named(code: str) -> tuple[list[str], list[str]]:
    return _TEXT.findall(code), _BEGUN_TEXT.findall(code)


def _about(who: Identity) -> dict[str, Any]:
    """What a page is told of whoever opened it."""
    return {
        "role": who.role.value,
        "roles": sorted(who.roles),
        "name": who.name,
        "seat": who.seat,
        "account": who.account,
        "admin": who.admin,
        "may_audit": may_read(who, ""),
        "may_create": may_create(who),
    }


def _lapsed(request: web.Request) -> str:
    """Why what one came in with is not good any more; empty if nobody was in."""
    try:
        identify(request, changes=False)
    except Problem as problem:
        if problem.code in {"token_expired", "token_revoked"}:
            return problem.message(request[LANGUAGE])
    return ""


def _wished(request: web.Request) -> str:
    """Where to go on afterwards: a page of ours, whatever the query says."""
    wish = request.query.get("next", "")
    return wish if _OUR_PATH.fullmatch(wish) else "/"
