"""WHIP (RFC 9725) in, WHEP out: HTTP around the relay's offers and answers."""

import re
import time
from dataclasses import replace
from typing import Protocol

from aiohttp import web

from broadcast.interpreters import LANGUAGE_CODE
from config.settings import Turn
from streams.frames import SiteId, screen_of
from streams.relay import Audience, Connection, OfferError, Relay, SiteTaken, TalkRefused
from web.bodies import read_json
from web.border import ANYWHERE
from web.errors import Problem
from web.turn import ice_server_links

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
EXPOSED = "Location, Link, ETag"
_TALK_CODES = {"taken": "talk_taken", "open": "talk_open", "away": "talk_away"}
NO_TURN = Turn()
FULL_S = 5
"""After so long a full house may have room (RFC 9110 15.6.4)."""
PREFLIGHT = {
    **ANYWHERE,
    "Access-Control-Expose-Headers": EXPOSED,
    "Access-Control-Allow-Methods": "POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": "86400",
    "Accept-Post": SDP,
    "Accept-Patch": FRAGMENT,
}


class Authorise(Protocol):
    """Who may send and who may watch. Both raise aiohttp's HTTP errors."""

    async def publisher(self, request: web.Request, site: SiteId) -> None:
        """The bearer token must be this site's."""

    async def screen(self, request: web.Request, site: SiteId) -> None:
        """As `publisher`, and the site must be sharing its screen."""

    async def talker(self, request: web.Request, site: SiteId) -> None:
        """An operator, who wants to talk to this site alone."""

    async def viewer(self, request: web.Request, session: str, target: str | None) -> Audience:
        """`target`: None for the public program, a site for its return feed, or `room`."""

    def seated(self, request: web.Request, connection: str) -> None:
        """Who was let in by `request` has a connection of this name now."""


def routes(relay: Relay, authorise: Authorise, turn: Turn = NO_TURN) -> list[web.RouteDef]:
    """The endpoints and their resources."""
    handlers = _Handlers(relay, authorise, turn)
    return [
        web.post("/whip/{site}", handlers.publish),
        web.post("/whip/{site}/echo", handlers.echo),
        web.post("/whip/{site}/talk", handlers.talk),
        web.post("/whip/{site}/screen", handlers.screen),
        web.delete("/whip/{site}/{resource}", handlers.end),
        web.post("/whep/{session}", handlers.watch),
        web.post("/whep/{session}/{target}", handlers.watch),
        web.delete("/whep/{session}/resource/{resource}", handlers.end),
        web.delete("/whep/{session}/{target}/resource/{resource}", handlers.end),
        web.put("/whep/{session}/resource/{resource}/language", handlers.listen),
        web.put("/whep/{session}/{target}/resource/{resource}/language", handlers.listen),
        web.patch("/whip/{site}/{resource}", handlers.patch),
        web.patch("/whep/{session}/resource/{resource}", handlers.patch),
        web.patch("/whep/{session}/{target}/resource/{resource}", handlers.patch),
        web.options("/{kind:whip|whep}/{path:.+}", handlers.options),
    ]


class _Handlers:
    def __init__(self, relay: Relay, authorise: Authorise, turn: Turn) -> None:
        self._relay = relay
        self._authorise = authorise
        self._turn = turn

    async def publish(self, request: web.Request) -> web.Response:
        site = SiteId(request.match_info["site"])
        await self._authorise.publisher(request, site)
        return await self._take(request, site, site)

    async def screen(self, request: web.Request) -> web.Response:
        """What a site shares of its screen, beside its camera."""
        site = SiteId(request.match_info["site"])
        await self._authorise.screen(request, site)
        return await self._take(request, site, screen_of(site))

    async def _take(self, request: web.Request, site: SiteId, source: SiteId) -> web.Response:
        try:
            connection = await self._relay.publish(source, await _offer(request))
        except OfferError as error:
            raise _refused(error) from None
        except SiteTaken:
            raise Problem(409, "site_taken", site=site, retry_after_s=2) from None
        return self._created(request, connection, f"/whip/{site}/{connection.id}", site)

    async def echo(self, request: web.Request) -> web.Response:
        """A site's own sound, back to it: how its page tests the line."""
        site = SiteId(request.match_info["site"])
        await self._authorise.publisher(request, site)
        try:
            connection = await self._relay.echo(await _offer(request))
        except OfferError as error:
            raise _refused(error) from None
        return self._created(request, connection, f"/whip/{site}/{connection.id}", site)

    async def talk(self, request: web.Request) -> web.Response:
        """An operator's voice, for one site."""
        site = SiteId(request.match_info["site"])
        await self._authorise.talker(request, site)
        try:
            connection = await self._relay.talk(site, await _offer(request))
        except OfferError as error:
            raise _refused(error) from None
        except TalkRefused as refusal:
            raise Problem(409, _TALK_CODES[str(refusal)]) from None
        return self._created(request, connection, f"/whip/{site}/{connection.id}", None)

    async def watch(self, request: web.Request) -> web.Response:
        session, target = request.match_info["session"], request.match_info.get("target")
        audience = await self._authorise.viewer(request, session, target)
        audience = replace(audience, language=_language(request.query.get("language", "")))
        try:
            connection = await self._relay.view(audience, await _offer(request))
        except OfferError as error:
            raise _refused(error) from None
        who = audience.site or (target if audience.room else None)
        location = f"{request.path}/resource/{connection.id}"
        return self._created(request, connection, location, who)

    async def end(self, request: web.Request) -> web.Response:
        """The resource's name is the key: 144 random bits that only its maker was told. What has
        ended ends again: who hangs up closes his keys (DTLS), which may be heard before this."""
        await self._relay.peers.hang_up(request.match_info["resource"])
        return web.Response(headers=ANYWHERE)

    async def listen(self, request: web.Request) -> web.Response:
        """Another interpreter, or none, on the same connection. As with `end`, the resource's name
        is the key."""
        language = _language((await read_json(request)).get("language"))
        if not self._relay.listen(request.match_info["resource"], language):
            raise Problem(404, "no_such_connection")
        return web.Response(status=204, headers=ANYWHERE)

    async def patch(self, request: web.Request) -> web.Response:
        """ICE restarts, and candidates, which we need not (RFC 9725 4.3). As with `end`, the
        resource's name is the key."""
        resource = request.match_info["resource"]
        tag, wanted = self._relay.peers.tag(resource), request.headers.get("If-Match")
        if tag is None:
            raise Problem(404, "no_such_connection")
        if wanted is None:
            raise Problem(428, "no_if_match")
        restarts = wanted.strip('"') == "*"  # in quotation marks in the RFC's example (4.3.3)
        if not restarts and wanted != f'"{tag}"':
            raise Problem(412, "other_if_match")
        text = await _text(request, FRAGMENT)
        if not restarts:
            return web.Response(status=204, headers=ANYWHERE)
        try:
            connection = self._relay.peers.restart(resource, text)
        except OfferError as error:
            raise _refused(error) from None
        if connection is None:
            raise Problem(404, "no_such_connection")
        headers = {**ANYWHERE, "ETag": f'"{connection.tag}"'}
        return web.Response(text=connection.answer, content_type=FRAGMENT, headers=headers)

    async def options(self, request: web.Request) -> web.Response:
        """What may be posted here (RFC 9725 4.2), and leave for players on other sites' pages.
        Leave without cookies: a foreign page can use a token it was given, nobody's sign-in.
        Who shows his right to post is told of TURN servers before he offers (RFC 9725 4.6)."""
        response = web.Response(status=204, headers=PREFLIGHT)
        if "Authorization" in request.headers:
            self._tell_turn(response, await self._who(request))
        return response

    async def _who(self, request: web.Request) -> str | None:
        """Whoever could post here; None for the public. Raises what `Authorise` does."""
        first, _, rest = request.match_info["path"].partition("/")
        if request.match_info["kind"] == "whip":
            await self._authorise.publisher(request, SiteId(first))
            return first
        audience = await self._authorise.viewer(request, first, rest or None)
        return audience.site or (rest if audience.room else None)

    def _created(
        self, request: web.Request, connection: Connection, location: str, who: str | None
    ) -> web.Response:
        self._authorise.seated(request, connection.id)
        headers = {**ANYWHERE, "Location": location, "Access-Control-Expose-Headers": EXPOSED}
        headers["ETag"] = f'"{connection.tag}"'
        response = web.Response(
            status=201, text=connection.answer, content_type=SDP, headers=headers
        )
        self._tell_turn(response, who)
        return response

    def _tell_turn(self, response: web.Response, who: str | None) -> None:
        if who is not None:
            for link in ice_server_links(self._turn, who, int(time.time())):
                response.headers.add("Link", link)


def _refused(error: OfferError) -> Problem:
    wait_s = FULL_S if error.status == 503 else 0
    return Problem(error.status, "offer", retry_after_s=wait_s, reason=str(error))


def _language(wish: object) -> str:
    """What a viewer wants to hear, "" for the room: a code that a session may have, if not this
    one, so that a page that still asks for an interpreter who is gone gets its picture."""
    if not isinstance(wish, str) or not re.fullmatch(f"({LANGUAGE_CODE})?", wish):
        raise Problem(422, "not_a_language")
    return wish.lower()


async def _offer(request: web.Request) -> str:
    return await _text(request, SDP)


async def _text(request: web.Request, kind: str) -> str:
    if request.content_type != kind:
        raise Problem(415, "not_sdp", type=kind)
    try:
        return await request.text()
    except UnicodeDecodeError:
        raise Problem(400, "offer", reason="not UTF-8 text") from None
