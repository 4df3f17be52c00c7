"""Whoever should get nothing of a closed part, and every address he can try.

The addresses are those of the router (`web.throttle` names every route, which a test proves), each
with every name that can be found or guessed: of playlists and of what they name, of sealed files,
documents, people and items.
"""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.server import Server
from web.throttle import PACE_OF

MARK = "BIMAT"
"""Stands in everything that is said, written or shown while the room is closed."""
FILES = tuple(
    f"{method} /{room}/{{session}}/{name}"
    for method in ("GET",)
    for room in ("live", "archive")
    for name in ("{name}", "{rendition}/{name}", "captions/{name}")
)
PAGES = ("operator", "prepare", "chair", "clerk", "display", "site", "watch")
_CHANGES = re.compile(r"sign-out|/end-sign-ins|/whep/|/whip/|sign-in")


@dataclass
class Outsider:
    """Comes from another network than the others."""

    name: str
    address: str
    headers: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    """For the hello of a WebSocket; without one the cookie counts."""

    def sent(self) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"X-Forwarded-For": self.address, **self.headers, **bearer}


@dataclass
class Names:
    """What is put into the places of an address."""

    site: list[str]
    name: list[str]
    rendition: list[str]
    document: list[str]
    item: list[str]


def addresses(session: str, names: Names) -> Iterable[tuple[str, str]]:
    """Method and path, every combination."""
    filled: dict[str, list[str]] = {
        "session": [session],
        "site": names.site,
        "name": names.name,
        "rendition": names.rendition,
        "document": names.document,
        "item": names.item,
        "page": ["1"],
        "target": ["room", *names.site],
        "resource": ["x"],
        "template": ["x"],
        "what": ["delegates"],
        "list": ["not-heard.csv", "not-heard.txt", "promises.csv", "promises.txt"],
        "kind": ["whep"],
        "path": ["x"],
    }
    for route in (*PACE_OF, *FILES):
        method, _, path = route.partition(" ")
        if method != "GET" and _CHANGES.search(path):
            continue  # no answer of theirs tells anything; media is tried by itself
        places = re.findall(r"{(\w+)}", path)
        for chosen in itertools.product(*(filled[place] for place in places)):
            yield method, path.format(**dict(zip(places, chosen, strict=True)))
    for wish in ("?download", "?download=docx", "?download=closed"):
        yield "GET", f"/minutes/{session}{wish}"
    yield "GET", f"/api/v1/archive/search?q={MARK}"
    for step in (f"sealed/{session}", "..%2fsealed", f"{session}/..%2f..%2fsealed%2f{session}"):
        for room, name in itertools.product(("live", "archive"), names.name[:2]):
            yield "GET", f"/{room}/{step}/{name}"


async def leaks(server: Server, outsider: Outsider, names: Names) -> list[str]:
    """Every address that gave him something with the mark, or a fault."""
    found = []
    async with aiohttp.ClientSession(server.base_url, cookie_jar=aiohttp.DummyCookieJar()) as http:
        for method, path in addresses(server.session, names):
            body = None if method == "GET" else b"{}"
            headers = {"Content-Type": "application/json", **outsider.sent()}
            async with http.request(
                method, path, data=body, headers=headers, allow_redirects=False
            ) as answer:
                data = await answer.read()
                if MARK.encode() in data or answer.status == 500:
                    found.append(f"{outsider.name}: {method} {path}: {answer.status}")
        found += [
            f"{outsider.name}: WebSocket {page}"
            for page in PAGES
            if MARK in await _told(http, server.session, outsider, page)
        ]
    return found


async def _told(http: aiohttp.ClientSession, session: str, outsider: Outsider, page: str) -> str:
    """All that a page of this kind is told at first, until it has answered a ping."""
    said = []
    async with http.ws_connect(
        f"/api/v1/sessions/{session}/live", headers=outsider.sent()
    ) as socket:
        hello: dict[str, Any] = {"type": "hello", "page": page}
        await socket.send_json(hello | ({"token": outsider.token} if outsider.token else {}))
        await socket.send_json({"type": "ping", "sent_at_ms": 0})
        async with asyncio.timeout(60):
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    said.append(json.dumps(json.loads(message.data), ensure_ascii=True))
                    if '"type":"pong"' in message.data.replace(" ", ""):
                        break
                elif message.type is aiohttp.WSMsgType.BINARY:
                    raise AssertionError(f"{outsider.name} got a still as {page}")
    return "".join(said)


@asynccontextmanager
async def listening(server: Server, outsiders: list[Outsider]) -> AsyncIterator[list[str]]:
    """What each is told while it happens, with a public page and, for who has a token, a site's."""
    heard: list[str] = []

    async def listen(http: aiohttp.ClientSession, outsider: Outsider, page: str) -> None:
        async with http.ws_connect(
            f"/api/v1/sessions/{server.session}/live", headers=outsider.sent()
        ) as socket:
            hello = {"type": "hello", "page": page}
            await socket.send_json(hello | ({"token": outsider.token} if outsider.token else {}))
            async for message in socket:
                still = message.type is aiohttp.WSMsgType.BINARY
                if still or MARK in str(message.data):
                    heard.append(f"{outsider.name} as {page}: {message.data!r:.200}")

    async with aiohttp.ClientSession(server.base_url) as http, asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(listen(http, one, page))
            for one in outsiders
            for page in ("watch", "display", "site")
        ]
        yield heard
        for task in tasks:
            task.cancel()
