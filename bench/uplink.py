"""CPU of the relay for sites that send at standby quality, beside aiortc that decodes nothing.

Two network namespaces; the same cheap sites (`publishers`) send to both. Each server gets the
header extension for congestion control that it asks for: ours answers with transport-wide feedback
five to ten times a second, aiortc with an estimate (REMB).
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import aiortc.rtcrtpreceiver
import uvloop
from aiohttp import web
from aiortc import RTCPeerConnection, RTCSessionDescription

from bench.cores import OTHERS, SERVERS, on_core
from bench.figure import Figure
from bench.publishers import WHIP_PORT
from bench.relay import ended, process
from config.settings import Media
from streams.frames import EncodedFrame, SiteId
from streams.lag import freeze_heap
from streams.relay import Rates, Relay
from tests.namespaces import SERVER, Hosts, two_hosts

PUBLISHERS = {1: 3, 50: 1}
"""And how often each server is measured, in turns: the median counts. One site costs so little that
whatever else the machine does is seen."""
MEASURED_S = 8.0


async def run_app(app: web.Application) -> web.AppRunner:
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, SERVER, WHIP_PORT).start()
    return runner


# --- our relay, as a process of its own ---


async def serve_diemcau() -> None:
    frames = 0

    def take(_frame: EncodedFrame) -> None:
        nonlocal frames
        frames += 1

    relay = Relay(
        Media(host=SERVER, port=0, max_sites=200),
        Rates((), ()),
        on_frame=take,
        on_source_gone=lambda _site: None,
        on_keyframe_wanted=lambda _feed: None,
    )
    await relay.start()

    async def whip(request: web.Request) -> web.Response:
        site = SiteId(request.match_info["site"])
        return web.Response(text=(await relay.publish(site, await request.text())).answer)

    async def count(_request: web.Request) -> web.Response:
        return web.json_response({"frames": frames, "lag": relay.lag.counts})

    app = web.Application()
    app.add_routes([web.post("/whip/{site}", whip), web.get("/count", count)])
    runner = await run_app(app)
    freeze_heap()
    await ended()
    await runner.cleanup()
    await relay.close()


# --- stock aiortc ---


def _no_decoder(*_: Any) -> None:
    """In the place of its decoder: frames are put together, and left in a queue."""


async def serve_aiortc() -> None:
    setattr(aiortc.rtcrtpreceiver, "decoder_worker", _no_decoder)  # noqa: B010 - not exported
    peers: list[RTCPeerConnection] = []

    async def whip(request: web.Request) -> web.Response:
        peer = RTCPeerConnection()
        peers.append(peer)
        await peer.setRemoteDescription(RTCSessionDescription(await request.text(), "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        return web.Response(text=peer.localDescription.sdp)

    async def count(_request: web.Request) -> web.Response:
        return web.json_response({"frames": 0, "lag": []})

    app = web.Application()
    app.add_routes([web.post("/whip/{site}", whip), web.get("/count", count)])
    runner = await run_app(app)
    await ended()
    await asyncio.gather(*(peer.close() for peer in peers))
    await runner.cleanup()


# --- figures ---


@contextmanager
def server(hosts: Hosts, module: str, *arguments: str, pinned: bool = True) -> Iterator[int]:
    """Its process id, once it answers. `pinned`: to one core."""
    command = [sys.executable, "-m", module, *arguments]
    asked = ["curl", "-sf", "-o", "/dev/null", f"http://{SERVER}:{WHIP_PORT}/count"]
    with process(hosts.at_server(on_core(SERVERS, command) if pinned else command)) as pid:
        until = time.monotonic() + 20
        while subprocess.run(hosts.at_client(asked), check=False).returncode:
            assert time.monotonic() < until, f"{module} does not begin"
            time.sleep(0.1)
        yield pid


def sent(
    hosts: Hosts,
    pid: int,
    count: int,
    on_air: int = 0,
    viewers: int = 0,
    seconds: float = MEASURED_S,
) -> dict[str, Any]:
    """As `bench.publishers` prints it."""
    numbers = [str(number) for number in (count, on_air, viewers, pid, seconds)]
    command = [sys.executable, "-m", "bench.publishers", *numbers]
    done = subprocess.run(
        hosts.at_client(on_core(OTHERS, command)), stdout=subprocess.PIPE, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["late"] < 1.05, "the sites could not keep up"
    return result


def measured(who: str, count: int) -> dict[str, Any]:
    """`who`: `diemcau` or `aiortc`."""
    with two_hosts() as hosts, server(hosts, "bench.uplink", who) as pid:
        return sent(hosts, pid, count)


def figures() -> Iterator[Figure]:
    for count, rounds in PUBLISHERS.items():
        cores: dict[str, list[float]] = {"diemcau": [], "aiortc": []}
        wakes: dict[str, list[float]] = {"diemcau": [], "aiortc": []}
        for _ in range(rounds):
            for who, used in cores.items():
                result = measured(who, count)
                assert who == "aiortc" or result["frames_per_s"] > 59 * count, "frames are missing"
                used.append(result["cores"] * 100 / count)
                wakes[who].append(result["wakes_per_s"])
        for name, unit, seen in (
            (f"uplink, CPU of each of {count} sites at standby", "% of a core", cores),
            (f"uplink, wake-ups of the server of {count}", "a second", wakes),
        ):
            ours, theirs = (median(seen[who]) for who in ("diemcau", "aiortc"))
            yield Figure(name, ours, unit, theirs, "aiortc without decoding")


if __name__ == "__main__":
    uvloop.run(serve_aiortc() if sys.argv[1] == "aiortc" else serve_diemcau())
