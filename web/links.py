"""The links that the operator hands out: told, as sheets with QR codes, taken back and renewed."""

import asyncio
from typing import Any

from aiohttp import web

from broadcast.session.commands import RenewLink
from broadcast.session.model import Role, SessionState
from config.settings import Settings
from streams.frames import SiteId
from web.addresses import join_path, public_url
from web.aside import Aside
from web.asking import identify, require
from web.auditor import AUDITED, Auditor
from web.auth import OPERATORS, Tokens
from web.commands import Perform
from web.errors import Problem, not_found
from web.replies import reply
from web.sessions import Sessions


class Links:
    """For the operator alone: whoever has a site's link is that site."""

    def __init__(
        self,
        sessions: Sessions,
        tokens: Tokens,
        auditor: Auditor,
        settings: Settings,
        perform: Perform,
        aside: Aside,
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._auditor = auditor
        self._settings = settings
        self._perform = perform
        self._aside = aside

    def routes(self) -> list[web.RouteDef]:
        session = "/api/v1/sessions/{session}"
        return [
            web.get(session + "/links", self._give),
            web.get(session + "/sheets", self._sheets),
            web.post(session + "/sites/{site}/link", self._renew),
        ]

    async def _give(self, request: web.Request) -> web.Response:
        return reply(await self._of(request))

    async def _of(self, request: web.Request) -> dict[str, Any]:
        session = request.match_info["session"]
        identity = identify(request, changes=False).in_session(session)
        if Role.OPERATOR not in identity.roles:
            problem = Problem(403, "forbidden", role=identity.role)
            await self._auditor.refused(request, "links_shown", problem, identity, session=session)
            raise problem
        state = (await self._sessions.desk(session)).floor.state
        await self._auditor.done(request, "links_shown", identity, session=session)
        # The database is asked for each site, which with many takes longer than a loop may stand.
        return await asyncio.to_thread(self._links, state)

    async def _sheets(self, request: web.Request) -> web.Response:
        """The same with a QR code for each, and until when they are good."""
        told = await self._of(request)
        state = (await self._sessions.desk(request.match_info["session"])).floor.state
        texts = [site["url"] for site in told["sites"]]
        for site, code in zip(
            told["sites"], await self._aside.run({"work": "draw", "texts": texts}), strict=True
        ):
            site["qr"] = code
        end_ms = self._tokens.join_link_ends_ms(state.planned_start_at_ms)
        return reply(told | {"expires_at_ms": end_ms})

    async def _renew(self, request: web.Request) -> web.Response:
        """All links of a site handed out so far are dead; here is the new one."""
        session, site = request.match_info["session"], SiteId(request.match_info["site"])
        identity = require(request, session, OPERATORS, changes=True)
        state = (await self._sessions.desk(session)).floor.state
        if site not in state.sites:
            raise not_found("unknown_site")
        # Dead first: an entry in the log without its deed would be a lie.
        await asyncio.to_thread(self._tokens.revoke_join_tokens, session, site)
        await self._perform(session, RenewLink(site=site), identity.as_server())
        request[AUDITED] = True  # with its event
        join = await asyncio.to_thread(self._join, state, site)
        return reply({"id": site, "url": public_url(self._settings) + join})

    def _links(self, state: SessionState) -> dict[str, Any]:
        base = public_url(self._settings)
        return {
            "watch": f"{base}/watch/{state.id}",
            "sites": [{"id": site, "url": base + self._join(state, site)} for site in state.sites],
        }

    def _join(self, state: SessionState, site: SiteId) -> str:
        """Links handed out before stay good, unless they were revoked."""
        token = self._tokens.issue_join_token(state.id, site, state.planned_start_at_ms)
        return join_path(state.id, site, token)
