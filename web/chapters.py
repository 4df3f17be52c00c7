"""`/api/v1/sessions/{session}/chapters`: marks of the archive, by agenda item and by turn."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from broadcast.archive.chapters import chapters_of
from broadcast.archive.walls import segments_of
from broadcast.outputs.recovery import listed_in
from broadcast.session.events import Event
from broadcast.session.model import Phase, SessionState
from web.errors import not_found
from web.floor import Floor
from web.replies import reply
from web.sessions import Sessions

FRESH_MS = 5000
"""Chapters of a running session are worked out this often, however many ask."""
MAX_KEPT = 32


@dataclass(frozen=True, slots=True)
class _Kept:
    at_ms: int
    version: int
    answer: dict[str, Any]
    """`over`: the recording has its end mark, and nothing can change but by an event."""


class Chapters:
    """Worked out on a thread and kept: eight hours of segments are no work for an event loop."""

    def __init__(self, sessions: Sessions, archive: Path, clock: Callable[[], int]) -> None:
        self._sessions = sessions
        self._archive = archive
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/sessions/{session}/chapters", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        floor = (await self._sessions.desk(request.match_info["session"])).floor
        async with self._one_at_a_time:
            kept = self._kept.get(floor.id)
            if kept is None or not self._fresh(kept, floor):
                kept = await self._renew(floor)
        return reply(kept.answer)

    def _fresh(self, kept: _Kept, floor: Floor) -> bool:
        young = self._clock() - kept.at_ms < FRESH_MS
        if floor.state.phase is not Phase.ENDED:
            return young
        return kept.version == floor.state.version and (young or kept.answer["over"])

    async def _renew(self, floor: Floor) -> _Kept:
        recording = self._archive / floor.id
        version = floor.state.version
        answer = await asyncio.to_thread(_work_out, floor.events, recording)
        answer["captioned"] = has_captions(floor.state)
        kept = self._kept[floor.id] = _Kept(self._clock(), version, answer)
        self._kept.move_to_end(floor.id)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return kept


def has_captions(state: SessionState) -> bool:
    """Whether a player has any to offer."""
    return any(one.public and one.text for one in state.written.captions.values())


def _work_out(events: Sequence[Event], recording: Path) -> dict[str, Any]:
    """Raises `Problem` 404 where nothing was recorded."""
    playlist = listed_in(recording)
    if playlist is None:
        raise not_found("no_archive")
    chapters = chapters_of(events, segments_of(playlist))
    return {
        "over": playlist.ended,
        "duration_s": round(playlist.duration_s, 3),
        "chapters": [asdict(chapter) for chapter in chapters],
    }
