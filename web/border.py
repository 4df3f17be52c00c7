"""Where every request enters and every answer leaves: language, errors, headers, origin."""

import ipaddress
import logging
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from broadcast.audit import Where
from broadcast.database import StoreError
from streams.udp.addresses import plain
from web.agents import agent_class
from web.catalogues import preferred
from web.children import NotDone
from web.errors import Problem, not_found

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LANGUAGE = web.RequestKey("language", str)
NONCE = web.RequestKey("nonce", str)
ANSWERED = web.RequestKey("answered", bool)
"""Its answer has begun."""
DEFAULT_LANGUAGE = web.AppKey("default_language", str)
RENDER_PROBLEM: web.AppKey[Callable[[web.Request, Problem], web.Response]] = web.AppKey(
    "render_problem"
)

_log = logging.getLogger(__name__)

ANYWHERE = {"Access-Control-Allow-Origin": "*"}
"""Any page's script may read the answer, without a cookie (WHATWG Fetch, CORS)."""
_PLAYERS = ("/whip/", "/whep/")
"""What pages of others may use, too; a refusal that they may not read is to them a broken line."""
_READABLE = {
    **ANYWHERE,
    "Access-Control-Expose-Headers": "Retry-After, WWW-Authenticate",
}
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_MACHINES = ("/api/", "/whip/", "/whep/", "/live/", "/archive/", "/static/", "/metrics")
"""Paths whose errors are JSON; all others are pages."""
_PERMISSIONS = (
    "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()"
)
"""Camera, microphone and what is shared of a screen on our own pages, nothing else."""


def content_security_policy(nonce: str) -> str:
    """For a page: everything from here, inline script only with this page's nonce. An empty list of
    captions, which hls.js begins with, is a `data:` of ten letters."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; "
        "img-src 'self' blob: data:; media-src 'self' blob: data:; connect-src 'self'; "
        "font-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'"
    )


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """The headers that every answer carries, files and WebSockets included."""
    request[ANSWERED] = True
    headers = response.headers
    headers["Server"] = "diemcau"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if response.status >= 400:
        # What is kept for ever is the file: not that it is away, nor one viewer's wrong range.
        headers["Cache-Control"] = "no-store"
    if response.content_type == "text/html":
        headers["Content-Security-Policy"] = content_security_policy(request[NONCE])
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = _PERMISSIONS
        headers.setdefault("Cache-Control", "no-store")
    else:
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")


def client_address(request: web.Request) -> str:
    """Whom we serve. A reverse proxy on this machine is believed, and its last entry only: what
    stands before that, in the same line or in lines above, the client may have written."""
    peer = peer_address(request)
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
    return forwarded.rpartition(",")[2].strip() or peer if is_here(peer) else peer


def peer_address(request: web.Request) -> str:
    """Who is at the other end of the connection: a browser, or a reverse proxy."""
    return plain(request.remote or "")


def is_here(address: str) -> bool:
    """Whether it is this machine itself."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def where_from(request: web.Request, means: str = "") -> Where:
    """For the audit."""
    return Where(client_address(request), agent_class(request.headers.get("User-Agent", "")), means)


def same_origin(request: web.Request) -> bool:
    """Whether a browser says that a page of ours made this request (RFC 6454)."""
    origin = request.headers.get("Origin", "")
    try:
        return bool(origin) and urlsplit(origin).netloc == request.headers.get("Host", "")
    except ValueError:
        return False  # no browser sends such a one


def require_same_origin(request: web.Request) -> None:
    """Raises `Problem` 403 when the cookie may have been sent by a foreign page."""
    if not same_origin(request):
        raise Problem(403, "wrong_origin")


@web.middleware
async def errors_and_language(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns what went wrong into an answer that says what to do, in the reader's language."""
    request[NONCE] = secrets.token_urlsafe(16)
    request[LANGUAGE] = preferred(
        request.headers.get("Accept-Language", ""),
        request.cookies.get("lang", ""),
        request.app[DEFAULT_LANGUAGE],
    )
    try:
        return await handler(request)
    except NotDone as problem:
        _log.error("%s: %s", problem.module, problem.reason)
        return _answer(request, problem)
    except Problem as problem:
        return _answer(request, problem)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code = _HTTP_CODES.get(error.status, "bad_request")
        response = _answer(request, Problem(error.status, code))
        if (allowed := error.headers.get("Allow")) is not None:
            response.headers["Allow"] = allowed  # a 405 must say (RFC 9110 15.5.6)
        return response
    except web.RequestPayloadError:
        return _answer(request, Problem(400, "bad_request"))  # it is packed, and cannot be unpacked
    except StoreError as error:
        where = request.method, request.rel_url.raw_path
        _log.error("the database failed in %s %s: %s", *where, error)
        return _answer(request, Problem(503, "store", retry_after_s=5))
    except ConnectionError:
        if request.transport is not None:
            raise
        return web.Response()  # who asked is gone and reads nothing; raised, it would be logged
    except Exception:
        reference = secrets.token_hex(4)
        _log.exception("fault %s in %s %s", reference, request.method, request.rel_url.raw_path)
        return _answer(request, Problem(500, "fault", reference=reference))


def _answer(request: web.Request, problem: Problem) -> web.Response:
    """Raises `ConnectionResetError` where it would stand in the middle of another answer."""
    if request.get(ANSWERED):
        raise ConnectionResetError(problem.code)
    if request.path.startswith(_MACHINES):
        response = problem.response(request[LANGUAGE])
        if request.path.startswith(_PLAYERS):
            response.headers.update(_READABLE)
        return response
    response = request.app[RENDER_PROBLEM](request, problem)
    if problem.retry_after_s:
        response.headers["Retry-After"] = str(problem.retry_after_s)
    return response


async def unknown(request: web.Request) -> web.StreamResponse:
    """Any path that nobody serves."""
    del request
    raise not_found()
