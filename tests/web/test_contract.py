"""The API as a whole: told in OpenAPI, closed to foreign pages, and no request makes it fail."""

import asyncio
import json
import re
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from aiohttp import web

import web.app as web_app
from broadcast.session.model import Role
from config.settings import Settings
from tests.web.rig import LAY, SESSION, Rig, relay, settings_in
from web.accounts import hash_password
from web.listener import listen
from web.openapi import document
from web.setup import put_account

Route = tuple[str, str]


class Routes(list[Route]):
    """With the application that serves them."""

    app: web.Application


PASSWORD = "0123456789"
NO_COOKIE_COUNTS = re.compile(
    r"/api/v1/sign-in$|/line-test$|^/whip/|^/whep/\{session\}$|\{resource\}(?:/language)?$"
)
"""A sign-in needs its credentials, a site and an encoder their token, whoever ends or restarts a
connection its secret name; the public needs nothing."""
STARTS = re.compile(r"/(?:proof|sheets|import/.*|offer|archive|search|graphics/.*)$")
"""Where a process is started, which takes its time."""
WITHIN = {"session": SESSION, "site": LAY, "target": "room", "template": "x", "what": "delegates"}


@asynccontextmanager
async def relay_and_routes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Rig, Routes]]:
    """A real relay, and all that it answers."""
    routes = Routes()

    async def listening(app: web.Application, *others: Any) -> list[int]:
        routes.app = app
        for route in app.router.routes():
            known = route.resource.get_info() if route.resource is not None else {}
            routes.append((route.method, str(known.get("formatter") or known.get("path"))))
        return await listen(app, *others)

    monkeypatch.setattr(web_app, "listen", listening)
    async with relay(settings) as rig:
        yield rig, routes


def test_every_route_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> set[Route]:
        async with relay_and_routes(settings_in(tmp_path), monkeypatch) as (_, routes):
            return {(method.lower(), path) for method, path in routes if method != "HEAD"}

    api = {route for route in asyncio.run(scenario()) if route[1].startswith("/api/")}
    told = {(method, path) for path, methods in document()["paths"].items() for method in methods}
    assert api == {route for route in told if route[1].startswith("/api/")}


def _cookie_of_administrator(rig: Rig) -> str:
    """Who operates too."""
    operator = frozenset({Role.OPERATOR})
    put_account(rig.store, "a", hash_password(PASSWORD), operator, admin=True)
    account = rig.store.account("a")
    assert account is not None
    return f"diemcau={rig.tokens.cookie_for_account(account)}"


def test_no_foreign_page_changes_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the cookie of an operator who is administrator too, from elsewhere or from nowhere."""

    async def scenario() -> None:
        async with relay_and_routes(settings_in(tmp_path), monkeypatch) as (rig, routes):
            cookie = _cookie_of_administrator(rig)
            before = len(rig.store.load(SESSION)), rig.store.accounts()
            wrong = []
            for method, path in routes:
                if method not in {"POST", "PUT", "DELETE", "PATCH"} or NO_COOKIE_COUNTS.search(
                    path
                ):
                    continue
                if "{resource}" in path:
                    continue  # the resource's name is the key
                url = rig.url(re.sub(r"\{(\w+)\}", lambda m: WITHIN.get(m[1], "x"), path))
                for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
                    headers = {"Cookie": cookie, "Content-Type": "application/json", **origin}
                    async with rig.http.request(method, url, data=b"{}", headers=headers) as answer:
                        error = (await answer.json())["error"]["code"]
                        if (answer.status, error) != (403, "wrong_origin"):
                            wrong.append((method, path, origin, answer.status, error))
            assert wrong == []
            assert (len(rig.store.load(SESSION)), rig.store.accounts()) == before

    asyncio.run(scenario())


def test_every_answer_carries_a_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with relay_and_routes(settings_in(tmp_path), monkeypatch) as (rig, routes):
            for method, path in routes:
                if method != "GET":
                    continue
                answer = await rig.get(re.sub(r"\{(\w+)\}", lambda m: WITHIN.get(m[1], "x"), path))
                policy = answer.headers["Content-Security-Policy"]
                assert (path, policy.startswith("default-src 'none';")) == (path, True)
                assert "unsafe" not in policy
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.status < 500 or answer.status == 503, path

    asyncio.run(scenario())


def test_the_database_is_never_asked_on_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sound and pictures would wait with whoever asks."""
    asked: list[str] = []

    def note(_db: object, _cursor: object, statement: str, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            asked.append(statement)

    async def scenario() -> None:
        async with relay_and_routes(settings_in(tmp_path), monkeypatch) as (rig, routes):
            cookie = _cookie_of_administrator(rig)
            sql.event.listen(sql.Engine, "before_cursor_execute", note)
            for method, path in routes:
                if method not in {"GET", "POST", "PUT", "PATCH", "DELETE"} or STARTS.search(path):
                    continue
                own = "account" in path or "audit" in path
                proof = {"Cookie": cookie} if own else {"Authorization": f"Bearer {rig.operator}"}
                headers = {**proof, "Origin": rig.base, "Content-Type": "application/json"}
                url = rig.url(re.sub(r"\{(\w+)\}", lambda m: WITHIN.get(m[1], "x"), path))
                async with rig.http.request(method, url, data=b"{}", headers=headers) as answer:
                    assert (method, path, asked) == (method, path, []), answer.status
            signing_in = {"name": "a", "password": PASSWORD}
            assert (await rig.post("/api/v1/sign-in", signing_in))[0] == 200
            assert (await rig.post("/api/v1/sign-in", {"token": rig.operator}))[0] == 200
            async with rig.page("operator", rig.operator) as page:
                await page.until(lambda one: one.view)
            assert asked == []

    try:
        asyncio.run(scenario())
    finally:
        sql.event.remove(sql.Engine, "before_cursor_execute", note)


async def _schemathesis(tmp_path: Path, *options: str) -> None:
    """Against a real server, as an operator: no answer may be a fault of ours."""
    async with relay(settings_in(tmp_path)) as rig:
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("schemathesis"),
            "--no-color",
            "run",
            rig.url("/api/v1/openapi.json"),
            "--checks=not_a_server_error",
            f"--header=Authorization: Bearer {rig.operator}",
            "--exclude-path=/readyz",  # 503 is its answer while there is no studio
            "--exclude-path=/api/v1/sessions/{session}/live",
            "--generation-database=none",
            "--request-timeout=30",
            "--suppress-health-check=all",  # of how fast a loaded machine generates
            *options,
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()[-6000:]
        assert rig.store.sessions()


def test_no_request_makes_the_server_fail(tmp_path: Path) -> None:
    options = ("--phases=fuzzing", "--max-examples=1", "--max-time=10", "--seed=7")
    asyncio.run(_schemathesis(tmp_path, *options))


@pytest.mark.soak
def test_no_request_makes_the_server_fail_for_long(tmp_path: Path) -> None:
    asyncio.run(_schemathesis(tmp_path, "--max-examples=300", "--max-time=900"))


def test_the_document_is_json() -> None:
    assert json.loads(json.dumps(document())) == document()
