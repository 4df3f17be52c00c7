"""Scripts, styles and fonts as browsers take them: packed once, and kept. A district's line of 300
kbit/s would carry them for half a minute as they are."""

import asyncio
import gzip
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from aiohttp import web

from web.errors import not_found

STATIC = (Path(__file__).parent / "static").resolve()
_WEIGHTS = {"400": "Regular", "500": "Medium", "600": "SemiBold", "700": "Bold"}
_FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*")
_IMPORT = re.compile(r"^(?:import|export)\b[^;'\"=(]*?(?:from\s*)?\"([^\"]+)\"", re.MULTILINE)
_HEAD_CHARS = 8192
"""In which a module names all that it imports."""
_LATER = re.compile(r"\bawait import\(\"([^\"]+)\"\)")
_DAY_S = 86_400
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
IMPORT_MAP = {"imports": {name: f"/static/{path}" for name, path in VENDOR.items()}}


@cache
def modules(page: str) -> tuple[str, ...]:
    """All that a page's module imports, and what that imports: a browser that is told can ask for
    them at once, and not one round trip after another."""
    return _reached([STATIC / page])


@cache
def later_modules(page: str) -> tuple[str, ...]:
    """What they import only once it is needed, and what that imports."""
    ours = [name for name in modules(page) if name not in VENDOR.values()]
    wanted = [
        _place_of(STATIC / name, named)
        for name in ours
        for named in _LATER.findall((STATIC / name).read_text("utf-8"))
    ]
    return tuple(name for name in _reached(wanted) if name not in modules(page))


def _reached(waiting: list[Path]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    while waiting:
        path = waiting.pop()
        name = path.relative_to(STATIC).as_posix()
        if name in found or not path.is_file():
            continue
        found[name] = None
        with path.open(encoding="utf-8") as script:
            head = script.read(_HEAD_CHARS)
        waiting += [_place_of(path, named) for named in _IMPORT.findall(head)]
    return tuple(found)


def _place_of(module: Path, named: str) -> Path:
    return (module.parent / named).resolve() if named.startswith(".") else STATIC / VENDOR[named]


class Assets:
    def __init__(self) -> None:
        spec = find_spec("fontpkg_be_vietnam_pro")
        if spec is None or spec.origin is None:
            raise FileNotFoundError("the package fontpkg-be-vietnam-pro is not installed")
        self._fonts = Path(spec.origin).parent / "files"
        self._packed: dict[Path, tuple[str, bytes]] = {}
        """With their tags. No more than there are files of ours."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/static/fonts/be-vietnam-pro-{weight}.ttf", self._font),
            web.get("/static/{path:.+}", self._static),
            web.get("/favicon.ico", _favicon),
        ]

    async def _font(self, request: web.Request) -> web.StreamResponse:
        weight = _WEIGHTS.get(request.match_info["weight"])
        if weight is None:
            raise not_found()
        path = self._fonts / f"BeVietnamPro-{weight}.ttf"
        return await self._answer(request, path, f"public, max-age={30 * _DAY_S}")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        """Browsers ask each time and mostly hear 304: a new version of ours must not meet an old
        module in somebody's cache."""
        name = request.match_info["path"]
        path = (STATIC / name).resolve() if _FILE.fullmatch(name) else STATIC
        if not path.is_relative_to(STATIC) or not path.is_file():
            raise not_found()
        return await self._answer(request, path, "no-cache")

    async def _answer(self, request: web.Request, path: Path, kept: str) -> web.StreamResponse:
        headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
        kind = _TYPES.get(path.suffix)
        if kind is not None:
            headers["Content-Type"] = kind
        if kind is None or "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.FileResponse(path, headers=headers)
        tag, body = await asyncio.to_thread(self._pack, path)
        headers["ETag"] = f'"{tag}"'
        if any(theirs.value == tag for theirs in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers={**headers, "Content-Encoding": "gzip"})

    def _pack(self, path: Path) -> tuple[str, bytes]:
        stat = path.stat()
        tag = f"{stat.st_mtime_ns:x}-{stat.st_size:x}"
        packed = self._packed.get(path)
        if packed is None or packed[0] != tag:
            packed = self._packed[path] = tag, gzip.compress(path.read_bytes(), mtime=0)
        return packed


async def _favicon(request: web.Request) -> web.StreamResponse:
    del request
    raise web.HTTPMovedPermanently("/static/favicon.svg")
