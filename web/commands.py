"""`POST /api/v1/sessions/{session}/commands`: understand, ask whether this role may, do it."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from broadcast.session.commands import Command, CommandError, parse_command
from web.auth import VIEWER, Identity, Tokens, identify
from web.border import client_address
from web.errors import Problem
from web.limits import Limiter
from web.replies import reply
from web.sign_in import read_json

Perform = Callable[[str, Command, Identity], Awaitable[int]]
"""Does it in a session; the version that pages have then. Raises `Problem`."""


class Commands:
    """A person clicks a few times a second at most; a script that runs wild is held back."""

    def __init__(self, perform: Perform, tokens: Tokens, clock: Callable[[], int]) -> None:
        self._perform = perform
        self._tokens = tokens
        self._clock = clock
        self._limiter = Limiter(100, 10_000)

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/v1/sessions/{session}/commands", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        session = request.match_info["session"]
        identity = identify(self._tokens, request, changes=True).in_session(session)
        if identity is VIEWER:
            raise Problem(401, "not_signed_in")
        self._hold_back(f"{identity.name} {client_address(request)}")
        body = await read_json(request)
        try:
            command = parse_command(body)
        except CommandError as error:
            raise Problem(422, "not_understood", field=error.field, rule=error.rule) from None
        return reply({"version": await self._perform(session, command, identity)})

    def _hold_back(self, who: str) -> None:
        now_ms = self._clock()
        if self._limiter.wait_ms(who, now_ms):
            raise Problem(429, "too_many_requests", retry_after_s=10)
        self._limiter.count(who, now_ms)
