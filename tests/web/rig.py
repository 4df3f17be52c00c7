"""A real relay in this process: real HTTP on a port the system chose, real SQLite, no studio."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import pytest

from broadcast.session.decide import Act
from broadcast.session.events import Event, ItemChosen, SessionPrepared
from broadcast.session.model import (
    AgendaItem,
    Delegate,
    DelegateId,
    ItemId,
    ItemKind,
    Role,
    Site,
    SiteKind,
)
from broadcast.store import Store
from config.settings import Http, Https, Media, Security, Settings, Storage
from streams.frames import SiteId
from web import app, application, live, setup
from web.app import running
from web.auth import Tokens
from web.machine_clock import MachineClock
from web.patches import apply

SESSION = "phien-thu"
HALL, LAY, CHUA = SiteId("hall"), SiteId("muong-lay"), SiteId("tua-chua")
SITES = (
    Site(HALL, "Hội trường HĐND tỉnh", SiteKind.HALL),
    Site(LAY, "Điểm cầu thị xã Mường Lay"),
    Site(CHUA, "Điểm cầu huyện Tủa Chùa"),
)
DELEGATES = (
    Delegate(DelegateId("chu-toa"), "Nguyễn Văn Chủ", "Chủ tịch HĐND tỉnh", "", HALL),
    Delegate(DelegateId("lay-1"), "Điêu Thị Xuân", "Đại biểu", "Tổ Mường Lay", LAY),
    Delegate(DelegateId("chua-1"), "Giàng A Dính", "Đại biểu", "Tổ Tủa Chùa", CHUA),
)
ITEM, SECRET = ItemId("thao-luan"), ItemId("nhan-su")
SECRET_TITLE = "Công tác nhân sự tuyệt mật"
AGENDA = (
    AgendaItem(ITEM, "Thảo luận kinh tế - xã hội", ItemKind.DISCUSSION, planned_minutes=30),
    AgendaItem(SECRET, SECRET_TITLE, ItemKind.DISCUSSION, closed=True),
)
BOUND_S = 60.0


def settings_in(folder: Path, **sections: Any) -> Settings:
    """Every port chosen by the system, everything kept in `folder`."""
    return Settings(
        http=Http(port=0),
        https=Https(enabled=False),
        media=Media(host="127.0.0.1", port=0),
        storage=Storage(data_dir=folder / "data"),
        **sections,
    )


def stop_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """By which tries are counted: on a slow machine a pace would have passed before the next."""
    at_ms = now_ms()
    for module in (app, application):
        monkeypatch.setattr(module, "now_ms", lambda: at_ms)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def prepare(store: Store, session: str = SESSION, at_ms: int | None = None) -> None:
    at_ms = at_ms if at_ms is not None else now_ms()
    events: list[Event] = [
        SessionPrepared(
            at_ms=at_ms,
            id=session,
            title="Phiên thử",
            subtitle="Điện Biên",
            sites=SITES,
            delegates=DELEGATES,
            agenda=AGENDA,
        ),
        ItemChosen(at_ms=at_ms, item=ITEM),
    ]
    store.append(session, 0, events, Act(at_ms, Role.SYSTEM, "test", None, "fresh"))


@dataclass
class Rig:
    """What a test holds of a running relay."""

    settings: Settings
    store: Store
    tokens: Tokens
    base: str
    http: aiohttp.ClientSession
    operator: str = field(init=False)

    def __post_init__(self) -> None:
        self.operator = self.tokens.issue_token(Role.OPERATOR, SESSION)

    def site(self, site: SiteId = LAY) -> str:
        return self.tokens.issue_join_token(SESSION, site)

    def url(self, path: str) -> str:
        return self.base + path

    async def get(self, path: str, **options: Any) -> aiohttp.ClientResponse:
        response = await self.http.get(self.url(path), allow_redirects=False, **options)
        await response.read()
        return response

    async def command(
        self, type_: str, *, token: str | None = None, **fields: Any
    ) -> tuple[int, Any]:
        """As the operator; status and answer."""
        return await self.post(
            f"/api/v1/sessions/{SESSION}/commands",
            {"type": type_, **fields},
            Authorization=f"Bearer {token or self.operator}",
        )

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {key.replace("_", "-"): value for key, value in headers.items()}
        sent = {"Content-Type": "application/json", **names}
        async with self.http.post(self.url(path), data=data, headers=sent) as response:
            return response.status, await response.json()

    @asynccontextmanager
    async def page(
        self, kind: str, token: str | None = None, session: str = SESSION, **options: Any
    ) -> AsyncIterator["Page"]:
        url = self.url(f"/api/v1/sessions/{session}/live")
        async with self.http.ws_connect(url, **options) as socket:
            hello = {"type": "hello", "page": kind}
            await socket.send_json(hello | ({"token": token} if token else {}))
            yield Page(socket)


class Page:
    """What a page knows: the view after every snapshot and patch."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.view: Any = None
        self.version = -1
        self.snapshot: dict[str, Any] = {}
        self.last: dict[str, dict[str, Any]] = {}
        self.stills: dict[str, bytes] = {}

    async def hear(self) -> dict[str, Any] | None:
        """One message; None when the server closed."""
        async with asyncio.timeout(BOUND_S):
            message = await self.socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            size = message.data[0]
            self.stills[message.data[1 : 1 + size].decode()] = message.data[1 + size :]
            return {"type": "still"}
        if message.type is not aiohttp.WSMsgType.TEXT:
            return None
        said: dict[str, Any] = json.loads(message.data)
        self.last[said["type"]] = said
        match said["type"]:
            case "snapshot":
                self.snapshot, self.view, self.version = said, said["view"], said["version"]
            case "patch":
                self.view, self.version = apply(self.view, said["patch"]), said["version"]
        return said

    async def until(self, condition: Callable[["Page"], Any]) -> Any:
        """Hears until `condition` gives something; bounded."""
        async with asyncio.timeout(BOUND_S):
            while not (found := condition(self)):
                if await self.hear() is None:
                    raise AssertionError(f"the server closed; last heard: {self.last}")
        return found


def _http() -> aiohttp.ClientSession:
    """Keeps cookies for 127.0.0.1 as a browser does."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


@asynccontextmanager
async def relay(settings: Settings, clock: MachineClock | None = None) -> AsyncIterator[Rig]:
    """Prepares a session the first time, runs a relay on it."""
    store = setup.open_store(settings)
    try:
        if not store.sessions():
            prepare(store)
        tokens = setup.open_tokens(settings, store)
        # A page here answers only while it is asked what it hears, which may be much later.
        with patch.object(live, "HEARTBEAT_S", 3600.0):
            async with running(settings, clock) as listening, _http() as http:
                yield Rig(settings, store, tokens, f"http://127.0.0.1:{listening.http_port}", http)
    finally:
        store.close()


__all__ = [
    "BOUND_S",
    "CHUA",
    "HALL",
    "ITEM",
    "LAY",
    "SECRET",
    "SECRET_TITLE",
    "SESSION",
    "Page",
    "Rig",
    "Security",
    "prepare",
    "relay",
    "settings_in",
    "stop_the_clock",
]
