"""Low-latency HLS over HTTP: a request for what is not there yet waits for it (6.2.5.2 of
draft-pantos-hls-rfc8216bis). One look at the disk serves all who wait for one recording.
"""

import asyncio
import gzip
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from broadcast.outputs.edge import Edge
from broadcast.outputs.playlist import Pace, report
from broadcast.outputs.recovery import INDEX
from broadcast.outputs.renditions import MASTER
from web.errors import Problem, not_found

LOW_LATENCY = "live.m3u8"
LOOK_S = 0.04
"""A fifth of a part: what looking adds to the delay."""
STALE_S = 0.02
MAX_EDGES = 32
"""Recordings that are followed at once; the one that was asked for longest ago goes first."""
DIGITS = 9
LONG_BYTES = 20_000
"""Packing what is shorter would cost more than it saves."""
_NAMED = re.compile(rf'(?:^|")(?:([\w-]+)/)?{re.escape(INDEX)}', re.MULTILINE)
"""A rendition's folder in a master playlist; the whole picture has none."""


@dataclass(slots=True)
class Followed:
    """One recording that somebody watches. `looking` runs while anybody waits, and ends itself."""

    edge: Edge
    looked_at: float = 0.0
    looking: asyncio.Task[None] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a thread reads the files."""
    news: int = 0
    """How many looks have found something."""
    texts: dict[tuple[bool, bool], bytes] = field(default_factory=dict)
    """The playlist of now, whole and as delta update, as it is and packed: made once for all who
    ask, on a thread once it is long."""
    reports: str = ""
    """What they tell of the other renditions."""
    named: tuple[str, ...] = ()
    """The folders of all renditions; none until the master playlist is there."""

    async def text(self, reports: str, *, delta: bool, packs: bool) -> tuple[bytes, bool]:
        """And whether it is packed."""
        async with self.lock:
            if reports != self.reports:
                self.texts.clear()
                self.reports = reports
            plain = self.texts.get((delta, False))
            if plain is None:
                text = self.edge.text(reports, delta=delta)
                plain = self.texts[delta, False] = text.encode()
            if not packs or len(plain) < LONG_BYTES:
                return plain, False
            if (delta, True) not in self.texts:
                packed = await asyncio.to_thread(gzip.compress, plain, 1)
                self.texts[delta, True] = packed
            return self.texts[delta, True], True

    async def look(self) -> None:
        """Unless somebody has just done so. Raises `OSError`."""
        async with self.lock:
            if time.monotonic() - self.looked_at < STALE_S:
                return
            if await asyncio.to_thread(self.edge.refresh):
                self.texts.clear()
                self.news += 1
            self.looked_at = time.monotonic()


class LiveEdges:
    """All recordings that are watched as they grow."""

    def __init__(self, archive: Path, pace: Pace) -> None:
        self._archive, self._pace = archive, pace
        self._followed: dict[str, Followed] = {}
        self._patience_s = 3.0 * pace.segment_s
        """Three target durations (6.2.5.2)."""

    async def playlist(
        self, session: str, query: Mapping[str, str], *, packs: bool = False
    ) -> tuple[bytes, bool]:
        """What a player asks for, once it is there; and whether it is packed (gzip). Raises as
        `wait` does."""
        followed = await self.wait(session, query)
        reports = "" if followed.edge.ended else await self._reports(session, followed)
        delta = query.get("_HLS_skip") in {"YES", "v2"}
        return await followed.text(reports, delta=delta, packs=packs)

    async def wait(self, session: str, query: Mapping[str, str]) -> Followed:
        """Until what a player asks for is there; no longer than three target durations, as while
        the studio is away. Then he is told what there is: the 503 that 6.2.5.2 would have ends
        hls.js at the third. Raises `Problem` 404 and 400."""
        followed = await self._fresh(session)
        edge, segment, part = followed.edge, _number(query, "_HLS_msn"), _number(query, "_HLS_part")
        if segment is None and part is not None:
            raise Problem(400, "bad_request")
        if segment is not None:
            if edge.is_ahead(segment, part) and not edge.ended:
                raise Problem(400, "bad_request")
            await self._until(followed, lambda: edge.has(segment, part))
        return followed

    async def _reports(self, session: str, followed: Followed) -> str:
        """How far the other renditions have come. hls.js takes a last part 0 for none, and asks for
        the number of its own: that one, of a segment that has just begun, would come late."""
        stream, _, own = session.partition("/")
        if not followed.named:
            followed.named = await asyncio.to_thread(_named, self._archive / stream / MASTER)
        told = ""
        for name in followed.named:
            if name == own:
                continue
            uri = PurePosixPath(".." if own else "", name, LOW_LATENCY)
            with suppress(Problem):
                other = await self._fresh(str(PurePosixPath(stream, name)))
                last = other.edge.last
                if last is not None and (last[1] or last == followed.edge.last):
                    told += report(str(uri), *last)
        return told

    async def recent(self, session: str) -> str:
        """The last minutes, for players that know nothing of all this. Raises `Problem` 404."""
        followed = await self._fresh(session)
        async with followed.lock:
            return followed.edge.recent_text()

    async def part(self, session: str, segment: int, part: int) -> bytes:
        """Its bytes; the one that the playlist hints at is waited for. Raises `Problem` 404."""
        followed = await self._fresh(session)
        edge = followed.edge
        if edge.may_come(segment, part):
            await self._until(followed, lambda: not edge.may_come(segment, part))
        data = edge.part(segment, part)
        if data is None:
            try:
                data = await asyncio.to_thread(edge.older_part, segment, part)
            except OSError:
                raise not_found() from None
        if data is None:
            raise not_found()
        return data

    async def names_init(self, session: str, name: str) -> bool:
        """Whether the playlist does. Raises `Problem` 404."""
        return (await self._fresh(session)).edge.names_init(name)

    async def close(self) -> None:
        """Nobody is served any more."""
        tasks = [one.looking for one in self._followed.values() if one.looking is not None]
        self._followed.clear()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await task

    async def _fresh(self, session: str) -> Followed:
        followed = self._followed.pop(session, None)
        if followed is None:
            followed = Followed(Edge(self._archive / session, self._pace))
        self._followed[session] = followed
        try:
            # Whoever comes while another looks takes what that one finds.
            if followed.looking is None:
                await followed.look()
        except OSError:
            self._followed.pop(session, None)
            raise not_found() from None
        self._forget()
        return followed

    def _forget(self) -> None:
        idle = [name for name, one in self._followed.items() if one.looking is None]
        for name in idle[: max(0, len(self._followed) - MAX_EDGES)]:
            del self._followed[name]

    async def _until(self, followed: Followed, ready: Callable[[], bool]) -> None:
        """Or until patience ends. Raises `Problem` 404 if the recording is gone."""
        try:
            async with asyncio.timeout(self._patience_s):
                while not ready():
                    if followed.looking is None:
                        task = self._look_for_news(followed, followed.news)
                        followed.looking = asyncio.create_task(task)
                    await asyncio.shield(followed.looking)
        except TimeoutError:
            return
        except OSError:
            raise not_found() from None

    async def _look_for_news(self, followed: Followed, known: int) -> None:
        """Or until another has found some. A look is never cut short: its thread would read on, and
        the next one's beside it."""
        until_s = time.monotonic() + self._patience_s
        try:
            while time.monotonic() < until_s:
                await followed.look()
                if followed.news != known:
                    return
                await asyncio.sleep(LOOK_S)
        finally:
            followed.looking = None


def _named(master: Path) -> tuple[str, ...]:
    """Blocking."""
    try:
        return tuple(_NAMED.findall(master.read_text("utf-8")))
    except OSError:
        return ()


def _number(query: Mapping[str, str], name: str) -> int | None:
    """Raises `Problem` 400 if it is none."""
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS):
        raise Problem(400, "bad_request")
    return int(text)
