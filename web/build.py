"""What the pages are made of, as it was when this server was started: what an upgrade lays over it
is the next server's, and no page is half of each. Its digest names it."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from web.catalogues import LANGUAGES, catalogue
from web.replies import dumps

WEB = Path(__file__).parent
_KINDS = {".css", ".js", ".mjs", ".svg"}
_LETTERS = 12


@cache
def static() -> Mapping[str, bytes]:
    """Scripts, styles and pictures, by their path below `static/`."""
    return _read(WEB / "static", _KINDS)


@cache
def templates() -> Mapping[str, str]:
    """By their file's name."""
    return {name: text.decode() for name, text in _read(WEB / "templates", {".html"}).items()}


def _read(folder: Path, kinds: set[str]) -> Mapping[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in kinds
    }


@cache
def build() -> str:
    """Of all that; hexadecimal. A page that was made of something else must be loaded anew."""
    digest = hashlib.sha256()
    texts = {language: dumps(catalogue(language)).encode() for language in LANGUAGES}
    shells = {name: text.encode() for name, text in templates().items()}
    for part in (static(), shells, texts):
        for name, octets in part.items():
            digest.update(f"{name} {len(octets)}\n".encode() + octets)
    return digest.hexdigest()[:_LETTERS]


def versioned() -> str:
    """Below which address they are: one that never means anything else."""
    return f"/static/{build()}"
