"""Who may send and who may watch by WebRTC: the answers that `web.whip` asks for."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from aiohttp import web

from broadcast.session.model import Role
from streams.frames import SiteId
from streams.relay import Audience, Relay
from web.asking import bearer, identify, require
from web.auditor import Auditor
from web.auth import COOKIE, OPERATORS, STAFF, Identity, Tokens
from web.border import client_address, where_from
from web.desk import Desk
from web.errors import Problem, not_found
from web.limits import Bucket, Limiter, network
from web.sessions import Sessions
from web.throttle import hold_back, refuse_for

ROOM = "room"
"""`/whep/{session}/room`: no site may have this name."""


@dataclass(frozen=True, slots=True)
class Standing:
    """By what somebody was let in, and what they must be to stay: this site, or one of `roles`."""

    proof: str
    """A bearer token, or what the cookie says."""
    by_cookie: bool
    session: str
    roles: frozenset[Role]
    site: SiteId | None = None


STANDING = web.RequestKey("standing", Standing)
"""Of who asks for more than the public gets."""

Check = Callable[[web.Request, SiteId, Desk | None], Identity]


class Doorkeeper:
    """Only the session on the studio has pictures. Everything raises `Problem`.

    Whoever may not enter any more is not only kept out but put out (`put_out`, by `inside.guard`).
    """

    def __init__(
        self,
        sessions: Sessions,
        tokens: Tokens,
        relay: Relay,
        cameras: Collection[str],
        auditor: Auditor,
        clock: Callable[[], int],
    ) -> None:
        self._sessions = sessions
        self._auditor = auditor
        self._tokens = tokens
        self._relay = relay
        self._cameras = cameras
        """Sites that the studio fetches itself."""
        self._clock = clock
        self._inside: dict[str, Standing] = {}
        """By the name of the connection; those that ended are forgotten at the next look."""
        # An offer costs a certificate check and a handshake. All sites of a province, with two
        # connections each, may come from one address after a restart, and a page whose seat is
        # taken asks every second; more is somebody's loop.
        self._from_network = Bucket(300, 60_000)
        self._by_token = Limiter(60, 60_000)
        # A bad line comes back a hundred times an hour; who it was is written down once in ten
        # minutes.
        self._noted = Limiter(1, 600_000)

    async def put_out(self) -> None:
        """The database is asked once for each who is inside. What merely expired may stay: nobody
        is put out in mid-session. Raises `StoreError`."""
        may_stay: dict[Standing, bool] = {}
        for name, standing in list(self._inside.items()):
            if standing not in may_stay:
                may_stay[standing] = await asyncio.to_thread(self._may_stay, standing)
            there = self._relay.peers.tag(name) is not None
            if there and not may_stay[standing]:
                await self._relay.peers.hang_up(name)
            if not there or not may_stay[standing]:
                del self._inside[name]

    def _may_stay(self, standing: Standing) -> bool:
        ask = self._tokens.identify_cookie if standing.by_cookie else self._tokens.identify
        try:
            who = ask(standing.proof).in_session(standing.session)
        except Problem as problem:
            return problem.code != "token_revoked"
        return who.site == standing.site and bool(who.roles & standing.roles)

    def seated(self, request: web.Request, connection: str) -> None:
        """Who was let in by `request` has this connection now."""
        if STANDING in request:
            standing = self._inside[connection] = request[STANDING]
            current = self._sessions.current
            if current is None or standing.session != current.floor.id:
                self._relay.peers.end(connection)

    def end_others(self, session: str) -> None:
        """This session is on the studio now: a right to another says nothing of it."""
        for name, standing in self._inside.items():
            if standing.session != session:
                self._relay.peers.end(name)

    async def publisher(self, request: web.Request, site: SiteId) -> None:
        """The bearer token must be this site's, for the session on the studio."""
        await self._admit(request, site, self._camera_publisher)

    async def screen(self, request: web.Request, site: SiteId) -> None:
        """The site itself, while the session says that it shares its screen; also where a camera of
        the settings is its picture."""
        await self._admit(request, site, self._publisher)
        current = self._sessions.current
        if current is None or site not in current.floor.state.sharing:
            raise Problem(403, "screen_not_shared")

    async def _admit(self, request: web.Request, site: SiteId, check: Check) -> None:
        """What was refused and who came is written down."""
        current = self._sessions.current
        session = current.floor.id if current is not None else ""
        try:
            identity = check(request, site, current)
        except Problem as problem:
            await self._auditor.refused(
                request, "site_joined", problem, session=session, detail={"site": site}
            )
            raise
        key, now_ms = f"{session}/{site} {client_address(request)}", self._clock()
        if not self._noted.wait_ms(key, now_ms):
            self._noted.count(key, now_ms)
            who = replace(identity, where=where_from(request, "link"))
            await self._auditor.done(
                request, "site_joined", who, session=session, detail={"site": site}
            )

    def _publisher(self, request: web.Request, site: SiteId, current: Desk | None) -> Identity:
        self._hold_back(request)
        desk, identity = self._require_site(request, current, site)
        if site not in desk.floor.state.sites:
            raise not_found("unknown_site")
        _require_inside(desk, site)
        return identity

    def _camera_publisher(
        self, request: web.Request, site: SiteId, current: Desk | None
    ) -> Identity:
        identity = self._publisher(request, site, current)
        if site in self._cameras:
            raise Problem(409, "site_has_camera", site=site)
        return identity

    async def talker(self, request: web.Request, site: SiteId) -> None:
        """An operator of the session on the studio, who wants to talk to this site alone."""
        self._hold_back(request)
        current = self._sessions.current
        if current is None or site not in current.floor.state.sites:
            raise not_found("unknown_site")
        session, told = current.floor.id, {"site": site}
        identity = require(request, session, OPERATORS, changes=True)
        request[STANDING] = _standing(request, session, OPERATORS)
        await self._auditor.done(request, "site_talked_to", identity, session=session, detail=told)

    async def viewer(self, request: web.Request, session: str, target: str | None) -> Audience:
        """`target`: None for the public program, a site for its return feed, or `room`."""
        self._hold_back(request)
        desk = await self._sessions.desk(session)
        if desk is not self._sessions.current:
            raise Problem(409, "not_on_air")
        if target is None:
            return Audience(room=False)
        if target == ROOM:
            self._require_staff(request, session)
            return Audience(room=True)
        site = SiteId(target)
        if site not in desk.floor.state.sites:
            raise not_found("unknown_site")
        self._require_site(request, desk, site)
        _require_inside(desk, site)
        return Audience(room=True, site=site)

    def _require_site(
        self, request: web.Request, desk: Desk | None, site: SiteId
    ) -> tuple[Desk, Identity]:
        token = bearer(request)
        if token is None:
            raise Problem(401, "token_missing")
        identity = identify(request, changes=False)
        if identity.site != site:
            raise Problem(403, "other_site")
        if desk is None or identity.session != desk.floor.id:
            raise Problem(409, "session_waits")
        hold_back(self._by_token, token, self._clock())
        request[STANDING] = Standing(
            token, by_cookie=False, session=desk.floor.id, roles=identity.roles, site=site
        )
        return desk, identity

    def _require_staff(self, request: web.Request, session: str) -> None:
        require(request, session, STAFF, changes=True)
        request[STANDING] = _standing(request, session, STAFF)

    def _hold_back(self, request: web.Request) -> None:
        where = network(client_address(request))
        refuse_for(self._from_network.take(where, self._clock()))


def _standing(request: web.Request, session: str, roles: frozenset[Role]) -> Standing:
    token = bearer(request)
    proof = request.cookies[COOKIE] if token is None else token
    return Standing(proof, by_cookie=token is None, session=session, roles=roles)


def _require_inside(desk: Desk, site: SiteId) -> None:
    """Of a closed room."""
    if site in desk.floor.state.put_out:
        raise Problem(403, "put_out", site=desk.floor.state.sites[site].name)
