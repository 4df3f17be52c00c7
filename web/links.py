"""`GET /api/v1/sessions/{session}/links`: what the operator hands out while people wait."""

import asyncio
from typing import Any

from aiohttp import web

from broadcast.session.model import Role, SessionState
from config.settings import Settings
from streams.frames import SiteId
from web.addresses import join_path, public_url
from web.auditor import Auditor
from web.auth import Tokens, identify
from web.errors import Problem
from web.replies import reply
from web.sessions import Sessions


class Links:
    """For the operator alone: whoever has a site's link is that site."""

    def __init__(
        self, sessions: Sessions, tokens: Tokens, auditor: Auditor, settings: Settings
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._auditor = auditor
        self._settings = settings

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/sessions/{session}/links", self._give)]

    async def _give(self, request: web.Request) -> web.Response:
        session = request.match_info["session"]
        identity = identify(self._tokens, request, changes=False).in_session(session)
        if Role.OPERATOR not in identity.roles:
            problem = Problem(403, "forbidden", role=identity.role)
            await self._auditor.refused(request, "links_shown", problem, identity, session=session)
            raise problem
        state = (await self._sessions.desk(session)).floor.state
        await self._auditor.done(request, "links_shown", identity, session=session)
        # The database is asked for each site, which with many takes longer than a loop may stand.
        return reply(await asyncio.to_thread(self._links, state))

    def _links(self, state: SessionState) -> dict[str, Any]:
        base = public_url(self._settings)
        return {
            "watch": f"{base}/watch/{state.id}",
            "sites": [
                {"id": site, "url": base + self._join(state.id, site)} for site in state.sites
            ],
        }

    def _join(self, session: str, site: SiteId) -> str:
        """Links handed out before stay good, unless they were revoked."""
        return join_path(session, site, self._tokens.issue_join_token(session, site))
