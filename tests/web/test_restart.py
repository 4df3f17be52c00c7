"""What a new relay finds: the session as it was, whatever ended the old one."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from broadcast.session.model import Role
from config.settings import ConfigError, socket_path
from tests.media import wait_until
from tests.web.rig import LAY, SESSION, now_ms, prepare, relay, settings_in
from web.app import running
from web.setup import open_store


def test_a_live_session_resumes_live(tmp_path: Path) -> None:
    """The log is on the disk before a command is answered, so leaving without a word and being
    killed are the same to whoever comes next; the kill itself is in tests/faults."""

    async def scenario() -> None:
        settings = settings_in(tmp_path)
        async with relay(settings) as rig:
            await rig.command("go_live")
            for delegate in ("lay-1", "chua-1", "chu-toa"):
                await rig.command("register", delegate=delegate, kind="speech")
            await rig.command("call_next")
            async with rig.page("operator", rig.operator) as page:
                await page.until(lambda p: p.view and p.view.get("floor"))
                before = page.view
            program = rig.store.load(SESSION)
        async with relay(settings) as rig, rig.page("operator", rig.operator) as page:
            await page.until(lambda p: p.snapshot)
            for part in ("session", "agenda", "queue", "floor", "program", "preview", "next"):
                assert page.view[part] == before[part], part
            assert page.view["floor"]["delegate"] == "lay-1"
            assert page.view["sites"][LAY]["microphone_open"]
            assert "resumed" in {alarm["code"] for alarm in page.view["alarms"]}
            assert rig.store.load(SESSION) == program

    asyncio.run(scenario())


def test_the_session_under_way_comes_before_newer_ones(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_in(tmp_path)
        async with relay(settings) as rig:
            await rig.command("go_live")
            prepare(rig.store, "moi-hon", now_ms() + 1000)
        async with relay(settings) as rig, rig.page("site", rig.site(LAY)) as page:
            await page.until(lambda p: p.last.get("quality"))
            token = rig.tokens.issue_token(Role.OPERATOR, "moi-hon")
            path = "/api/v1/sessions/moi-hon/commands"
            status, answer = await rig.post(
                path, {"type": "go_live"}, Authorization=f"Bearer {token}"
            )
            assert (status, answer["error"]["code"]) == (409, "not_on_air")

    asyncio.run(scenario())


def test_a_server_without_any_session_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = open_store(settings_in(tmp_path))
        async with running(settings_in(tmp_path)) as listening, aiohttp.ClientSession() as http:
            base = f"http://127.0.0.1:{listening.http_port}"
            async with http.get(f"{base}/readyz") as ready:
                assert (ready.status, (await ready.json())["session"]) == (503, False)
            _, studio = await asyncio.open_unix_connection(
                socket_path(settings_in(tmp_path).storage)
            )

            async def is_ready() -> bool:
                async with http.get(f"{base}/readyz") as ready:
                    return ready.status == 200 and not (await ready.json())["session"]

            await wait_until(is_ready, "a server on which a session can be prepared")
            async with http.get(f"{base}/healthz") as health:
                assert health.status == 200
            prepare(store)
            async with http.get(f"{base}/api/v1/sessions/{SESSION}/chapters") as chapters:
                assert (await chapters.json())["error"]["code"] == "no_archive"
            async with http.get(f"{base}/readyz") as ready:
                assert (await ready.json())["session"]
            studio.close()
        store.close()

    asyncio.run(scenario())


def test_a_disk_that_takes_no_sockets_is_told(tmp_path: Path) -> None:
    """As a stick in FAT; a folder where the socket was to be stands for it."""
    path = socket_path(settings_in(tmp_path).storage)
    path.mkdir(parents=True)

    async def scenario() -> None:
        with pytest.raises(ConfigError, match=r"takes no sockets"):
            async with running(settings_in(tmp_path)):
                pass

    asyncio.run(scenario())
