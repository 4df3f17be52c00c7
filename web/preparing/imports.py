"""`POST /api/v1/sessions/{session}/import/{what}`: reads a list and tells what it says.

Nothing is changed: the page shows what was read, and gives `import_rows` when the person agrees.
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from broadcast.session.model import SessionState, SiteKind
from web.aside import Aside
from web.asking import require
from web.auth import OPERATORS
from web.border import LANGUAGE
from web.catalogues import say
from web.errors import Problem, not_found
from web.replies import reply
from web.sessions import Sessions

MAX_BYTES = 4_000_000
"""Five hundred rows with photographs in the sheet."""
KINDS = {"sites", "delegates", "items"}


class Imports:
    """For operators."""

    def __init__(self, sessions: Sessions, aside: Aside) -> None:
        self._sessions = sessions
        self._aside = aside

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/v1/sessions/{session}/import/{what}", self._read)]

    async def _read(self, request: web.Request) -> web.Response:
        session, what = request.match_info["session"], request.match_info["what"]
        require(request, session, OPERATORS, changes=True)
        if what not in KINDS:
            raise not_found()
        state = (await self._sessions.desk(session)).floor.state
        data = await _body(request)
        told = await self._aside.run({"work": "import", "what": what, **_known(state)}, data)
        return reply(_in_words(told, request[LANGUAGE]))


async def _body(request: web.Request) -> bytes:
    """Raises `Problem` 413."""
    data = bytearray()
    async for chunk in request.content.iter_chunked(65_536):
        data += chunk
        if len(data) > MAX_BYTES:
            raise Problem(413, "too_large")
    return bytes(data)


def _known(state: SessionState) -> dict[str, Any]:
    hall = next(site.id for site in state.sites.values() if site.kind is SiteKind.HALL)
    return {
        "hall": hall,
        "sites": {site.id: site.name for site in state.sites.values()},
        "people": [(one.id, one.name, one.title) for one in state.delegates.values()],
    }


def _in_words(told: Mapping[str, Any], language: str) -> dict[str, Any]:
    refused = told.get("refused")
    if refused is not None:
        message = say(language, f"import.{refused['code']}", refused["params"])
        fault = {"line": None, "message": message}
        return {"columns": {}, "rows": [], "faults": [fault], "notes": []}
    return {
        "columns": told["columns"],
        "rows": told["rows"],
        "faults": [
            {
                "line": fault["line"],
                "message": say(language, f"import.row_{fault['code']}", fault["params"]),
            }
            for fault in told["faults"]
        ],
        "notes": [say(language, f"import.note_{code}", params) for code, params in told["notes"]],
    }
