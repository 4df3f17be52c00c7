"""The live WebSocket and those who have no right to it, say what no page says, or too much."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.web.rig import BOUND_S, SESSION, relay, settings_in
from web import live


def test_what_no_page_says_ends_the_conversation(tmp_path: Path) -> None:
    said: list[Any] = [
        b"\x00binary",
        "not json",
        "[]",
        '{"type": "hello"}',
        '{"type": "hello", "page": "castle"}',
        '{"type": "hello", "page": "watch", "more": 1}',
        "{" * 20_000,
    ]

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            url = rig.url(f"/api/v1/sessions/{SESSION}/live")
            for words in said:
                async with rig.http.ws_connect(url) as socket:
                    if isinstance(words, bytes):
                        await socket.send_bytes(words)
                    else:
                        await socket.send_str(words)
                    async with asyncio.timeout(60):
                        answers = [message async for message in socket]
                    assert all("not_understood" in str(answer.data) for answer in answers)

    asyncio.run(scenario())


def test_a_page_that_is_slow_to_say_who_it_is_may_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A computer that has too much to do; told `bye`, its page would never try again."""
    monkeypatch.setattr(live, "HELLO_S", 0.05)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            url = rig.url(f"/api/v1/sessions/{SESSION}/live")
            async with rig.http.ws_connect(url) as socket:
                async with asyncio.timeout(60):
                    assert [message async for message in socket] == []
                assert socket.close_code == aiohttp.WSCloseCode.TRY_AGAIN_LATER

    asyncio.run(scenario())


def test_a_crowd_of_strangers_leaves_room_for_the_sessions_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MAX_OPEN_PAGES", 1)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("watch") as first:
            await first.until(lambda p: p.snapshot)
            async with rig.page("display") as one_too_many:
                assert await one_too_many.hear() is None
                code = one_too_many.socket.close_code
                assert code == aiohttp.WSCloseCode.TRY_AGAIN_LATER
            async with rig.page("site", rig.site()) as site:
                await site.until(lambda p: p.snapshot)

    asyncio.run(scenario())


def test_who_says_nothing_makes_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets cost a stranger nothing; they must not keep the operator out."""
    monkeypatch.setattr(live, "MAX_PAGES", 2)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            url = rig.url(f"/api/v1/sessions/{SESSION}/live")
            async with (
                rig.http.ws_connect(url) as first,
                rig.http.ws_connect(url),
                rig.page("operator", rig.operator) as operator,
            ):
                await operator.until(lambda p: p.snapshot)
                async with asyncio.timeout(BOUND_S):
                    assert [message async for message in first] == []
                assert first.close_code == aiohttp.WSCloseCode.TRY_AGAIN_LATER
                async with rig.page("chair", rig.operator) as chair:
                    await chair.until(lambda p: p.snapshot)
                    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
                        await rig.http.ws_connect(url)

    asyncio.run(scenario())


def test_who_says_too_much_is_heard_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SAYS", 3)
    monkeypatch.setattr(live, "SAYS_MS", 3_600_000)

    gone_at_once = aiohttp.ClientWSTimeout(ws_close=0.1)

    async def scenario() -> None:
        async with (
            relay(settings_in(tmp_path)) as rig,
            rig.page("watch", timeout=gone_at_once) as page,
        ):
            for number in range(1, 6):
                await page.socket.send_json({"type": "ping", "sent_at_ms": number})
            await page.until(lambda p: p.last.get("pong", {}).get("sent_at_ms") == 3)
            await rig.command("go_live")
            await page.until(lambda p: p.view and p.view["session"]["phase"] == "live")
            assert page.last["pong"]["sent_at_ms"] == 3

    asyncio.run(scenario())


def test_pings_are_answered_at_that_pace_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the protocol itself, before hello and after it."""
    monkeypatch.setattr(live, "SAYS", 3)
    monkeypatch.setattr(live, "SAYS_MS", 3_600_000)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            url = rig.url(f"/api/v1/sessions/{SESSION}/live")
            gone_at_once = aiohttp.ClientWSTimeout(ws_close=0.1)
            async with rig.http.ws_connect(url, autoping=False, timeout=gone_at_once) as socket:
                for number in range(50):
                    await socket.ping(str(number).encode())
                assert [(await socket.receive()).data for _ in range(3)] == [b"0", b"1", b"2"]
                with pytest.raises(TimeoutError):
                    await socket.receive(timeout=0.5)
            async with rig.page("watch", timeout=gone_at_once) as page:
                await page.until(lambda p: p.snapshot)
                for number in range(50):
                    await page.socket.ping(str(number).encode())
                await page.socket.send_json({"type": "ping", "sent_at_ms": 1})
                await rig.command("go_live")
                await page.until(lambda p: p.view["session"]["phase"] == "live")
                assert "pong" not in page.last

    asyncio.run(scenario())


def test_a_page_needs_the_right_to_be_what_it_says(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            cases = [
                ("operator", None),
                ("operator", rig.site()),
                ("site", None),
                ("site", rig.operator),
                ("operator", "forged.token"),
            ]
            for kind, token in cases:
                async with rig.page(kind, token) as page:
                    await page.until(lambda p: p.last.get("bye"))
                    assert page.last["bye"]["code"] == "unauthorized"
                    assert page.view is None

    asyncio.run(scenario())


def test_a_page_of_another_web_site_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            path = f"/api/v1/sessions/{SESSION}/live"
            answer = await rig.get(path, headers={"Origin": "https://evil.example"})
            assert answer.status == 403

    asyncio.run(scenario())


def test_a_hello_too_deep_to_be_read_is_not_understood(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever likes could have the log filled with tracebacks."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            url = rig.url(f"/api/v1/sessions/{SESSION}/live")
            async with rig.http.ws_connect(url) as socket:
                await socket.send_str("[" * 16_000)
                assert (await socket.receive_json())["code"] == "not_understood"

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert not caplog.records
