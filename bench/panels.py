"""What ten operators' pages cost the relay while the lines of fifty sites tremble: its CPU, and
what each page is sent besides stills. The relay is a process of its own; of a studio there is what
it says (`tests/trembling.py`).
"""

import asyncio
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp

from bench.audience import cpu_s
from bench.figure import Figure
from bench.relay import process
from broadcast.session.model import Role
from config.settings import Http, Settings
from tests import day
from tests.media import wait_until
from tests.trembling import studio
from tests.web.rig import SESSION, now_ms, settings_in
from web.setup import open_store, open_tokens

PAGES = 10
SETTLE_S, MEASURED_S = 3.0, 20.0


class Panel:
    """An operator's page; counts octets by what they say."""

    def __init__(self) -> None:
        self.octets = Counter[str]()

    async def watch(self, http: aiohttp.ClientSession, port: int, token: str) -> None:
        url = f"http://127.0.0.1:{port}/api/v1/sessions/{SESSION}/live"
        async with http.ws_connect(url, max_msg_size=0) as line:
            await line.send_json({"type": "hello", "page": "operator", "token": token})
            async for message in line:
                if message.type is aiohttp.WSMsgType.TEXT:
                    kind = message.data.removeprefix('{"type":"').partition('"')[0]
                    self.octets[kind] += len(message.data.encode())


def _prepared(folder: Path) -> tuple[Settings, str]:
    """A day's session, and its operator's token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = settings_in(folder)
    settings = settings.model_copy(update={"http": Http(port=port)})
    with open_store(settings) as store:
        day.prepare(store, SESSION, now_ms())
        return settings, open_tokens(settings, store).issue_token(Role.OPERATOR, SESSION)


async def _measured(settings: Settings, token: str, pid: int) -> tuple[float, Counter[str]]:
    """Cores of the relay; octets a second to each page, by message."""
    panels = [Panel() for _ in range(PAGES)]
    async with AsyncExitStack() as stack:
        await wait_until(lambda: _listens(settings.http.port), "the relay")
        said = await stack.enter_async_context(studio(settings))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        group = await stack.enter_async_context(asyncio.TaskGroup())
        watches = [panel.watch(http, settings.http.port, token) for panel in panels]
        for watch in (*watches, said.look_on()):
            stack.callback(group.create_task(watch).cancel)
        await asyncio.sleep(SETTLE_S)
        for panel in panels:
            panel.octets.clear()
        before_s = cpu_s(pid)
        await asyncio.sleep(MEASURED_S)
        octets = sum((panel.octets for panel in panels), Counter[str]())
        return (cpu_s(pid) - before_s) / MEASURED_S, octets


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        settings, token = _prepared(Path(folder))
        file = Path(folder) / "settings.json"
        file.write_text(settings.model_dump_json(), "utf-8")
        with process([sys.executable, "-m", "web.app", str(file)]) as pid:
            cores, octets = asyncio.run(_measured(settings, token, pid))
    what = f"{len(day.SITES)} sites' lines tremble, {PAGES} operators"
    yield Figure(f"{what}: CPU of the relay", cores * 100, "% of a core")
    for kind in ("patch", "levels"):
        each = octets[kind] / PAGES / MEASURED_S / 1000
        yield Figure(f"the same: {kind} to each", each, "kB/s")


if __name__ == "__main__":
    for figure in figures():
        print(figure)
