"""HLS over HTTP: the archive's own files, live and afterwards. `master.m3u8` names what a player
may choose from; of each, `index.m3u8` is for any player, `live.m3u8` for those that know low
latency, both with rewind to the start; `recent.m3u8` is the last minutes alone, and stays small.

A file is served only if the stream's playlist names it, so nothing else in the folder, nothing
half-written and no other folder can be reached, and every segment may be cached for ever.
"""

import asyncio
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from broadcast.archive.retire import retired
from broadcast.outputs.captions import in_master
from broadcast.outputs.edge import PART_NAME
from broadcast.outputs.renditions import MASTER
from web.border import ANYWHERE
from web.errors import not_found
from web.live_edge import LOW_LATENCY, LiveEdges

PLAYLIST = "index.m3u8"
RECENT = "recent.m3u8"
STREAM_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
FILE_NAME = re.compile(r"init-\d{1,9}\.mp4|\d{8}\.m4s")
RENDITION = re.compile(r"\d{2,4}p|sound|language-[a-z0-9-]{2,35}")
_MAP_URI = re.compile(r'^#EXT-X-MAP:.*?URI="([^"]+)"', re.MULTILINE)
_NAME_LINE = re.compile(rb"^[^#\n].*\n", re.MULTILINE)
"""The last of an entry."""
_TYPES = {".m4s": "video/iso.segment", ".mp4": "video/mp4"}
"""RFC 8216bis, 3.1.2; hls.js asks for neither, Safari takes both."""

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
END = "#EXT-X-ENDLIST\n"
CAPTIONS_LANGUAGE, CAPTIONS_NAME = "vi", "Phụ đề tiếng Việt"
"""The clerk types what is said; a player lists it under this name."""
MAX_LISTINGS = 64
"""Playlists whose names are kept, four for each recording: whoever looks through the whole archive
must not fill the memory. The one that was read longest ago goes first."""
USUAL_BPS = 2_700_000
"""Of a recording that says nothing of its renditions."""


@dataclass(slots=True)
class Listing:
    """The names in one playlist. It only ever grows, so only the new end is read."""

    path: Path
    names: set[str] = field(default_factory=set)
    ended: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a thread reads: two at once would count what was added twice."""
    _size: int = 0
    """Of its whole entries: recovery takes back one that was cut short."""
    _inode: int = 0

    def refresh(self) -> None:
        """Reads what was appended. Raises OSError if there is no playlist. Blocking, but short:
        a playlist grows by some 80 bytes for each segment."""
        with self.path.open("rb") as file:
            stat = os.fstat(file.fileno())
            if stat.st_ino != self._inode or stat.st_size < self._size:
                self._start_over(stat.st_ino)
            file.seek(self._size)
            added = file.read(stat.st_size - self._size)
        *_, entries_end = 0, *(line.end() for line in _NAME_LINE.finditer(added))
        self._size += entries_end
        self._take(added[: added.rfind(b"\n") + 1].decode("utf-8", "replace"))

    def _start_over(self, inode: int) -> None:
        self.names.clear()
        self.ended, self._size, self._inode = False, 0, inode

    def _take(self, text: str) -> None:
        self.names.update(line.strip() for line in text.splitlines() if line[:1] not in {"", "#"})
        self.names.update(_MAP_URI.findall(text))
        self.ended = self.ended or END.strip() in text


class Media:
    """`/live/{session}/…` and `/archive/{session}/…`: the same files.

    `is_over` tells whether a session has ended: a studio that died before it could write the end
    mark must not leave players waiting for more.
    """

    def __init__(self, archive: Path, is_over: Callable[[str], bool], edges: LiveEdges) -> None:
        self._archive = archive
        self._edges = edges
        self._is_over = is_over
        self._listings: dict[str, Listing] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/live/{session}/{name}", self._serve),
            web.get("/archive/{session}/{name}", self._serve),
            web.get("/live/{session}/{rendition}/{name}", self._serve),
            web.get("/archive/{session}/{rendition}/{name}", self._serve),
            web.options("/live/{session}/{name:.+}", _preflight),
            web.options("/archive/{session}/{name:.+}", _preflight),
        ]

    def has(self, session: str) -> bool:
        """Whether anything was recorded, and is here."""
        folder = self._archive / session
        return (folder / PLAYLIST).is_file() and retired(folder) is None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        session, name = request.match_info["session"], request.match_info["name"]
        rendition = request.match_info.get("rendition")
        if not STREAM_NAME.fullmatch(session):
            raise not_found()
        if rendition is not None and not RENDITION.fullmatch(rendition):
            raise not_found()
        stream = session if rendition is None else f"{session}/{rendition}"
        over = self._is_over(session)
        if over and await asyncio.to_thread(retired, self._archive / session) is not None:
            raise not_found("retired")
        if name == MASTER and rendition is None:
            return await self._master(session, over=over)
        if name.endswith(".m3u8"):
            return await self._playlist(request, stream, name, over=over)
        if part := PART_NAME.fullmatch(name):
            data = await self._edges.part(stream, int(part[1]), int(part[2]))
            return web.Response(body=data, headers=_for_ever(_TYPES[".m4s"]))
        if not FILE_NAME.fullmatch(name):
            raise not_found()
        if not await self._is_listed(stream, name, over=over):
            raise not_found()
        return self._segment(self._archive / stream / name)

    async def _is_listed(self, stream: str, name: str, *, over: bool) -> bool:
        """What was listed once stays so; the disk is asked only for what is not known yet."""
        known = self._listings.get(stream)
        if known is not None and name in known.names:
            return True
        if name in (await self._listing(stream)).names:
            return True
        # At the live end a player is told of an init segment as soon as its first part is there.
        return not over and name.endswith(".mp4") and await self._edges.names_init(stream, name)

    async def _listing(self, stream: str) -> Listing:
        """Raises `Problem` 404 where nothing was recorded."""
        listing = self._listings.pop(stream, None) or Listing(self._archive / stream / PLAYLIST)
        self._listings[stream] = listing
        try:
            async with listing.lock:
                await asyncio.to_thread(listing.refresh)
        except OSError:
            self._listings.pop(stream, None)
            raise not_found() from None
        while len(self._listings) > MAX_LISTINGS:
            del self._listings[next(iter(self._listings))]
        return listing

    async def _master(self, session: str, *, over: bool) -> web.Response:
        """While it is live, of the low-latency playlists. A recording of before there was a choice
        has one rendition."""
        try:
            text = await asyncio.to_thread((self._archive / session / MASTER).read_text, "utf-8")
        except OSError:
            if not over:
                raise not_found() from None
            await self._listing(session)
            text = f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH={USUAL_BPS}\n{PLAYLIST}\n"
        text = text if over else text.replace(PLAYLIST, LOW_LATENCY)
        return _text(in_master(text, CAPTIONS_LANGUAGE, CAPTIONS_NAME))

    async def _playlist(
        self, request: web.Request, stream: str, name: str, *, over: bool
    ) -> web.StreamResponse:
        if name == LOW_LATENCY and not over:
            return await self._low_latency(request, stream)
        if name == RECENT and not over:
            return _text(await self._edges.recent(stream))
        if name in {PLAYLIST, LOW_LATENCY, RECENT}:
            return await self._whole(stream, over=over)
        raise not_found()

    async def _whole(self, stream: str, *, over: bool) -> web.StreamResponse:
        listing = await self._listing(stream)
        headers = {"Cache-Control": "no-cache", **open_to_all()}
        if over and not listing.ended:
            text = await asyncio.to_thread(listing.path.read_text, "utf-8", "replace")
            return web.Response(
                text=_finished(text), headers=headers, content_type=PLAYLIST_TYPE, charset="utf-8"
            )
        headers["Content-Type"] = PLAYLIST_TYPE
        return web.FileResponse(listing.path, headers=headers)

    async def _low_latency(self, request: web.Request, stream: str) -> web.StreamResponse:
        """What has grown long travels packed: of twelve hours, 2 MB become 0.2."""
        packs = "gzip" in request.headers.get("Accept-Encoding", "")
        text, packed = await self._edges.playlist(stream, request.query, packs=packs)
        headers = {"Cache-Control": "no-cache", "Content-Type": PLAYLIST_TYPE, **open_to_all()}
        if packed:
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return web.Response(body=text, headers=headers)

    def _segment(self, path: Path) -> web.StreamResponse:
        return web.FileResponse(path, headers=_for_ever(_TYPES[path.suffix]))

    async def close(self, app: web.Application) -> None:
        """For `on_shutdown`: nobody waits any more."""
        del app
        await self._edges.close()


def _text(text: str) -> web.Response:
    headers = {"Cache-Control": "no-cache", **open_to_all()}
    return web.Response(text=text, headers=headers, content_type=PLAYLIST_TYPE, charset="utf-8")


def _finished(text: str) -> str:
    """With the end mark, after the last whole line."""
    whole, newline, _ = text.rpartition("\n")
    return whole + newline + END


def _for_ever(content_type: str) -> dict[str, str]:
    """What lies in a recording never changes."""
    return {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Type": content_type,
        **open_to_all(),
    }


def open_to_all() -> dict[str, str]:
    """What is public may be played from any page."""
    return {
        **ANYWHERE,
        "Access-Control-Expose-Headers": "Content-Length, Content-Range, Date",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }


async def _preflight(request: web.Request) -> web.Response:
    del request
    headers = {
        **open_to_all(),
        "Access-Control-Allow-Methods": "GET, HEAD",
        "Access-Control-Allow-Headers": "Range",
        "Access-Control-Max-Age": "86400",
    }
    return web.Response(status=204, headers=headers)
