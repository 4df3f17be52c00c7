"""The bytes of a line test over real HTTP: for the site itself, bounded, paced, not too often."""

import asyncio
import io
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from aiortc import RTCPeerConnection

from tests.media import wait_until
from tests.peers import Beeper, post_sdp
from tests.web.rig import CHUA, LAY, SESSION, Rig, relay, settings_in, stop_the_clock
from web import line_test
from web.line_test import AT_ONCE, CHUNK_BYTES, MAX_BYTES, PACE_BPS, TRIES

PATH = f"/api/v1/sessions/{SESSION}/sites/{LAY}/line-test"


def bearer(rig: Rig, token: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token or rig.site()}"}


async def down(rig: Rig, size: object, token: str | None = None) -> tuple[int, bytes]:
    answer = await rig.get(f"{PATH}?bytes={size}", headers=bearer(rig, token))
    return answer.status, await answer.read()


async def up(rig: Rig, body: bytes) -> tuple[int, dict[str, object]]:
    async with rig.http.post(rig.url(PATH), data=io.BytesIO(body), headers=bearer(rig)) as answer:
        return answer.status, await answer.json()


async def freed(rig: Rig) -> bool:
    """A turn ends a moment after its last byte."""
    return (await down(rig, 1))[0] == 200


def test_bytes_both_ways_at_no_more_than_the_pace(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            size = 20 * CHUNK_BYTES + 7
            began = time.monotonic()
            status, body = await down(rig, size)
            assert (status, len(body)) == (200, size)
            assert len(set(body)) == 256  # nothing that could be made smaller on the way
            assert time.monotonic() - began >= size * 8 / PACE_BPS
            began = time.monotonic()
            assert await up(rig, body) == (200, {"bytes": size})
            assert time.monotonic() - began >= 20 * CHUNK_BYTES * 8 / PACE_BPS

    asyncio.run(scenario())


def test_only_so_much_and_only_for_the_site(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            for size in ("", "0", "-1", "x", "²", str(MAX_BYTES + 1), "9" * 5000, "0" * 5000 + "1"):
                assert (await down(rig, size))[0] == 422, size
            assert (await up(rig, bytes(MAX_BYTES + 1)))[0] == 413
            for token in (rig.site(CHUA), rig.operator):
                assert (await down(rig, 1, token))[0] == 403
            assert (await down(rig, 1, "nonsense"))[0] == 401
            assert (await rig.get(f"{PATH}?bytes=1")).status == 403
            elsewhere = rig.tokens.issue_join_token("another", LAY)
            assert (await down(rig, 1, elsewhere))[0] == 403

    asyncio.run(scenario())


def test_not_too_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_the_clock(monkeypatch)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            for _ in range(TRIES):
                assert (await down(rig, 1))[0] == 200
            answer = await rig.get(f"{PATH}?bytes=1", headers=bearer(rig))
            assert answer.status == 429
            assert 0 < int(answer.headers["Retry-After"]) <= 60

    asyncio.run(scenario())


def test_only_so_many_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever way; whoever is one too many is told when to come again, and it costs him none of
    his tries."""
    monkeypatch.setattr(line_test, "PACE_BPS", 100_000)  # they last for longer than the test
    monkeypatch.setattr(line_test, "TRANSFER_S", 600)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, AsyncExitStack() as running:
            url = rig.url(f"{PATH}?bytes={MAX_BYTES}")
            for _ in range(AT_ONCE):
                under_way = rig.http.get(url, headers=bearer(rig))
                assert (await running.enter_async_context(under_way)).status == 200
            for _ in range(TRIES):
                answer = await rig.get(f"{PATH}?bytes=1", headers=bearer(rig))
                assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
            status, told = await up(rig, b"x")
            assert (status, told["error"]["code"]) == (503, "line_test_busy")  # type: ignore[index]
            await running.aclose()
            await wait_until(lambda: freed(rig), "the next one's turn")

    asyncio.run(scenario())


def test_whoever_is_too_slow_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_test, "TRANSFER_S", 0.3)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            url = rig.url(f"{PATH}?bytes={MAX_BYTES}")
            with pytest.raises(aiohttp.ClientPayloadError):
                async with rig.http.get(url, headers=bearer(rig)) as answer:
                    await answer.read()
            status, told = await up(rig, bytes(MAX_BYTES))
            assert (status, told["error"]["code"]) == (408, "line_test_slow")  # type: ignore[index]
            monkeypatch.undo()
            await wait_until(lambda: freed(rig), "the next one's turn")

    asyncio.run(scenario())


def test_an_echo_is_for_the_site_and_ends_by_its_resource(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            peer = RTCPeerConnection()
            peer.addTrack(Beeper(700))
            offer = (await peer.createOffer()).sdp
            await peer.close()
            url = rig.url(f"/whip/{LAY}/echo")
            status, _, _ = await post_sdp(rig.http, url, offer, rig.site(CHUA))
            assert status == 403
            only_pictures = offer.replace("m=audio", "m=video")
            assert (await post_sdp(rig.http, url, only_pictures, rig.site()))[0] == 406
            status, location, answer = await post_sdp(rig.http, url, offer, rig.site())
            assert (status, "a=sendrecv" in answer) == (201, True)
            async with rig.http.delete(rig.url(location)) as ended:
                assert ended.status == 200

    asyncio.run(scenario())
