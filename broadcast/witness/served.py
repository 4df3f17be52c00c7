"""Whether the public really gets what is on the disk: asks over HTTP, as a player does."""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from broadcast.interpreters import Language
from broadcast.outputs.edge import RECENT_SEGMENTS
from broadcast.outputs.fmp4 import begins_at
from broadcast.outputs.recovery import INDEX
from broadcast.outputs.renditions import MASTER, SOUND, folder_in, folder_of
from broadcast.witness.memory import APART_MS
from broadcast.witness.reader import UnreadableError, beginning_of
from config.settings import Http, Program
from streams.frames import VIDEO_CLOCK_RATE

TIMEOUT_S = 2.0
HEAD_OCTETS = 8192
"""In which the first part of a segment says when it begins."""
RECENT = "recent.m3u8"
PLAYLISTS = (INDEX, "live.m3u8")
"""For players that know no parts, and for those that do."""
BEHIND = 2
"""Segments: the renditions close theirs one after another."""
_SEGMENT = re.compile(r"^\d{8}\.m4s$", re.MULTILINE)
_INIT = re.compile(r'^#EXT-X-MAP:.*?URI="([^"]+)"', re.MULTILINE)

Size = tuple[int, int]
NO_PICTURE = (0, 0)


@dataclass(frozen=True, slots=True)
class Served:
    """What is wrong, in a technician's words; empty where nothing is."""

    unserved: str = ""
    """Of the whole picture: what most of the public sees."""
    rendition: str = ""
    """Of one that a player may choose instead: a smaller one, the sound alone, or a language."""


ALL_WELL = Served()


def sizes_of(program: Program, languages: Iterable[Language] = ()) -> dict[str, Size]:
    """By folder, of all that a player may choose but the whole picture."""
    smaller = {folder_of(one): (one.width, one.height) for one in program.renditions()[1:]}
    sounds = (SOUND, *(folder_in(one.code) for one in languages))
    return smaller | dict.fromkeys(sounds, NO_PICTURE)


def ask(base_url: str, archive: Path, stream: str, sizes: Mapping[str, Size]) -> Served:
    """Raises `OSError` for the disk's own faults. A recording without a listed segment is nothing
    to serve yet."""
    folder = archive / stream
    listed = _SEGMENT.findall((folder / INDEX).read_text("utf-8", "replace"))
    if not listed:
        return ALL_WELL
    at = f"{base_url}/live/{stream}/"
    try:
        if fault := _fault_of_the_whole(at, folder, listed[-1]):
            return Served(unserved=fault)
        starts = _starts(folder, listed[-RECENT_SEGMENTS:])
        return Served(rendition=_fault_of_renditions(at, int(listed[-1][:8]), sizes, starts))
    except urllib.error.URLError as error:
        return Served(unserved=str(error.reason))
    except TimeoutError:
        return Served(unserved="no answer")


def _fault_of_the_whole(at: str, folder: Path, newest: str) -> str:
    for name in PLAYLISTS:
        if newest not in _get(at + name).decode("utf-8", "replace"):
            return f"{name}: {newest} is not in it"
    if _get(at + newest) != (folder / newest).read_bytes():
        return f"{newest}: other bytes than on the disk"
    return ""


def _starts(folder: Path, segments: Sequence[str]) -> list[float]:
    """Where these begin, in the media's time."""
    found = []
    for name in segments:
        with (folder / name).open("rb") as file:
            start = begins_at(file.read(HEAD_OCTETS))
        found += [] if start is None else [start / VIDEO_CLOCK_RATE]
    return found


def _fault_of_renditions(
    at: str, newest: int, sizes: Mapping[str, Size], starts: Sequence[float]
) -> str:
    """The first one that is not told of, stands still, does not play, is of another size or out of
    sync: each is cut for itself, so what is seen of the whole picture proves none of it."""
    master = _get(at + MASTER).decode("utf-8", "replace")
    for name, size in sizes.items():
        if not re.search(f'^({name}/|#EXT-X-MEDIA:.*URI="{name}/)', master, re.MULTILINE):
            return f"{name}: {MASTER} does not name it"
        if fault := _fault_of_one(f"{at}{name}/", newest, size, starts):
            return f"{name}: {fault}"
    return ""


def _fault_of_one(at: str, newest: int, size: Size, starts: Sequence[float]) -> str:
    """`starts`: of the whole picture's segments. All are cut at the same places."""
    try:
        recent = _get(at + RECENT).decode("utf-8", "replace")
        names, inits = _SEGMENT.findall(recent), _INIT.findall(recent)
        if not names or not inits:
            return "nothing to play in it"
        if newest - int(names[-1][:8]) > BEHIND:
            return f"ends with {names[-1]}"
        found = beginning_of(_get(at + inits[-1]) + _get(at + names[-1]))
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.reason}"
    except UnreadableError as error:
        return str(error)
    if found.size != size:
        return f"{found.size[0]}×{found.size[1]}, not {size[0]}×{size[1]}"
    apart_ms = found.apart_ms
    if size == NO_PICTURE:
        apart_ms = min((abs(found.at_s - start) * 1000 for start in starts), default=0.0)
    if apart_ms > APART_MS:
        return f"sound and picture are {apart_ms:.0f} ms apart"
    return ""


DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""An office's proxy (`http_proxy`) knows another 127.0.0.1 than ours."""


def _get(url: str) -> bytes:
    """Raises `URLError` and `TimeoutError`, and no other: what is served is no fault of the disk's,
    also where its server dies in the midst of an answer."""
    try:
        with DIRECTLY.open(url, timeout=TIMEOUT_S) as response:
            data: bytes = response.read()
            return data
    except (http.client.HTTPException, ConnectionError) as error:
        raise urllib.error.URLError(error) from None


def base_url(http: Http) -> str:
    """The server as seen from its own machine."""
    host = "127.0.0.1" if http.host in {"0.0.0.0", "::"} else http.host
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{http.port}"
