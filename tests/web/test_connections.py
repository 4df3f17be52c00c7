"""Connections that hold a place for nothing: over real TCP, to a real relay."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from yarl import URL

from tests.web.rig import BOUND_S, Rig, relay, settings_in
from web import connections
from web.connections import beyond, open_many_files

HALF = b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: "
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


@asynccontextmanager
async def _connected(rig: Rig, said: bytes) -> AsyncIterator[asyncio.StreamReader]:
    url = URL(rig.base)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.write(said)
        await writer.drain()
        yield reader
    finally:
        writer.close()


@pytest.mark.parametrize("said", [b"", HALF], ids=["nothing", "half"])
def test_who_does_not_ask_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(connections, "SILENT_S", 3600.0)
    monkeypatch.setattr(connections, "LOOK_S", 0.05)

    async def scenario() -> None:
        async with (
            asyncio.timeout(BOUND_S),
            relay(settings_in(tmp_path)) as rig,
            rig.page("watch") as page,
            _connected(rig, said) as silent,
            _connected(rig, WHOLE) as kept,
        ):
            await page.until(lambda p: p.snapshot)
            assert (await kept.readline()).startswith(b"HTTP/1.1 200")
            monkeypatch.setattr(connections, "SILENT_S", 0.0)
            with suppress(ConnectionResetError):
                assert await silent.read() == b""
            assert (await rig.get("/healthz")).status == 200
            assert not page.socket.closed, "it asked"
            assert not kept.at_eof(), "so did this one"

    asyncio.run(scenario())


def test_one_network_leaves_room_for_others() -> None:
    """The newest of too many goes; this machine, where a proxy speaks for all, is not counted."""
    networks = ["a", "a", "", "b", "a", "a", "", "", "", "b"]
    assert [at for at, gone in enumerate(beyond(networks, 2)) if gone] == [4, 5]


def test_files_are_not_those_of_a_shell() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        open_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
