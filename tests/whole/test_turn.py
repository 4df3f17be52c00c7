"""A real coturn, and a real Chromium that may reach the server through it only: it tests its line,
sends and watches."""

import asyncio
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aioice import stun
from aioice.turn import create_turn_endpoint
from playwright.async_api import Route, expect

from config.settings import Settings, Storage, Turn
from tests.chromium import camera_files, chromium, join_as_a_person_would
from tests.live import page
from tests.media import PATIENCE_S, wait_for, wait_until
from tests.own_network import no_udp_from, own_network, udp_ports
from tests.ports import free_port
from tests.server import CONFIG, LEFT, Server
from web.check import Finding, findings
from web.turn import ice_server_links

SECRET = "của-riêng-hai-máy-chủ"
RELAYED = """() => Promise.all(globalThis.connections.filter(({connectionState}) =>
  connectionState !== "closed").map(async (one) => {
  const report = await one.getStats();
  const all = new Map([...report.values()].map((entry) => [entry.id, entry]));
  const transport = [...all.values()].find((entry) => entry.type === "transport");
  const pair = all.get(transport?.selectedCandidatePairId);
  return [all.get(pair?.localCandidateId)?.candidateType ?? "", pair?.bytesReceived ?? 0];
}))"""
ONLY_RELAYED = """
  globalThis.connections = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(options) {
      super({...options, iceTransportPolicy: "relay"});
      globalThis.connections.push(this);
    }
  };
"""


@contextmanager
def turn_server(folder: Path) -> Iterator[int]:
    """Its port."""
    port = free_port()
    process = subprocess.Popen(
        [
            "turnserver", "-n", "--no-cli", "--no-tls", "--no-dtls", "--realm=diemcau",
            "--use-auth-secret", f"--static-auth-secret={SECRET}", "--allow-loopback-peers",
            "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}",
            f"--userdb={folder / 'turn.db'}", f"--pidfile={folder / 'turn.pid'}",
            f"--log-file={folder / 'turn.log'}", "--simple-log",
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(lambda: listens(port), "the TURN server")
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_a_site_that_only_a_turn_server_can_reach_is_seen(tmp_path: Path) -> None:
    with turn_server(tmp_path) as port:
        urls = f'["turn:127.0.0.1:{port}?transport=udp"]'
        config = f'{CONFIG}[turn]\nurls = {urls}\nsecret = "{SECRET}"\n'
        with Server(tmp_path / "server", config) as server:
            asyncio.run(story(server, tmp_path))
            wait_for(lambda: all(found.ok for found in about_turn(server)), "its answer in time")
            assert SECRET not in server.log.read_text()
            assert "credential" not in server.log.read_text()


async def story(server: Server, folder: Path) -> None:
    async with chromium(camera_files(folder, 1, 500)) as browser, page(server) as shown:
        tab = await browser.new_page()
        await tab.add_init_script(ONLY_RELAYED)
        await tab.goto(server.url(f"/join/{server.session}/{LEFT}#{server.site_tokens[LEFT]}"))

        async def through_the_turn_server(connections: int) -> bool:
            found = await tab.evaluate(RELAYED)
            carried = [kind == "relay" and octets > 0 for kind, octets in found]
            return len(carried) == connections and all(carried)

        await tab.get_by_test_id("line-test-start").click()
        await wait_until(lambda: through_the_turn_server(1), "the test of the line")
        await join_as_a_person_would(tab)
        await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "its picture")
        await wait_until(lambda: through_the_turn_server(2), "what it sends, and what it gets")


LAST_S = 20
"""Of credentials, from when a connection asked for them."""


def test_another_network_after_the_credentials_expired(tmp_path: Path) -> None:
    """Twelve hours into a session: the connection goes on, by others than it was made with."""

    async def story(server: Server, turn: Turn, port: int) -> None:
        told: list[str] = []
        asked: list[tuple[str, int]] = []

        async def soon_over(route: Route) -> None:
            answer = await route.fetch()
            headers = answer.headers
            if "link" in headers:
                made_s = int(time.time()) + LAST_S - turn.credential_hours * 3600
                told.extend(ice_server_links(turn, LEFT, made_s))
                headers = {**headers, "link": told[-1]}
            await route.fulfill(response=answer, headers=headers)

        async with chromium(camera_files(tmp_path, 1, 500)) as browser, page(server) as shown:
            tab = await browser.new_page()
            await tab.add_init_script(ONLY_RELAYED)
            await tab.route(re.compile("/wh[ie]p/"), soon_over)
            await tab.goto(server.join_url(LEFT))
            await join_as_a_person_would(tab)
            await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "its picture")
            await expect(tab.get_by_test_id("line")).to_contain_text("tốt")

            async def over() -> bool:
                return await refusal(port, told[-1]) == 401

            await wait_until(over, "the end of the credentials")
            await tab.unroute(re.compile("/wh[ie]p/"))
            tab.on("response", lambda answer: asked.append((answer.request.method, answer.status)))
            with no_udp_from(udp_ports() - {server.settings.media.port, port}):
                await expect(tab.get_by_test_id("line-lost")).to_be_visible()
                await tab.evaluate("dispatchEvent(new Event('online'))")
                await expect(tab.get_by_test_id("line-lost")).to_have_count(0)
                await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "it again")
            assert ("PATCH", 200) in asked
            assert not [method for method, _ in asked if method in ("POST", "DELETE")]

    with own_network(), turn_server(tmp_path) as port:
        turn = Turn(urls=(f"turn:127.0.0.1:{port}?transport=udp",), secret=SECRET)
        config = f'{CONFIG}[turn]\nurls = ["{turn.urls[0]}"]\nsecret = "{SECRET}"\n'
        with Server(tmp_path / "server", config) as server:
            asyncio.run(story(server, turn, port))


def about_turn(server: Server) -> list[Finding]:
    """What `diemcau check` says of it."""
    found = [finding for finding in findings(server.settings) if finding.what.startswith("turn")]
    assert found
    return found


def test_a_turn_server_that_is_away_is_found_out(tmp_path: Path) -> None:
    turn = Turn(urls=(f"turn:127.0.0.1:{free_port()}", "turns:127.0.0.1:1"), secret=SECRET)
    storage = Storage(data_dir=tmp_path)
    found = [f for f in findings(Settings(turn=turn, storage=storage)) if f.what.startswith("turn")]
    assert [(finding.ok, "no answer" in finding.advice) for finding in found] == [(False, True)] * 2


async def refusal(port: int, link: str) -> int:
    """coturn's error code for who wants a port of its own and says this (RFC 8656 6); 0: none."""
    (name, password), *_ = re.findall(r'username="([^"]+)"; credential="([^"]+)"', link)
    try:
        transport, _ = await create_turn_endpoint(
            asyncio.DatagramProtocol, ("127.0.0.1", port), username=name, password=password
        )
    except stun.TransactionFailed as refused:
        return int(refused.response.attributes["ERROR-CODE"][0])
    transport.close()
    return 0


def test_credentials_are_good_for_their_hours_and_no_longer(tmp_path: Path) -> None:
    with turn_server(tmp_path) as port:
        turn = Turn(urls=(f"turn:127.0.0.1:{port}",), secret=SECRET, credential_hours=2)
        now_s = int(time.time())

        def refused(ago_s: int) -> int:
            (link,) = ice_server_links(turn, LEFT, now_s - ago_s)
            return asyncio.run(refusal(port, link))

        assert refused(ago_s=0) == 0
        assert refused(ago_s=2 * 3600 - 600) == 0
        assert refused(ago_s=2 * 3600 + 60) == 401
