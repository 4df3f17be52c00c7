"""Typed captions over HTTP, as the HLS players of live and archive ask for them:
`/live/{session}/captions/list.m3u8` and a WebVTT file for each segment.

Made from the log at each request, so that a correction is there for whoever plays it later.
"""

import asyncio
import gzip
import os
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiohttp import web

from broadcast.archive.retire import retired
from broadcast.archive.walls import Segment, walls
from broadcast.outputs import captions
from broadcast.outputs.captions import Cue
from broadcast.outputs.fmp4 import begins_at
from broadcast.outputs.playlist import Entry, Pace, parse, read_entries
from broadcast.session.model import ClockStep, Phase, SessionState
from web.border import client_address
from web.errors import not_found
from web.live_edge import LiveEdges
from web.media import PLAYLIST, PLAYLIST_TYPE, STREAM_NAME, open_to_all
from web.sessions import Sessions
from web.throttle import THROTTLE

HEAD_BYTES = 16_384
"""A segment's first `moof` lies within."""
MAX_FOLLOWED = 16


@dataclass(slots=True)
class Recording:
    """The segments of one recording; its playlist only grows, so only the new end is read."""

    folder: Path
    entries: list[Entry] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    """By the name of the captions' file."""
    body: str = ""
    """The lines of its playlist so far."""
    packed: tuple[tuple[int, bool], bytes] = (0, False), b""
    """The playlist as it travels, of so many entries, ended or not: made once for all who ask."""
    cues: list[Cue] = field(default_factory=list)
    _cues_of: tuple[object, bool] = None, False
    """What the cues were made of: a long session has thousands, and each viewer asks for a file
    every two seconds."""
    _timed: tuple[tuple[int, object], list[Entry]] = (0, ()), []
    """The segments by the clock of the cues, where that was set (`archive.walls`)."""
    _steps: tuple[ClockStep, ...] = ()
    _size: int = 0
    """Of its whole entries: recovery takes back one that was cut short."""
    _inode: int = 0

    def is_replaced(self) -> bool:
        """Another playlist lies there: a recording was brought back from a copy. Blocking. Raises
        OSError if there is none."""
        stat = (self.folder / PLAYLIST).stat()
        return stat.st_ino != self._inode or stat.st_size < self._size

    def refresh(self) -> None:
        """Blocking. Raises OSError if there is no playlist."""
        with (self.folder / PLAYLIST).open("rb") as file:
            self._inode = os.fstat(file.fileno()).st_ino
            file.seek(self._size)
            text = file.read().decode("utf-8", "replace")
        if self.entries:
            new, at = read_entries(text, 0)
        else:
            # Until its first entry the header is looked at again: no entry is known without it.
            found = parse(text)
            new, at = (list(found.entries), found.length) if found and found.entries else ([], 0)
        self._size += len(text[:at].encode())
        for entry in new:
            self.numbers[captions.name_of(entry)] = len(self.entries)
            self.entries.append(entry)
        self.body += captions.lines(self.entries, len(self.entries) - len(new))

    def whole(self, pace: Pace, *, ended: bool) -> bytes:
        """The playlist, packed (gzip). Blocking: of twelve hours it is 1.3 MB."""
        now = len(self.entries), ended
        if self.packed[0] != now:
            text = captions.playlist(self.body, pace, ended=ended)
            self.packed = now, gzip.compress(text.encode(), 1)
        return self.packed[1]

    def follow(self, state: SessionState, *, over: bool) -> None:
        """The captions as they are now."""
        self._steps = state.clock_sets
        told = state.written.captions, over
        if self._cues_of[0] is not told[0] or self._cues_of[1] is not over:
            self._cues_of, self.cues = told, cues_in(state, over=over)

    def file(self, number: int) -> str:
        """Blocking. Raises OSError if the segment is not there."""
        entries = self._by_one_clock()
        entry = entries[number]
        with (self.folder / entry.name).open("rb") as file:
            begun = begins_at(file.read(HEAD_BYTES))
        found = captions.cues_of(self.cues, entries, number)
        return captions.webvtt(found, entry, begun if begun is not None else 0)

    def _by_one_clock(self) -> list[Entry]:
        """Blocking: worked out anew for each new segment."""
        if not self._steps:
            return self.entries
        key, entries = (len(self.entries), self._steps), list(self.entries)
        if self._timed[0] != key:
            pieces = [Segment(one.wall_ms, one.duration_s * 1000) for one in entries]
            at_ms = walls(pieces, self._steps)
            timed = [replace(one, wall_ms=at) for one, at in zip(entries, at_ms, strict=True)]
            self._timed = key, timed
        return self._timed[1]


def _refreshed(known: Recording | None, folder: Path) -> Recording:
    """The same as far as it goes: whoever still reads one that was replaced ends with it."""
    recording = known if known is not None and not known.is_replaced() else Recording(folder)
    recording.refresh()
    return recording


class Captions:
    """For all: only what was typed while the public could hear is in it."""

    def __init__(self, sessions: Sessions, archive: Path, pace: Pace, edges: LiveEdges) -> None:
        self._sessions = sessions
        self._archive = archive
        self._pace, self._edges = pace, edges
        self._followed = OrderedDict[str, Recording]()
        self._reading = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """Before those of the recording itself, whose folders they look like."""
        return [
            web.get("/live/{session}/captions/{name}", self._serve),
            web.get("/archive/{session}/captions/{name}", self._serve),
        ]

    async def _serve(self, request: web.Request) -> web.Response:
        session, name = request.match_info["session"], request.match_info["name"]
        if not STREAM_NAME.fullmatch(session):
            raise not_found()
        if name == captions.INDEX and not self._sessions.is_over(session):
            # Its segments are the recording's.
            await self._edges.wait(session, request.query)
        try:
            async with self._reading:
                recording = await self._recording(session)
            state = await self._state(request, session)
            over = state.phase is Phase.ENDED
            if over and await asyncio.to_thread(retired, recording.folder) is not None:
                raise not_found("retired")
            if name == captions.INDEX:
                async with self._reading:
                    return await self._playlist(request, recording, over=over)
            number = recording.numbers.get(name)
            if number is None:
                raise not_found()
            recording.follow(state, over=over)
            return _answer(await asyncio.to_thread(recording.file, number), "text/vtt")
        except OSError:
            raise not_found() from None

    async def _playlist(
        self, request: web.Request, recording: Recording, *, over: bool
    ) -> web.Response:
        """All of it, or for who knows the rest its end."""
        if not over and request.query.get("_HLS_skip") in {"YES", "v2"}:
            return _answer(captions.update(recording.entries, self._pace), PLAYLIST_TYPE)
        packed = await asyncio.to_thread(recording.whole, self._pace, ended=over)
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            plain = await asyncio.to_thread(gzip.decompress, packed)
            return _answer(plain.decode(), PLAYLIST_TYPE)
        headers = {"Cache-Control": "no-cache", "Content-Type": PLAYLIST_TYPE, **open_to_all()}
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return web.Response(body=packed, headers=headers)

    async def _recording(self, session: str) -> Recording:
        """Brought up to date. The one that was asked for longest ago is forgotten. Raises `OSError`
        where there is none: an invented name costs a look at the disk, and forgets nothing."""
        known = self._followed.get(session)
        recording = await asyncio.to_thread(_refreshed, known, self._archive / session)
        self._followed[session] = recording
        self._followed.move_to_end(session)
        if len(self._followed) > MAX_FOLLOWED:
            self._followed.popitem(last=False)
        return recording

    async def _state(self, request: web.Request, session: str) -> SessionState:
        """Raises `Problem` 404, and 429 for who asks for too many old ones."""
        request.app[THROTTLE].open(session, client_address(request))
        return (await self._sessions.desk(session)).floor.state


def cues_in(state: SessionState, *, over: bool) -> list[Cue]:
    """Live, a line stands from when it was sent, because what came before has been fetched
    already; in the archive from when its typing began, nearer to the words."""
    public = [one for one in state.written.captions.values() if one.public and one.text]
    cues = [Cue(one.typed_at_ms - (one.typing_ms if over else 0), one.text) for one in public]
    return sorted(cues, key=lambda cue: cue.start_ms)


def _answer(text: str, content_type: str) -> web.Response:
    headers = {"Cache-Control": "no-cache", **open_to_all()}
    return web.Response(text=text, headers=headers, content_type=content_type, charset="utf-8")
