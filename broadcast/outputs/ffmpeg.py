"""How FFmpeg is started, and what it says, fit to be shown."""

import errno
import os
import re
import shutil
from collections.abc import Sequence
from typing import Literal
from urllib.parse import unquote

ADDRESS = re.compile(r"\b(\w+)://\S+")
"""What FFmpeg says repeats them, with their passwords. These may hold any sign but a space."""
_PARTS = re.compile(r"\w+://(?:(?P<who>[^/?]*)@)?[^/?]*(?P<path>[^?]*)\??(?P<query>.*)")
_PASSPHRASE = re.compile(r"(?<=[?&])passphrase=([^&]*)&?")
MIN_SECRET = 6
"""Characters: what is shorter may be a word."""
MAX_DETAIL = 200
HELD = ("setpriv", "--pdeathsig", "KILL")
"""Of util-linux, which every Debian has. No `preexec_fn`: whoever starts it has threads."""
_WHO = re.compile(r"^\[\w+ @ 0x[0-9a-f]+\] ")
"""Which of its parts complains, and where that lies in memory."""
Why = Literal["", "no_host", "key", "certificate", "refused", "unreachable", "hung_up"]
_WHY: tuple[tuple[Why, str], ...] = (
    ("no_host", r"Failed to resolve"),
    ("key", r"\b40[13]\b|Unauthorized|Forbidden|passphrase|Password required"),
    ("key", r"Unexpected stream|App field"),
    ("certificate", r"certificate|Cannot open connection tls"),
    ("refused", r"Connection refused"),
    ("unreachable", r"timed out|No route to host|unreachable|Connection to srt.* failed"),
    ("hung_up", r"^rtmps?://.*(Input/output error|End of file|Broken pipe|Connection reset)"),
)
"""The first that is found counts. RTMP knows no word for a wrong key: the other side hangs up, and
FFmpeg (5.1) says "Input/output error" as of much else."""


def held(command: Sequence[str]) -> list[str]:
    """The same command; the kernel kills what it runs with the thread that starts it. One that
    listens would hold its port beyond a studio that was killed, and let no other have it. Raises
    `FileNotFoundError`."""
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), command[0])
    keeper = HELD if shutil.which(HELD[0]) else ()
    return [*keeper, program, *command[1:]]


def opened(url: str) -> list[str]:
    """An address and the options before it. A passphrase of SRT is one of these, as it stands:
    in an address FFmpeg takes a plus in it for a space, and knows no way to write one."""
    if not url.startswith("srt:") or (found := _PASSPHRASE.search(url)) is None:
        return [url]
    return ["-passphrase", found[1], _PASSPHRASE.sub("", url)]


def _hidden(words: bytes, url: str) -> str:
    """What was said about that address, without it and the passwords in it, which the other side
    may repeat by themselves."""
    said = ADDRESS.sub(r"\1://…", words.decode("utf-8", "replace").strip())
    for secret in sorted(_secrets(url), key=len, reverse=True):
        said = said.replace(secret, "…")
    return said


def _secrets(url: str) -> set[str]:
    """As they stand and decoded. A file has none, and its name helps."""
    if url.startswith("file:"):
        return set()
    parts = _PARTS.match(url)
    assert parts is not None, "settings let no other through"
    who, path, query = parts["who"] or "", parts["path"], parts["query"]
    values = [value.partition("=")[2] for value in query.split("&")]
    found = [who.partition(":")[2], *path.split("/"), *values]
    return {one for raw in found for one in (raw, unquote(raw)) if len(one) >= MIN_SECRET}


def _telling(words: bytes, url: str) -> tuple[Why, str]:
    lines = [_WHO.sub("", line) for line in _hidden(words, url).splitlines()]
    for kind, mark in _WHY:
        for line in lines:
            if re.search(mark, line):
                return kind, line
    return "", lines[-1] if lines else ""


def why(words: bytes, url: str) -> Why:
    """What kind of complaint it is; "" for one that we do not know."""
    return _telling(words, url)[0]


def telling_line(words: bytes, url: str) -> str:
    """What it complains of, and no password. The line that says why, for what follows from it is
    an "Input/output error"; else the last."""
    return _telling(words, url)[1][-MAX_DETAIL:]
