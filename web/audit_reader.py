"""The audit, for whoever directs: entries newest first, all as a file, and the proof that none was
altered."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from broadcast.audit import Entry, canonical
from broadcast.session.model import Role
from broadcast.store import Store
from config.settings import Settings
from web.asking import identify
from web.audit_names import AuditNames
from web.auditor import Auditor
from web.auth import Identity
from web.border import LANGUAGE
from web.catalogues import say
from web.children import run_module
from web.errors import Problem, not_found
from web.limits import Limiter
from web.media import STREAM_NAME
from web.record_files import MARK, as_csv
from web.replies import begin, reply
from web.sessions import Sessions
from web.throttle import hold_back

PAGE = 100
EXPORTED_AT_ONCE = 200
"""Two milliseconds of a thread."""
PROOF_S = 120.0


class AuditReader:
    """A session's audit for its operator and chair; all of it for such an account, or an
    administrator's."""

    def __init__(
        self,
        store: Store,
        auditor: Auditor,
        sessions: Sessions,
        settings: Settings,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._auditor = auditor
        self._sessions = sessions
        self._settings = settings
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._proofs = Limiter(6, 60_000)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/audit", self._page),
            web.get("/api/v1/audit.csv", self._export),
            web.get("/api/v1/sessions/{session}/audit", self._page),
            web.get("/api/v1/sessions/{session}/audit.csv", self._export),
            web.post("/api/v1/audit/proof", self._proof),
        ]

    def _reader(self, request: web.Request) -> tuple[Identity, str]:
        """Who asks, and of which session; empty: of all. Raises `Problem` 401, 403 or 404."""
        session = request.match_info.get("session", "")
        if session and not STREAM_NAME.fullmatch(session):
            raise not_found()
        who = identify(request, changes=False)
        if not may_read(who, session):
            raise Problem(403, "forbidden", role=who.role)
        return who, session

    async def _page(self, request: web.Request) -> web.Response:
        _, session = self._reader(request)
        before = _number(request.query.get("before", ""))
        entries = await asyncio.to_thread(
            self._store.audit, before=before, session=session, limit=PAGE
        )
        more = len(entries) == PAGE
        names = AuditNames(self._sessions)
        told = [_told(entry) | {"names": await names.of(entry.note)} for entry in entries]
        return reply({"entries": told, "more": more})

    async def _export(self, request: web.Request) -> web.StreamResponse:
        """All of it, first to last, with each entry's link of the chain. Sent as it is read: a year
        of it is in no memory. What was exported, the audit itself says."""
        who, session = self._reader(request)
        await self._auditor.done(request, "audit_exported", who, session=session)
        name = f"{session or 'diemcau'}-audit.csv"
        headers = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
        response = web.StreamResponse(headers=headers)
        if await begin(request, response):
            await self._write(response, session)
        return response

    async def _write(self, response: web.StreamResponse, session: str) -> None:
        await response.write(as_csv([_COLUMNS]).encode())
        last, names = 0, AuditNames(self._sessions)
        while entries := await asyncio.to_thread(self._entries, session, last):
            last = entries[-1].number
            rows = [_exported(one, await names.of(one.note)) for one in entries]
            text = await asyncio.to_thread(as_csv, rows)
            await response.write(text.removeprefix(MARK).encode())

    def _entries(self, session: str, after: int) -> Sequence[Entry]:
        return self._store.audit(after=after, session=session, limit=EXPORTED_AT_ONCE)

    async def _proof(self, request: web.Request) -> web.Response:
        who = identify(request, changes=True)
        if not may_read(who, who.session or ""):
            raise Problem(403, "forbidden", role=who.role)
        hold_back(self._proofs, "all", self._clock())
        async with self._one_at_a_time:
            verdict = await _proved(self._settings)
        for fault in verdict["faults"]:
            fault["message"] = say(request[LANGUAGE], f"verify.{fault['code']}", fault)
        detail = {"whole": verdict["whole"], "seal": verdict["seal"]}
        await self._auditor.done(request, "audit_proved", who, detail=detail)
        return reply(verdict)


_COLUMNS = (
    *("number", "time", "who", "role", "what", "session", "outcome"),
    *("address", "agent", "means", "detail", "names", "digest"),
)


def _exported(entry: Entry, names: Mapping[str, str]) -> list[str]:
    """A row of the file: as it stands in the chain, in no language, and what its ids are called."""
    note = entry.note
    moment = datetime.fromtimestamp(note.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    about = [note.who, note.role, note.what, note.session, note.outcome]
    called = "; ".join(f"{one} = {name}" for one, name in names.items())
    where = [note.where.address, note.where.agent, note.where.means]
    return [str(entry.number), moment, *about, *where, canonical(note.detail), called, entry.digest]


def may_read(who: Identity, session: str) -> bool:
    """Whether somebody may read the audit of a session; of all where `session` is empty."""
    if not session:
        return who.account and (who.admin or _directs(who))
    return who.admin or _directs(who.in_session(session))


def _directs(who: Identity) -> bool:
    return bool(who.roles & {Role.OPERATOR, Role.CHAIR})


def _number(text: str) -> int:
    """Raises `Problem` 422."""
    if not text:
        return 2**62
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Problem(422, "not_understood", field="before", rule="a number")
    return int(text)


def _told(entry: Entry) -> dict[str, Any]:
    note = entry.note
    return {
        "number": entry.number,
        "at_ms": note.at_ms,
        "who": note.who,
        "role": note.role,
        "what": note.what,
        "session": note.session,
        "outcome": note.outcome,
        "address": note.where.address,
        "agent": note.where.agent,
        "means": note.where.means,
        "detail": note.detail,
    }


async def _proved(settings: Settings) -> dict[str, Any]:
    """Raises `NotDone`."""
    verdict: dict[str, Any] = json.loads(
        await run_module("web.audit_proof", settings, patience_s=PROOF_S)
    )
    return verdict
