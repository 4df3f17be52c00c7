"""What FFmpeg says, fit to be shown."""

import re
from typing import Literal

ADDRESS = re.compile(r"\b(\w+)://[^\s'\"]+")
"""What FFmpeg says repeats them, with their passwords."""
MAX_DETAIL = 200
_WHO = re.compile(r"^\[\w+ @ 0x[0-9a-f]+\] ")
"""Which of its parts complains, and where that lies in memory."""
Why = Literal["", "no_host", "key", "certificate", "refused", "unreachable", "hung_up"]
_WHY: tuple[tuple[Why, str], ...] = (
    ("no_host", r"Failed to resolve"),
    ("key", r"\b40[13]\b|Unauthorized|Forbidden|passphrase|Password required"),
    ("certificate", r"certificate|Cannot open connection tls"),
    ("refused", r"Connection refused"),
    ("unreachable", r"timed out|No route to host|unreachable|Connection to srt.* failed"),
    ("hung_up", r"^rtmps?://.*(Input/output error|End of file|Broken pipe|Connection reset)"),
)
"""The first that is found counts. RTMP knows no word for a wrong key: the other side hangs up, and
FFmpeg (5.1) says "Input/output error" as of much else."""


def _lines(words: bytes) -> list[str]:
    said = ADDRESS.sub(r"\1://…", words.decode("utf-8", "replace").strip())
    return [_WHO.sub("", line) for line in said.splitlines()]


def _telling(words: bytes) -> tuple[Why, str]:
    lines = _lines(words)
    for kind, mark in _WHY:
        for line in lines:
            if re.search(mark, line):
                return kind, line
    return "", lines[-1] if lines else ""


def why(words: bytes) -> Why:
    """What kind of complaint it is; "" for one that we do not know."""
    return _telling(words)[0]


def telling_line(words: bytes) -> str:
    """What it complains of, without addresses: they may hold passwords. The line that says why, for
    what follows from it is an "Input/output error"; else the last."""
    return _telling(words)[1][-MAX_DETAIL:]
