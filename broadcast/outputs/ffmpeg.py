"""What FFmpeg says, fit to be shown."""

import re

ADDRESS = re.compile(r"\b(\w+)://[^\s'\"]+")
"""What FFmpeg says repeats them, with their passwords."""
MAX_DETAIL = 200


def last_line(words: bytes) -> str:
    """The end of what it complains of, without addresses: they may hold passwords."""
    said = ADDRESS.sub(r"\1://…", words.decode("utf-8", "replace").strip())
    return said.rpartition("\n")[2][-MAX_DETAIL:]
