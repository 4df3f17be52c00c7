"""Who asks, of each request: found out before any route, and held against what the route wants."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Middleware

from broadcast.session.model import Role
from web.auth import COOKIE, VIEWER, Identity, Tokens
from web.border import Handler, require_same_origin, where_from
from web.errors import Problem
from web.throttle import route_of


def bearer(request: web.Request) -> str | None:
    """The token of RFC 6750, 2.1."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


_ASKING: web.RequestKey[Identity | Problem] = web.RequestKey("asking")
_ASK: web.RequestKey[Callable[[], Identity | Problem]] = web.RequestKey("ask")
_SESSION = "/api/v1/sessions/{session}"
_IN_PIECES = {
    f"PUT {_SESSION}/player/files/{{name}}",
    f"POST {_SESSION}/items/{{item}}/documents",
    f"POST {_SESSION}/import/{{what}}",
    f"POST {_SESSION}/sites/{{site}}/line-test",
}
"""Routes whose bodies are read as they come. All others are short: here at once, or never."""
_WHOLE_S = 20.0
_NOBODYS = ("/static/", "/live/", "/archive/")
"""What all may have, by every viewer every second: nobody is asked who he is."""


def identifying(tokens: Tokens) -> Middleware:
    """Stands before all routes, and finds out who asks: by the bearer, else by the cookie. Only
    when all is here that he asks: who holds half of it back may have lost his right by then."""

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[_ASKING] = VIEWER
        if request.body_exists and route_of(request) not in _IN_PIECES:
            await _whole(request)
        token, cookie = bearer(request), request.cookies.get(COOKIE)
        if (token or cookie) and not request.path.startswith(_NOBODYS):
            ask: Callable[[], Identity | Problem] = partial(_found, tokens, token, cookie or "")
            request[_ASK] = ask
            await ask_again(request)
        return await handler(request)

    return watch


async def ask_again(request: web.Request) -> None:
    """Who asks, after something long: an upload may outlive the right to it. In a thread: a
    database that hangs must not hold up sound and pictures."""
    if _ASK in request:
        request[_ASKING] = await asyncio.to_thread(request[_ASK])


async def _whole(request: web.Request) -> None:
    """Raises `Problem` 408."""
    try:
        async with asyncio.timeout(_WHOLE_S):
            await request.read()
    except TimeoutError:
        raise Problem(408, "bad_request") from None


def _found(tokens: Tokens, token: str | None, cookie: str) -> Identity | Problem:
    try:
        return tokens.identify_cookie(cookie) if token is None else tokens.identify(token)
    except Problem as problem:
        return problem


def identify(request: web.Request, *, changes: bool) -> Identity:
    """Who asks; without bearer and cookie a viewer. Raises `Problem` 401 or 403.

    `changes`: the request does something, so a cookie counts only from a page of ours.
    """
    if changes and bearer(request) is None and COOKIE in request.cookies:
        require_same_origin(request)
    found = request[_ASKING]
    if isinstance(found, Problem):
        raise found
    return found if found is VIEWER else seen(found, request)


def seen(who: Identity, request: web.Request) -> Identity:
    """With where from, for the audit."""
    return replace(who, where=where_from(request, "account" if who.account else "link"))


def identify_or_viewer(request: web.Request) -> Identity:
    """For a page, which shows itself to who is signed out as to everybody."""
    try:
        return identify(request, changes=False)
    except Problem:
        return VIEWER


def require(
    request: web.Request, session: str, roles: frozenset[Role], *, changes: bool
) -> Identity:
    """Who asks, if one of these is his role in the session. Raises `Problem` 401 or 403."""
    who = identify(request, changes=changes).in_session(session)
    if who is VIEWER:
        raise Problem(401, "not_signed_in")
    if not who.roles & roles:
        raise Problem(403, "forbidden", role=who.role)
    return who
