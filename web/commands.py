"""`POST /api/v1/sessions/{session}/commands`: understand, ask whether this role may, do it."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from broadcast.session.commands import Command, CommandError, dump_command, parse_command
from web.asking import identify
from web.auditor import AUDITED, Auditor
from web.auth import VIEWER, Identity
from web.bodies import read_json
from web.border import client_address
from web.errors import Problem
from web.limits import Limiter
from web.replies import reply
from web.throttle import hold_back

Perform = Callable[[str, Command, Identity], Awaitable[int]]
"""Does it in a session; the version that pages have then. Raises `Problem`."""


class Commands:
    """A person clicks a few times a second at most; a script that runs wild is held back."""

    def __init__(self, perform: Perform, auditor: Auditor, clock: Callable[[], int]) -> None:
        self._perform = perform
        self._auditor = auditor
        self._clock = clock
        self._limiter = Limiter(100, 10_000)

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/v1/sessions/{session}/commands", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        session = request.match_info["session"]
        try:
            identity = identify(request, changes=True).in_session(session)
        except Problem as problem:
            await self._auditor.refused(request, "command", problem, session=session)
            raise
        body: dict[str, Any] = {}
        try:
            if identity is VIEWER:
                raise Problem(401, "not_signed_in")
            hold_back(self._limiter, f"{identity.name} {client_address(request)}", self._clock())
            body = await read_json(request)
            version = await self._perform(session, _understood(body), identity)
            request[AUDITED] = True  # with its events
        except Problem as problem:
            what, detail = _told(body)
            await self._auditor.refused(
                request, what, problem, identity, session=session, detail=detail
            )
            raise
        return reply({"version": version})


def _understood(body: dict[str, Any]) -> Command:
    """Raises `Problem` 422."""
    try:
        return parse_command(body)
    except CommandError as error:
        raise Problem(422, "not_understood", field=error.field, rule=error.rule) from None


def _told(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What a refused body asked for; of what is no command at all, nothing is kept."""
    try:
        command = parse_command(body)
    except CommandError:
        return "command", {}
    return command.type, dump_command(command)
