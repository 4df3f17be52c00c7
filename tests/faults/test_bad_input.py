"""Bad input from end to end: each gets a clear answer, and the session takes no harm."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import aiohttp
import pytest
from aiortc import RTCPeerConnection

from tests.live import page
from tests.media import wait_until
from tests.peers import MarkedCamera, Watched, post_sdp, publishing, watching
from tests.processes import ROOT
from tests.server import HALL, LEFT, LONG_NAME, RIGHT, RefusedError, Server
from web import setup


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("bad")) as server:
        yield server


def whip(server: Server, site: str, body: bytes, token: str | None) -> tuple[int, str]:
    headers = {"Content_Type": "application/sdp"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    answer = server.request("POST", f"/whip/{site}", body, **headers)
    return answer.status, answer.body.decode()


async def offer() -> bytes:
    peer = RTCPeerConnection()
    peer.addTrack(MarkedCamera(1))
    await peer.setLocalDescription(await peer.createOffer())
    sdp: str = peer.localDescription.sdp
    await peer.close()
    return sdp.encode()


def test_who_may_not_publish(server: Server) -> None:
    sdp = asyncio.run(offer())
    store = setup.open_store(server.settings)
    expired = server.tokens(store, skew_ms=-1000 * 3600 * 24 * 365).issue_join_token(
        server.session, LEFT
    )
    store.close()
    cases = {
        "no token": (LEFT, None, 401),
        "not a token": (LEFT, "x" * 40, 401),
        "an expired one": (LEFT, expired, 401),
        "another site's": (LEFT, server.site_tokens[RIGHT], 403),
        "for a site that is not there": ("nowhere", server.site_tokens[LEFT], 403),
    }
    for case, (site, token, status) in cases.items():
        got, body = whip(server, site, sdp, token)
        assert got == status, f"{case}: {got} {body}"
        assert len(body) > 20, f"{case}: {body}"


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"v=0\r\n", b"\xff\xfe\x00", b"v=0\r\nm=video 9 RTP/AVP 96\r\n" * 40],
)
def test_an_offer_that_is_none(server: Server, body: bytes) -> None:
    status, answer = whip(server, LEFT, body, server.site_tokens[LEFT])
    assert 400 <= status < 500
    assert len(answer) > 20


def test_an_oversized_body(server: Server) -> None:
    size = server.settings.security.max_body_bytes + 1
    try:
        status, _ = whip(server, LEFT, b"a=x\r\n" * (size // 5 + 1), server.site_tokens[LEFT])
    except OSError:
        return  # the server hung up in the middle of it, which is an answer too
    assert status == 413


def test_a_second_publisher_of_one_site(server: Server) -> None:
    async def story() -> None:
        url, token = server.url(f"/whip/{LEFT}"), server.site_tokens[LEFT]
        async with page(server) as shown, publishing(url, token, 1, 700):
            await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "the first")
            async with aiohttp.ClientSession() as http:
                sdp = (await offer()).decode()
                status, _, body = await post_sdp(http, url, sdp, token)
            assert status == 409
            assert len(body) > 20
            assert shown.site(LEFT)["present"]
            async with watching(
                server.url(f"/whep/{server.session}/room"), server.operator
            ) as room:
                server.cut("full", LEFT)
                await wait_until(lambda: room.mark(), "the first still on air")
        async with publishing(url, token, 1, 700):
            pass  # hung up: the seat is free at once

    asyncio.run(story())


def test_noise_on_the_media_port_keeps_no_site_out(server: Server) -> None:
    address = ("127.0.0.1", server.settings.media.port)
    packets = [os.urandom(size) for size in (0, 1, 2, 7, 12, 19, 20, 21, 100, 1200, 1472)]
    packets += [bytes((first,)) + os.urandom(30) for first in range(256)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise:
        for packet in packets * 4:
            noise.sendto(packet, address)

    async def story() -> None:
        url, token = server.url(f"/whip/{RIGHT}"), server.site_tokens[RIGHT]
        async with page(server) as shown, publishing(url, token, 2, 700):
            await shown.until(lambda _: shown.site(RIGHT)["video"] == "ok", "a site after noise")

    asyncio.run(story())


def test_commands_that_are_none_of_theirs(server: Server) -> None:
    site = server.site_tokens[LEFT]
    with pytest.raises(RefusedError) as refused:
        server.command("cut", token=site, scene={"layout": "full", "sources": [LEFT]})
    assert refused.value.status == 403
    with pytest.raises(RefusedError) as refused:
        server.command("register", token=site, delegate="chua-1", kind="speech")
    assert refused.value.status in {403, 409}
    with pytest.raises(RefusedError) as refused:
        server.command("go_live", surprise=1)
    assert refused.value.status == 422
    with pytest.raises(RefusedError) as refused:
        server.command("no_such_thing")
    assert refused.value.status == 422


def test_a_name_of_300_characters_with_combining_marks(server: Server) -> None:
    async def story() -> None:
        url, token = server.url(f"/whip/{RIGHT}"), server.site_tokens[RIGHT]
        room = server.url(f"/whep/{server.session}/room")
        async with (
            page(server) as shown,
            publishing(url, token, 2, 700),
            watching(room, server.operator) as watched,
        ):
            await shown.until(lambda _: shown.site(RIGHT)["video"] == "ok", "the site")
            server.command("go_live")
            server.command("give_turn", delegate=LONG_NAME, kind="speech")
            await shown.until(lambda view: view.get("floor"), "the turn")
            await wait_until(lambda: watched.mark(), "his site on air")
            await wait_until(lambda: lower_third_is_drawn(watched), "his lower third")
            server.command("end_turn")

    asyncio.run(story())


def lower_third_is_drawn(watched: Watched) -> bool:
    """White letters where the marked picture is plain."""
    picture = watched.pictures[-1][1]
    height, width = picture.shape
    return bool(
        (picture[int(0.78 * height) : int(0.94 * height), : width // 2] > 220).mean() > 0.01
    )


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "web.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_data_folder_in_use(server: Server) -> None:
    data = str(server.settings.storage.data_dir)
    ports = ("--http-port", "0", "--https-port", "0", "--media-port", "0")
    ended = run("serve", "--data-dir", data, *ports)
    assert ended.returncode == 2
    assert "another Diemcau uses this folder" in ended.stderr


def test_the_server_took_no_harm(server: Server) -> None:
    """Last in the file: everything above went to this server."""
    assert server.get("/healthz").status == 200
    assert server.get("/readyz").status == 200
    log = server.log.read_text("utf-8", "replace")
    assert "Traceback" not in log, log[-4000:]
    assert HALL in server.site_tokens
