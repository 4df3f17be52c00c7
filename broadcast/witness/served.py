"""Whether the public really gets what is on the disk: asks over HTTP, as a player does."""

import re
import urllib.error
import urllib.request
from pathlib import Path

from broadcast.outputs.recovery import INDEX
from broadcast.outputs.renditions import MASTER
from config.settings import Http

TIMEOUT_S = 2.0
RECENT = "recent.m3u8"
PLAYLISTS = (INDEX, "live.m3u8")
"""For players that know no parts, and for those that do."""
_SEGMENT = re.compile(r"^\d{8}\.m4s$", re.MULTILINE)


def fault(base_url: str, archive: Path, stream: str) -> str:
    """What is wrong, in a technician's words; empty if nothing is. Raises `OSError` for the disk's
    own faults. A recording without a listed segment is nothing to serve yet."""
    folder = archive / stream
    listed = _SEGMENT.findall((folder / INDEX).read_text("utf-8", "replace"))
    if not listed:
        return ""
    try:
        for name in PLAYLISTS:
            playlist = _get(f"{base_url}/live/{stream}/{name}").decode("utf-8", "replace")
            if listed[-1] not in playlist:
                return f"{name}: {listed[-1]} is not in it"
        if _get(f"{base_url}/live/{stream}/{listed[-1]}") != (folder / listed[-1]).read_bytes():
            return f"{listed[-1]}: other bytes than on the disk"
        if silent := _silent_rendition(f"{base_url}/live/{stream}/"):
            return f"{silent}: nothing to play in it"
    except urllib.error.URLError as error:
        return str(error.reason)
    except TimeoutError:
        return "no answer"
    return ""


def _silent_rendition(at: str) -> str:
    """One that a player may choose, and would get nothing from; empty if all have something."""
    for line in _get(f"{at}{MASTER}").decode("utf-8", "replace").splitlines():
        if line and line[0] != "#":
            recent = f"{line.rpartition('/')[0]}/{RECENT}".lstrip("/")
            if not _SEGMENT.search(_get(at + recent).decode("utf-8", "replace")):
                return line
    return ""


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:  # noqa: S310 - our own server
        data: bytes = response.read()
        return data


def base_url(http: Http) -> str:
    """The server as seen from its own machine."""
    host = "127.0.0.1" if http.host in {"0.0.0.0", "::"} else http.host
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{http.port}"
