"""A real server for tests: `diemcau serve` in a folder of its own, on ports of its own.

Nothing here is faked: supervisor, relay and studio are the processes that users run. A test can
end any of them, find the replacement, and ask over HTTP what a page would ask.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import unicodedata
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broadcast.session.decide import Act
from broadcast.session.events import Event, ItemChosen, SessionPrepared
from broadcast.session.model import (
    AgendaItem,
    Delegate,
    DelegateId,
    ItemId,
    ItemKind,
    OverlayName,
    Role,
    Site,
    SiteKind,
)
from broadcast.store import Store
from config.reading import load
from config.settings import Settings
from streams.frames import SiteId
from tests.media import PATIENCE_S, wait_for
from tests.ports import free_port
from tests.processes import Process, started
from web import setup
from web.auth import Tokens, load_secret
from web.demo.orders import Orders
from web.demo.room import Look

READY_S = 120
HALL, LEFT, RIGHT = SiteId("hall"), SiteId("muong-lay"), SiteId("tua-chua")
SITES = (
    Site(HALL, "Hội trường", SiteKind.HALL),
    Site(LEFT, "Thị xã Mường Lay"),
    Site(RIGHT, "Huyện Tủa Chùa"),
)


def _decomposed(text: str, length: int) -> str:
    return (unicodedata.normalize("NFD", text) * length)[:length]


DELEGATES = (
    Delegate(DelegateId("chu-toa"), "Nguyễn Văn Chủ", "Chủ tịch HĐND tỉnh", "", HALL),
    Delegate(DelegateId("lay-1"), "Điêu Thị Xuân", "Đại biểu", "Tổ Mường Lay", LEFT),
    Delegate(DelegateId("lay-2"), "Lỳ Thị Phượng", "Đại biểu", "Tổ Mường Lay", LEFT),
    Delegate(DelegateId("chua-1"), "Giàng A Dính", "Đại biểu", "Tổ Tủa Chùa", RIGHT),
    Delegate(
        DelegateId("rat-dai"), _decomposed("Nguyễn Thị Mường Ẳng ", 300), "Đại biểu", "", RIGHT
    ),
)
LONG_NAME = DelegateId("rat-dai")
"""His name has 300 characters, each vowel with its marks apart (NFD)."""
OPEN_ITEM, CLOSED_ITEM = ItemId("thao-luan"), ItemId("kin")
AGENDA = (
    AgendaItem(OPEN_ITEM, "Thảo luận", ItemKind.DISCUSSION, planned_minutes=30),
    AgendaItem(CLOSED_ITEM, "Công tác nhân sự", ItemKind.OTHER, closed=True),
)
HIDDEN = frozenset(OverlayName) - {OverlayName.LOWER_THIRD, OverlayName.CLOCK}
"""What would cover the marks that tests read (`tests.media`)."""

CONFIG = """
[http]
port = 0
[https]
port = 0
[media]
port = 0
[program]
width = 640
height = 360
fps = 25
video_bitrate_bps = 1500000
[storage]
data_dir = "data"
"""
"""A small picture: the tests look at where things are, not at how fine, and share two cores."""
FEW_PICTURES = CONFIG.replace("fps = 25", "fps = 15")
"""As many as the sites of tests send: where pages are looked at, a browser draws each of them."""


class RefusedError(Exception):
    """The server's answer was an error."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body[:300]}")
        self.status = status
        self.body = body

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["error"]["code"])


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """`with Server(tmp_path) as server:` Ready when entered, gone when left."""

    def __init__(
        self,
        folder: Path,
        config: str = CONFIG,
        sites: Sequence[Site] = SITES,
        delegates: Sequence[Delegate] = DELEGATES,
        agenda: Sequence[AgendaItem] = AGENDA,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Its session has these, and is at the first item. `environ`: for its processes besides."""
        self.folder = folder
        self.environ = os.environ | dict(environ or {})
        self._sites, self._delegates, self._agenda = tuple(sites), tuple(delegates), tuple(agenda)
        self.session = f"test-{secrets.token_hex(4)}"
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "diemcau.toml"
        self._config.write_text(config, "utf-8")
        self._process: Process | None = None
        self.settings: Settings = load(self._config, self._ports(load(self._config, {})))
        self._prepare()

    def _prepare(self) -> None:
        now_ms = setup.now_ms()
        prepared = SessionPrepared(
            at_ms=now_ms,
            id=self.session,
            title="Phiên thử",
            sites=self._sites,
            delegates=self._delegates,
            agenda=self._agenda,
            hidden_overlays=HIDDEN,
        )
        chosen = ItemChosen(at_ms=now_ms, item=self._agenda[0].id)
        with setup.open_store(self.settings) as store:
            store.append(
                self.session, 0, (prepared, chosen), Act(now_ms, Role.SYSTEM, "test", None, "t0")
            )
            tokens = self.tokens(store)
            self.operator = tokens.issue_token(Role.OPERATOR, self.session)
            self.site_tokens = {
                site.id: tokens.issue_join_token(self.session, site.id) for site in self._sites
            }

    def tokens(self, store: Store, skew_ms: int = 0) -> Tokens:
        """Signs with the server's own key; `skew_ms` moves the clock."""
        secret = load_secret(self.settings.storage.data_dir)
        clock = lambda: setup.now_ms() + skew_ms  # noqa: E731
        return Tokens(store, secret, self.settings.security, clock)

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Its log goes to where pytest shows it beside a failure."""
        self.stop()
        sys.stderr.write(self.log_tail())

    # Its life.

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def start(self) -> None:
        """Raises `TimeoutError` with the end of the log."""
        command = ("web.cli", "serve", "--config", str(self._config))
        self._process = started(
            *command, log=self.log, environ=self.environ | self._ports(self.settings)
        )
        try:
            wait_for(self._ready, "the server's answer", READY_S)
        except TimeoutError as error:
            self.stop()
            raise TimeoutError(f"{error}\n{self.log_tail()}") from None

    @staticmethod
    def _ports(settings: Settings) -> dict[str, str]:
        """The same after a restart, so that sites and pages find it again."""
        return {
            "DIEMCAU_HTTP__PORT": str(settings.http.port or free_port()),
            "DIEMCAU_HTTPS__PORT": str(settings.https.port or free_port()),
            "DIEMCAU_MEDIA__PORT": str(settings.media.port or free_port()),
        }

    def log_tail(self, size: int = 4000) -> str:
        return self.log.read_text("utf-8", "replace")[-size:]

    def _ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"the server ended:\n{self.log_tail()}")
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False

    def stop(self) -> int:
        """SIGTERM, as a service manager does; the exit status. SIGKILL if that fails."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill_everything()
            raise
        finally:
            self._process = None

    def kill_everything(self) -> None:
        """As a power cut would."""
        assert self._process is not None
        pids = list(self.children().values())
        self._process.kill()
        self._process.wait()
        for pid in pids:
            kill(pid)
        self._process = None

    def children(self) -> dict[str, int]:
        """`relay`, `studio` and `witness` with their process ids."""
        assert self._process is not None
        return {name: pid for pid, name in processes_under(self._process.pid)}

    def kill(self, name: str) -> int:
        """`kill -9` of `relay` or `studio`; its process id."""
        pid = self.children()[name]
        kill(pid)
        return pid

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Killed, and not started again until left."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            self.kill(name)
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def wait_for_child(self, name: str, not_pid: int, bound_s: float = PATIENCE_S) -> int:
        """The replacement's process id."""
        return wait_for(
            lambda: pid if (pid := self.children().get(name)) != not_pid else None,
            f"a new {name}",
            bound_s,
        )

    # What pages ask.

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.http.port}"

    @property
    def archive(self) -> Path:
        return self.settings.storage.data_dir / "archive" / self.session

    def url(self, path: str) -> str:
        return f"{self.base_url}{path}"

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Any answer, errors too. Raises `OSError` while nobody listens."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url(path), body, names, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, None, **headers)

    def command(self, type_: str, *, token: str | None = None, **fields: Any) -> int:
        """As the operator, or whoever has the token; the new version. Raises `RefusedError`."""
        answer = self.request(
            "POST",
            f"/api/v1/sessions/{self.session}/commands",
            json.dumps({"type": type_, **fields}).encode(),
            Content_Type="application/json",
            Authorization=f"Bearer {token or self.operator}",
        )
        if answer.status != 200:
            raise RefusedError(answer.status, answer.body.decode())
        return int(answer.json()["version"])

    def events(self) -> list[Event]:
        """The log, as it is now."""
        store = setup.open_store(self.settings)
        try:
            return [one.event for one in store.load(self.session)]
        finally:
            store.close()

    def cut(self, layout: str, *sources: str) -> int:
        return self.command("cut", scene={"layout": layout, "sources": list(sources)})

    def join_url(self, site: SiteId) -> str:
        return self.url(f"/join/{self.session}/{site}#{self.site_tokens[site]}")

    @property
    def operator_url(self) -> str:
        return self.url(f"/sign-in?next=/operator/{self.session}#token={self.operator}")

    def link(self, role: Role) -> str:
        """A sign-in link, as `diemcau session links` prints it; it leads to the role's own page."""
        store = setup.open_store(self.settings)
        try:
            token = self.tokens(store).issue_token(role, self.session)
        finally:
            store.close()
        return self.url(f"/sign-in#token={token}")


@contextmanager
def drawn_site(server: Server, site: SiteId) -> Iterator[int]:
    """A site of the demo's kind: it joins and rejoins by itself. Its process id. What it says goes
    to where pytest shows it beside a failure."""
    look = Look(site, site, (200, 200, 200), (90, 30, 30), (40, 50, 80))
    orders = Orders(
        server.base_url, server.session, site, server.site_tokens[site], look, 120, 1, 3600
    )
    path = server.folder / f"{site}.json"
    orders.write(path)
    said = server.folder / f"{site}.log"
    process = started("web.demo.site", str(path), log=said)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        sys.stderr.write(said.read_text("utf-8", "replace")[-2000:])


def kill(pid: int) -> None:
    """A process that is gone already is as dead as wished."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def processes_under(parent: int) -> Sequence[tuple[int, str]]:
    """Its children, as `ps` calls them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except (OSError, UnicodeDecodeError):
            continue
        name, _, rest = stat.partition("(")[2].rpartition(")")
        state, ppid = rest.split()[:2]
        if int(ppid) == parent and state != "Z":
            found.append((int(folder.name), name))
    return found
