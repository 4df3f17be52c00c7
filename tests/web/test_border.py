"""What is sent on purpose: no fault of ours, no address of his choice, no answer too much."""

import asyncio
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from broadcast.session.model import Role
from tests.media import PATIENCE_S, wait_until
from tests.web.rig import LAY, SESSION, Rig, relay, settings_in
from web import border
from web.accounts import hash_password
from web.setup import DATABASE, put_account

BROKEN_ORIGINS = ("http://[", "http://a]b")


@pytest.mark.parametrize("origin", BROKEN_ORIGINS)
def test_an_origin_that_is_none_is_a_foreign_one(tmp_path: Path, origin: str) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            status, told = await rig.post("/api/v1/sign-in", {"token": "x"}, Origin=origin)
            assert (status, told["error"]["code"]) == (403, "wrong_origin")
            path = f"/api/v1/sessions/{SESSION}/live"
            assert (await rig.get(path, headers={"Origin": origin})).status == 403

    asyncio.run(scenario())


NO_TEXT = b"\xff\xfe"


@pytest.mark.parametrize(
    ("request_", "header", "status"),
    [
        ("GET /api/v1/account", b"Authorization: Bearer " + NO_TEXT, b"401"),
        (f"GET /watch/{SESSION}", b"Cookie: diemcau=" + NO_TEXT, b"200"),
        ("POST /api/v1/sign-in", b"Content-Encoding: gzip\r\nContent-Length: 2", b"400"),
    ],
)
def test_what_is_no_text_and_what_cannot_be_unpacked(
    tmp_path: Path, request_: str, header: bytes, status: bytes
) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            said = await _raw(rig, request_, header, body=b"{}" if b"Length" in header else b"")
            assert said.split()[1] == status

    asyncio.run(scenario())


def test_only_the_proxys_own_word_of_who_asks_counts(tmp_path: Path) -> None:
    """Some proxies add a line of their own below what the client wrote (HAProxy's `forwardfor`)."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            headers = CIMultiDict({"X-Forwarded-For": "127.0.0.1"})
            headers.add("X-Forwarded-For", "198.51.100.7")
            assert (await rig.get("/metrics", headers=headers)).status == 403

    asyncio.run(scenario())


def test_a_head_has_no_body(tmp_path: Path) -> None:
    """Or it would stand where the next answer of the same connection begins."""
    session = f"/api/v1/sessions/{SESSION}"

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            for path, token in (
                (f"{session}/sites/{LAY}/line-test?bytes=2000", rig.site()),
                (f"{session}/audit.csv", rig.operator),
            ):
                said = await _raw(rig, f"HEAD {path}", f"Authorization: Bearer {token}".encode())
                head, _, body = said.partition(b"\r\n\r\n")
                assert (path, head.startswith(b"HTTP/1.1 200"), body) == (path, True, b"")

    asyncio.run(scenario())


def test_no_made_up_session_names_a_file(tmp_path: Path) -> None:
    """Whoever may read all sessions may not put words into the head of an answer."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            put_account(rig.store, "a", hash_password("0123456789"), frozenset({Role.OPERATOR}))
            account = rig.store.account("a")
            assert account is not None
            cookie = {"Cookie": f"diemcau={rig.tokens.cookie_for_account(account)}"}
            for name in ("x%22;filename=%22y.exe", "x%0d%0aSet-Cookie:%20a=b"):
                path = URL(rig.url(f"/api/v1/sessions/{name}/audit.csv"), encoded=True)
                async with rig.http.get(path, headers=cookie) as answer:
                    assert (name, answer.status) == (name, 404)

    asyncio.run(scenario())


def test_who_left_before_his_answer_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    """A page that is closed while its WebSocket begins left a traceback in the log each time."""

    async def scenario() -> None:
        over = asyncio.Event()

        async def begin(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.abort()
            await wait_until(lambda: request.transport is None, "the connection's end")
            over.set()
            await web.WebSocketResponse().prepare(request)
            raise AssertionError

        app = web.Application(middlewares=[border.errors_and_language])
        app[border.DEFAULT_LANGUAGE] = "vi"
        app.router.add_get("/", begin)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            _, writer = await asyncio.open_connection(*runner.addresses[0])
            writer.write(
                b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
            )
            async with asyncio.timeout(PATIENCE_S):
                await over.wait()
            writer.close()
        finally:
            await runner.cleanup()

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert not caplog.records


def test_what_fails_in_the_database_is_told_to_the_log_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of PostgreSQL it would be its address and its user."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            with closing(sqlite3.connect(tmp_path / "data" / DATABASE)) as db, db:
                db.execute("ALTER TABLE accounts RENAME TO away")
            status, told = await rig.post("/api/v1/sign-in", {"name": "x", "password": "x"})
            assert (status, told["error"]["code"], told["error"]["params"]) == (503, "store", {})
            assert "accounts" not in told["error"]["message"]

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert "no such table: accounts" in caplog.text


async def _raw(rig: Rig, request: str, header: bytes, body: bytes = b"") -> bytes:
    """All that the server says, until it closes."""
    host, port = rig.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = (f"{request} HTTP/1.1".encode(), b"Host: x", header, b"Connection: close", b"", body)
    writer.write(b"\r\n".join(lines))
    said = await reader.read()
    writer.close()
    await writer.wait_closed()
    return said
