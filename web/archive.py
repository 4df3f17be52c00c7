"""The archive for everybody: the sessions that are over, and where in them something was said."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from aiohttp import web

from broadcast.archive.retire import Retired, retired
from broadcast.archive.search import find
from broadcast.session.vietnamese import has_all, searchable
from broadcast.store import CatalogueEntry, Store
from config.settings import Settings
from web import archive_index
from web.archive_index import Indexed, playlist_bytes
from web.asking import identify_or_viewer
from web.auth import Identity
from web.border import LANGUAGE, client_address
from web.children import NotDone, run_module
from web.errors import Problem
from web.limits import Bucket, network
from web.replies import reply
from web.retiring import Retiring
from web.throttle import refuse_for

MAX_QUERY_CHARS = 200
MAX_SESSIONS_FOUND = 50
INDEXING_S = 600.0
PAUSE_S = 0.001
"""Between two sessions of a search: a thread that computes on and on keeps sound waiting."""


class Archive:
    """Keeps the index in memory; what is missing or old is worked out by a process of its own."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        is_over: Callable[[str], bool],
        retiring: Retiring,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._settings = settings
        self._is_over = is_over
        self._retiring = retiring
        self._clock = clock
        self._known: dict[str, Indexed] = {}
        self._tried: dict[str, tuple[int, int]] = {}
        """How it was then: not over, or not readable, and not tried again before it changes."""
        self._retired: dict[str, Retired] = {}
        self._one_at_a_time = asyncio.Lock()
        self._searches = Bucket(60, 60_000)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/archive", self._list),
            web.get("/api/v1/archive/search", self._search),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        who, told = identify_or_viewer(request), list[dict[str, Any]]()
        for one in await self._sessions():
            gone = _told_of(self._retired.get(one.id), who)
            told.append({**_listed(one), "retired": gone})
            if who.admin:
                told[-1]["retiring"] = self._retiring.standing(one.id, request[LANGUAGE])
        return reply({"sessions": told})

    async def _search(self, request: web.Request) -> web.Response:
        asked = request.query.get("q", "")
        if len(asked) > MAX_QUERY_CHARS:
            raise Problem(422, "not_understood", field="q", rule=f"≤ {MAX_QUERY_CHARS}")
        where = network(client_address(request))
        refuse_for(self._searches.take(where, self._clock()))
        wanted = searchable(asked)
        sessions = await self._sessions() if wanted.strip() else []
        found = await asyncio.to_thread(lambda: list(_found(wanted, sessions)))
        return reply({"found": found})

    async def _sessions(self) -> list[Indexed]:
        """Newest first."""
        async with self._one_at_a_time:
            stale = await asyncio.to_thread(self._refresh)
            if stale:
                await self._work_out(stale)
                await asyncio.to_thread(self._refresh)
            known = self._known.values()
            return sorted(known, key=lambda one: (-one.started_at_ms, one.id))

    async def _work_out(self, stale: list[str]) -> None:
        """Raises `NotDone`, `OSError`: by no fault of theirs, so whoever asks next tries again."""
        try:
            await run_module("web.archive_index", self._settings, *stale, patience_s=INDEXING_S)
        except (NotDone, OSError):
            for session in stale:
                del self._tried[session]
            raise

    def _refresh(self) -> list[str]:
        """Takes over what is worked out already; which sessions are not. On a thread."""
        data_dir, known, stale = self._settings.storage.data_dir, dict[str, Indexed](), list[str]()
        for entry in self._store.sessions():
            size = playlist_bytes(data_dir, entry.id)
            # One that is under way changes all the time, and is in no archive.
            if not size or not self._is_over(entry.id):
                continue
            one = self._known.get(entry.id)
            if not _fits(one, entry, size):
                one = archive_index.load(data_dir, entry.id)
            if one is not None and _fits(one, entry, size):
                known[entry.id] = one
            elif self._tried.get(entry.id) != (entry.events, size):
                self._tried[entry.id] = entry.events, size
                stale.append(entry.id)
        self._known = known
        gone = {one: retired(data_dir / "archive" / one) for one in known}
        self._retired = {one: told for one, told in gone.items() if told is not None}
        return stale


def _fits(one: Indexed | None, entry: CatalogueEntry, size: int) -> bool:
    return one is not None and (one.version, one.playlist_bytes) == (entry.events, size)


def _told_of(gone: Retired | None, who: Identity) -> dict[str, Any] | None:
    """Where in the house it is, its people are told."""
    if gone is None:
        return None
    where = {"kept_in": gone.kept_in, "who": gone.who, "why": gone.why, "ended": gone.ended}
    return {"at_ms": gone.at_ms, **(where if who.staff or who.admin else {})}


def _listed(one: Indexed) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "subtitle": one.subtitle,
        "started_at_ms": one.started_at_ms,
        "ended_at_ms": one.ended_at_ms,
        "duration_s": one.duration_s,
        "kinds": one.contents.kinds,
        "delegates": one.contents.delegates,
        "sites": one.contents.sites,
    }


def _found(wanted: str, sessions: list[Indexed]) -> Iterator[dict[str, Any]]:
    count = 0
    for one in sessions:
        places = find(wanted, one.contents.places)
        if places or has_all(wanted, searchable(f"{one.title} {one.subtitle}")):
            told = [
                {key: value for key, value in asdict(place).items() if key != "text"}
                for place in places
            ]
            yield {"session": one.id, "places": told}
            count += 1
        if count >= MAX_SESSIONS_FOUND:
            return
        time.sleep(PAUSE_S)
