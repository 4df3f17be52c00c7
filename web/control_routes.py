"""`POST /api/v1/sessions/{session}/control`: an operator takes over, knowingly."""

from aiohttp import web

from broadcast.session.model import Role
from web.asking import identify
from web.auditor import Auditor
from web.bodies import read_json
from web.errors import Problem
from web.on_air import OnAir
from web.replies import reply
from web.sessions import Sessions


class ControlRoutes:
    """For a signed-in browser: whoever acts with a link's token holds nothing."""

    def __init__(self, sessions: Sessions, on_air: OnAir, auditor: Auditor) -> None:
        self._sessions = sessions
        self._on_air = on_air
        self._auditor = auditor

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/v1/sessions/{session}/control", self._take)]

    async def _take(self, request: web.Request) -> web.Response:
        session = request.match_info["session"]
        who = identify(request, changes=True).in_session(session)
        if Role.OPERATOR not in who.roles or not who.seat:
            problem = Problem(403, "forbidden", role=who.role)
            await self._auditor.refused(request, "control_taken", problem, who, session=session)
            raise problem
        await read_json(request)
        desk = await self._sessions.desk(session)
        before = desk.control.holder
        version = self._on_air.hand_over(desk, who)
        detail = {"seat": who.seat, "from": before.name if before is not None else ""}
        await self._auditor.done(request, "control_taken", who, session=session, detail=detail)
        return reply({"version": version})
