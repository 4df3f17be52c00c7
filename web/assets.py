"""Scripts, styles and fonts as browsers take them: packed once, and kept. A district's line of 300
kbit/s would carry them for half a minute as they are. Their addresses name the build: who has been
here asks for none of them again, and after an upgrade for all."""

import asyncio
import gzip
import posixpath
import re
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from aiohttp import web

from web.build import build, static, versioned
from web.errors import not_found

_WEIGHTS = {"400": "Regular", "500": "Medium", "600": "SemiBold", "700": "Bold"}
_IMPORT = re.compile(r"(?:^|;)(?:import|export)\b[^;'\"=(]*?(?:from\s*)?\"([^\"]+)\"", re.MULTILINE)
_HEAD_CHARS = 8192
"""In which a module names all that it imports."""
_LATER = re.compile(r"\bawait import\(\"([^\"]+)\"\)")
_DAY_S = 86_400
_FOR_EVER = f"public, max-age={365 * _DAY_S}, immutable"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
}
"""RFC 9239 and others; Python's table depends on the machine's `/etc/mime.types`."""
VENDOR = {
    "preact": "vendor/preact.mjs",
    "preact/hooks": "vendor/hooks.mjs",
    "@preact/signals": "vendor/signals.mjs",
    "@preact/signals-core": "vendor/signals-core.mjs",
    "htm": "vendor/htm.mjs",
    "htm/preact": "vendor/htm-preact.mjs",
    "hls.js": "vendor/hls.mjs",
}
"""What others made, by the names under which modules import it."""


def import_map() -> dict[str, dict[str, str]]:
    return {"imports": {name: f"{versioned()}/{path}" for name, path in VENDOR.items()}}


@cache
def modules(page: str) -> tuple[str, ...]:
    """All that a page's module imports, and what that imports: a browser that is told can ask for
    them at once, and not one round trip after another."""
    return _reached([page])


@cache
def later_modules(page: str) -> tuple[str, ...]:
    """What they import only once it is needed, and what that imports."""
    ours = [name for name in modules(page) if name not in VENDOR.values()]
    wanted = [
        _place_of(name, named) for name in ours for named in _LATER.findall(static()[name].decode())
    ]
    return tuple(name for name in _reached(wanted) if name not in modules(page))


def _reached(waiting: list[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    while waiting:
        name = waiting.pop()
        if name in found or name not in static():
            continue
        found[name] = None
        head = static()[name].decode()[:_HEAD_CHARS]
        waiting += [_place_of(name, named) for named in _IMPORT.findall(head)]
    return tuple(found)


def _place_of(module: str, named: str) -> str:
    if not named.startswith("."):
        return VENDOR[named]
    return posixpath.normpath(posixpath.join(posixpath.dirname(module), named))


class Assets:
    def __init__(self) -> None:
        spec = find_spec("fontpkg_be_vietnam_pro")
        if spec is None or spec.origin is None:
            raise FileNotFoundError("the package fontpkg-be-vietnam-pro is not installed")
        self._fonts = Path(spec.origin).parent / "files"
        self._packed: dict[str, bytes] = {}
        """No more than there are files of ours."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/favicon.ico", _favicon),
            web.get("/static/fonts/be-vietnam-pro-{weight}.ttf", self._font),
            web.get("/static/{build:[0-9a-f]{12}}/{path:.+}", self._static),
            web.get("/static/{path:.+}", self._static),
        ]

    async def _font(self, request: web.Request) -> web.Response:
        """Its address is the same for all builds: it is large, and hardly ever another."""
        weight = _WEIGHTS.get(request.match_info["weight"])
        if weight is None:
            raise not_found()
        name = f"BeVietnamPro-{weight}.ttf"
        read = (self._fonts / name).read_bytes
        return await self._answer(request, name, read, f"public, max-age={30 * _DAY_S}")

    async def _static(self, request: web.Request) -> web.Response:
        """A page of before an upgrade may ask for another build's: it gets what there is now. That,
        and what has no build in its address, browsers ask for each time."""
        name, named = request.match_info["path"], request.match_info.get("build")
        octets = static().get(name)
        if octets is None:
            raise not_found()
        kept = _FOR_EVER if named == build() else "no-cache"
        return await self._answer(request, name, lambda: octets, kept)

    async def _answer(
        self, request: web.Request, name: str, read: Callable[[], bytes], kept: str
    ) -> web.Response:
        headers = {
            "Cache-Control": kept,
            "Content-Type": _TYPES[Path(name).suffix],
            "ETag": f'"{build()}"',
            "Vary": "Accept-Encoding",
        }
        if any(theirs.value == build() for theirs in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=await asyncio.to_thread(read), headers=headers)
        if name not in self._packed:
            self._packed[name] = await asyncio.to_thread(lambda: gzip.compress(read(), mtime=0))
        return web.Response(body=self._packed[name], headers=headers | {"Content-Encoding": "gzip"})


async def _favicon(request: web.Request) -> web.StreamResponse:
    del request
    raise web.HTTPMovedPermanently("/static/favicon.svg")
