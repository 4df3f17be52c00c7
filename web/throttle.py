"""How often one network may ask for what costs us something: one table for all routes.

Behind one address may sit a whole office, and all of an operator's mobile viewers: what is read is
let through generously, what is worked for less so. Whoever is on this machine needs no network, and
is not counted. A route that counts by person, site or password besides says so in its own room.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware

from web.border import Handler, client_address, is_here
from web.errors import Problem
from web.limits import Bucket, Limiter, network

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Pace:
    times_a_minute: int


OPENING = Pace(1200)
"""A page, or its connection: a thousand viewers of one mobile network come back after a restart."""
READING = Pace(600)
WORKING = Pace(120)
"""Something is changed, drawn, searched or kept."""
HEAVY = Pace(30)
"""A process is started, a password hashed, a film sent."""

_SESSION = "/api/v1/sessions/{session}"
_PACES: dict[Pace, tuple[str, ...]] = {
    OPENING: (
        "GET /",
        "GET /sign-in",
        "GET /operator/{session}",
        "GET /chair/{session}",
        "GET /clerk/{session}",
        "GET /display/{session}",
        "GET /new",
        "GET /prepare/{session}",
        "GET /sheets/{session}",
        "GET /rehearse/{session}",
        "GET /join/{session}/{site}",
        "GET /watch/{session}",
        "GET /play/{session}",
        "GET /sealed/{session}",
        "GET /account",
        "GET /accounts",
        "GET /archive",
        "GET /audit",
        "GET /audit/{session}",
        f"GET {_SESSION}/live",
        f"POST {_SESSION}/commands",
        "POST /whip/{site}",
        "POST /whip/{site}/echo",
        "POST /whip/{site}/screen",
        "POST /whip/{site}/talk",
        "POST /whep/{session}",
        "POST /whep/{session}/{target}",
        "PATCH /whip/{site}/{resource}",
        "PATCH /whep/{session}/resource/{resource}",
        "PATCH /whep/{session}/{target}/resource/{resource}",
        "PUT /whep/{session}/resource/{resource}/language",
        "PUT /whep/{session}/{target}/resource/{resource}/language",
        "DELETE /whip/{site}/{resource}",
        "DELETE /whep/{session}/resource/{resource}",
        "DELETE /whep/{session}/{target}/resource/{resource}",
        "OPTIONS /{kind}/{path}",
    ),
    READING: (
        "GET /api/v1/sessions",
        "GET /api/v1/archive",
        f"GET {_SESSION}/chapters",
        f"GET {_SESSION}/sites/{{site}}/line",
        f"GET {_SESSION}/documents/{{document}}",
        f"GET {_SESSION}/documents/{{document}}/pages",
        f"GET {_SESSION}/documents/{{document}}/pages/{{page}}",
        f"GET {_SESSION}/pushes",
        f"GET {_SESSION}/player/files",
        f"GET {_SESSION}/sealed",
        f"GET {_SESSION}/sealed/{{name}}",
        "GET /api/v1/account",
        "GET /api/v1/accounts",
        "GET /api/v1/templates",
        "GET /graphics/{session}/{name}.png",
        "GET /metrics",
        "GET /readyz",
    ),
    WORKING: (
        "GET /api/v1/openapi.json",
        "GET /api/v1/archive/search",
        "GET /api/v1/audit",
        f"GET {_SESSION}/audit",
        f"GET {_SESSION}/links",
        f"GET {_SESSION}/record/{{list}}",
        f"GET {_SESSION}/sites/{{site}}/line-test",
        f"POST {_SESSION}/sites/{{site}}/line-test",
        f"POST {_SESSION}/sites/{{site}}/link",
        f"POST {_SESSION}/items/{{item}}/documents",
        f"POST {_SESSION}/control",
        f"POST {_SESSION}/pushes",
        f"PATCH {_SESSION}/pushes/{{name}}",
        f"DELETE {_SESSION}/pushes/{{name}}",
        f"PUT {_SESSION}/player/files/{{name}}",
        f"DELETE {_SESSION}/player/files/{{name}}",
        "GET /graphics/{session}",
        "POST /api/v1/sign-in",
        "POST /api/v1/sign-out",
        "POST /api/v1/account/end-sign-ins",
        "POST /api/v1/accounts/change",
        "POST /api/v1/templates",
        "DELETE /api/v1/templates/{template}",
    ),
    HEAVY: (
        "GET /lines/{session}",
        "GET /minutes/{session}",
        "GET /api/v1/audit.csv",
        f"GET {_SESSION}/audit.csv",
        f"GET {_SESSION}/sheets",
        f"GET {_SESSION}/film.mp4",
        f"GET {_SESSION}/sealed/film.mp4",
        f"POST {_SESSION}/import/{{what}}",
        "POST /api/v1/sessions",
        "POST /api/v1/archive/{session}/retire",
        "POST /api/v1/accounts",
        "POST /api/v1/account/password",
        "POST /api/v1/account/second-factor/offer",
        "POST /api/v1/account/second-factor",
        "POST /api/v1/account/second-factor/off",
        "POST /api/v1/audit/proof",
    ),
}
PACE_OF = {route: pace for pace, routes in _PACES.items() for route in routes}
"""By method and path, as they stand in the router."""
OPENINGS = 60
"""Sessions that nobody looks at, of one network in a minute: the whole log of each is read before
anything is told of it, and sound would wait for that."""
_RECORDINGS = ("/live/", "/archive/")
"""Files: what is asked of the session, `web.captions` counts."""


class Throttle:
    """`clock` gives epoch milliseconds; `is_open`, whether a session's log is read already."""

    def __init__(self, clock: Callable[[], int], is_open: Callable[[str], bool]) -> None:
        self._clock, self._is_open = clock, is_open
        self._openings = Bucket(OPENINGS, MINUTE_MS)
        self._buckets = {pace: Bucket(pace.times_a_minute, MINUTE_MS) for pace in _PACES}

    def take(self, route: str, address: str) -> None:
        """Counts one request. Raises `Problem` 429."""
        pace = PACE_OF.get(route)
        if pace is not None and not is_here(address):
            wait_ms = self._buckets[pace].take(f"{route} {network(address)}", self._clock())
            refuse_for(wait_ms)

    def open(self, session: str, address: str) -> None:
        """Counts a session whose log is to be read. Raises `Problem` 429."""
        if not self._is_open(session) and not is_here(address):
            refuse_for(self._openings.take(network(address), self._clock()))

    def watching(self) -> Middleware:
        """Stands before all routes."""

        @web.middleware
        async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
            address = client_address(request)
            self.take(route_of(request), address)
            if not request.path.startswith(_RECORDINGS) and "session" in request.match_info:
                self.open(request.match_info["session"], address)
            return await handler(request)

        return watch


THROTTLE = web.AppKey("throttle", Throttle)


def route_of(request: web.Request) -> str:
    """As the table names it."""
    resource = request.match_info.route.resource
    method = "GET" if request.method == "HEAD" else request.method
    return f"{method} {resource.canonical if resource is not None else ''}"


def hold_back(limiter: Limiter, key: str, now_ms: int) -> None:
    """Counts one try. Raises `Problem` 429, which counts none."""
    refuse_for(limiter.wait_ms(key, now_ms))
    limiter.count(key, now_ms)


def refuse_for(wait_ms: int) -> None:
    """Raises `Problem` 429 unless it is 0."""
    if wait_ms:
        raise Problem(429, "too_many_requests", retry_after_s=-(-wait_ms // 1000))
