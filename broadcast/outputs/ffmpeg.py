"""What FFmpeg says, fit to be shown."""

import re

ADDRESS = re.compile(r"\b(\w+)://[^\s'\"]+")
"""What FFmpeg says repeats them, with their passwords."""
MAX_DETAIL = 200
TELLING = "certificate"
"""What is said of one tells more than what follows from it, an "Input/output error"."""


def last_line(words: bytes) -> str:
    """The end of what it complains of, without addresses: they may hold passwords."""
    said = ADDRESS.sub(r"\1://…", words.decode("utf-8", "replace").strip())
    lines = said.splitlines() or [""]
    return next((line for line in lines if TELLING in line), lines[-1])[-MAX_DETAIL:]
