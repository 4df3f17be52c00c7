"""The live WebSocket: every open page sees the session as it is, and the server sees every page.

One task reads a page, one writes it; both belong to the request and end with it. What is said to
many is put into words once for each audience (`web.hub`), and no page can make the server hold
more than a little for it (`web.client`).
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from pydantic import Field, TypeAdapter, ValidationError

from streams.frames import SiteId
from web.auth import COOKIE, VIEWER, Identity, Tokens
from web.border import LANGUAGE, require_same_origin
from web.catalogues import say
from web.client import Audience, Bye, Client
from web.desk import Desk
from web.errors import Problem
from web.limits import Bucket
from web.replies import dumps
from web.sessions import Sessions
from web.statuses import OfPage, Report

HELLO_S = 10.0
HEARTBEAT_S = 10.0
"""A page that does not answer a WebSocket ping within half of this is gone."""
MAX_PAGES = 2000
MAX_OPEN_PAGES = 1800
"""Of those that anybody may open: a crowd of strangers leaves room for the session's own."""
SAYS, SAYS_MS = 40, 10_000
"""So often a page may say something; it does so once a second, and a little more when it wakes up.
Who says more is heard later: his own line fills up, and nobody else waits."""
_DESKS = {"operator", "prepare", "chair", "clerk"}
_OPEN_PAGES = {"watch", "display"}
"""Whoever opens these is nobody in particular, signed in or not."""
MAX_MESSAGE_BYTES = 16_384
_GONE = {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}


class Hello(OfPage):
    type: Literal["hello"]
    page: Literal["operator", "prepare", "chair", "clerk", "display", "site", "watch"]
    token: str | None = Field(None, max_length=1024)


class Ping(OfPage):
    type: Literal["ping"]
    sent_at_ms: float


_SAID: TypeAdapter[Ping | Report] = TypeAdapter(
    Annotated[Ping | Report, Field(discriminator="type")]
)


class Live:
    """`GET /api/v1/sessions/{session}/live`."""

    def __init__(self, sessions: Sessions, tokens: Tokens, clock: Callable[[], int]) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock
        self._sockets: set[web.WebSocketResponse] = set()
        self._open_pages = 0
        self._silent: dict[web.WebSocketResponse, asyncio.Timeout] = {}
        """Who has not said yet who he is, the longest first; and until when he has time."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/sessions/{session}/live", self._serve)]

    async def close(self) -> None:
        """Pages come back by themselves to the next server (RFC 6455, 1012)."""
        for socket in tuple(self._sockets):
            await socket.close(code=WSCloseCode.SERVICE_RESTART, message=b"restart")

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        session = request.match_info["session"]
        await self._sessions.desk(session)
        if "Origin" in request.headers:
            require_same_origin(request)
        self._make_room()
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=MAX_MESSAGE_BYTES, compress=False, autoping=False
        )
        self._sockets.add(socket)
        try:
            await socket.prepare(request)  # a page that is gone by now ends the request here
            try:
                await self._converse(request, socket, session)
            except* Bye as byes:
                await _say_bye(socket, _first(byes), request[LANGUAGE])
            except* ConnectionError:
                # The page is gone, which is what ends a conversation; one that was slow comes back.
                await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
        finally:
            self._sockets.discard(socket)
        return socket

    def _make_room(self) -> None:
        """Whoever comes and says nothing makes way for the next. Raises `Problem` 503."""
        if len(self._sockets) < MAX_PAGES:
            return
        if not self._silent:
            raise Problem(503, "too_many_pages", retry_after_s=30)
        self._silent.pop(next(iter(self._silent))).reschedule(0)

    async def _converse(
        self, request: web.Request, socket: web.WebSocketResponse, session: str
    ) -> None:
        hello = await self._hello(socket)
        with self._counted(hello.page):
            await self._serve_page(request, socket, hello, session)

    async def _hello(self, socket: web.WebSocketResponse) -> Hello:
        """Raises `Bye`, or `ConnectionError` when nothing came: a computer that has too much to do,
        or somebody who made way."""
        try:
            async with asyncio.timeout(HELLO_S) as patience:
                self._silent[socket] = patience
                message = await self._heard(socket, Bucket(SAYS, SAYS_MS))
            if message.type in _GONE:
                raise ConnectionAbortedError("gone before it said anything")
            if message.type is not WSMsgType.TEXT:
                raise Bye("not_understood")
            return Hello.model_validate_json(message.data)
        except TimeoutError:
            raise ConnectionAbortedError("no hello in time") from None
        except ValueError:
            raise Bye("not_understood") from None
        finally:
            self._silent.pop(socket, None)

    async def _heard(self, socket: web.WebSocketResponse, pace: Bucket) -> WSMessage:
        """What a page says next. Pings (RFC 6455, 5.5.2) are said at its pace too: of a flood of
        them, left to aiohttp, nobody else would be heard."""
        while True:
            message = await socket.receive()
            await asyncio.sleep(pace.take("", self._clock()) / 1000)
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is not WSMsgType.PONG:
                return message

    @contextmanager
    def _counted(self, page: str) -> Iterator[None]:
        """Raises `ConnectionError` for a stranger too many, who comes back by himself."""
        stranger = page in _OPEN_PAGES
        if stranger and self._open_pages >= MAX_OPEN_PAGES:
            raise ConnectionAbortedError("too many pages")
        self._open_pages += stranger
        try:
            yield
        finally:
            self._open_pages -= stranger

    async def _serve_page(
        self, request: web.Request, socket: web.WebSocketResponse, hello: Hello, session: str
    ) -> None:
        check = self._checker(request, hello, session)
        identity = await asyncio.to_thread(check)
        site = identity.site if hello.page == "site" else None
        audience = _audience(hello.page, site, request[LANGUAGE])
        client = Client(socket, hello.page, identity, audience, check)
        # Only now: the desk may have been closed and opened again before the page said hello.
        desk = await self._sessions.desk(session)
        if site is not None and site not in desk.floor.state.sites:
            raise Bye("revoked")
        hub = desk.hub
        hub.join(client)
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(client.write(hub.snapshot))
                await self._listen(client, desk)
                writer.cancel()
        finally:
            hub.leave(client)

    def _checker(self, request: web.Request, hello: Hello, session: str) -> Callable[[], Identity]:
        """Who the page is; asked again from time to time. Raises `Bye`."""
        cookie = request.cookies.get(COOKIE) if "Origin" in request.headers else None

        def check() -> Identity:
            try:
                if hello.token is not None:
                    found = self._tokens.identify(hello.token)
                elif cookie is not None and hello.page not in _OPEN_PAGES:
                    found = self._tokens.identify_cookie(cookie)
                else:
                    found = VIEWER
            except Problem as problem:
                revoked = problem.code == "token_revoked"
                raise Bye("revoked" if revoked else "unauthorized") from None
            return _fitting(found.in_session(session), hello.page)

        return check

    async def _listen(self, client: Client, desk: Desk) -> None:
        pace = Bucket(SAYS, SAYS_MS)
        while (message := await self._heard(client.socket, pace)).type not in _GONE:
            if message.type is not WSMsgType.TEXT:
                raise Bye("not_understood")
            try:
                said = _SAID.validate_json(message.data)
            except ValidationError:
                raise Bye("not_understood") from None
            match said:
                case Ping():
                    client.out.set_latest("pong", self._pong(said, desk))
                    client.wake()
                case Report():
                    desk.hub.report(client, said)

    def _pong(self, ping: Ping, desk: Desk) -> str:
        now_ms = self._clock()
        return dumps(
            {
                "type": "pong",
                "sent_at_ms": ping.sent_at_ms,
                "server_time_ms": now_ms,
                "clock_set_ms": desk.floor.clock_set_ms,
            }
        )


def _audience(page: str, site: SiteId | None, language: str) -> Audience:
    own_view = page if page in {"chair", "clerk", "display"} else ""
    return Audience(page in _DESKS, site, language, own_view)


def _fitting(identity: Identity, page: str) -> Identity:
    """Raises `Bye` when this page is not for this identity."""
    if page in _DESKS and not identity.staff:
        raise Bye("unauthorized")
    if page == "site" and identity.site is None:
        raise Bye("unauthorized")
    return identity


def _first(group: BaseExceptionGroup[Bye]) -> Bye:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


async def _say_bye(socket: web.WebSocketResponse, bye: Bye, language: str) -> None:
    if socket.closed:
        return
    message = say(language, f"bye.{bye.code}")
    await socket.send_str(dumps({"type": "bye", "code": bye.code, "message": message}))
    await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=bye.code.encode())
