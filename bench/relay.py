"""CPU of the relay for each WHEP viewer, beside Janus.

Two network namespaces; the same stream to both servers, the same viewers of both (`audience`),
who tell ours more: it gets transport-wide feedback besides reports and requests for lost packets.
Janus runs as installed, with a thread for each viewer, and with `event_loops = 1`, its best. The
floor is a process that only gives the same datagrams to the kernel, one `sendto` each.
"""

import asyncio
import contextlib
import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from bench.audience import WHEP_PORT
from bench.cores import OTHERS, SERVERS, on_core
from bench.figure import Figure
from bench.janus import janus
from bench.stream import VIDEO_BPS
from config.settings import Media
from streams.frames import Packet
from streams.relay import Audience, Rates, Relay
from streams.wire import read_messages
from tests.namespaces import SERVER, Hosts, two_hosts

VIEWERS = (1, 10, 40, 100)
MOST = 150
MEASURED_S = 8.0
BURST = 20


# --- our relay, as a process of its own ---


async def serve(path: str) -> None:
    """The relay with nothing around it but the wire and WHEP."""
    relay = Relay(
        Media(host=SERVER, port=0),
        Rates((VIDEO_BPS,), (80_000,)),
        on_frame=lambda _frame: None,
        on_source_gone=lambda _site: None,
        on_keyframe_wanted=lambda _feed: None,
    )
    await relay.start()
    relay.set_public(take_room=True)

    async def whep(request: web.Request) -> web.Response:
        offer = await request.text()
        return web.Response(text=(await relay.view(Audience(room=False), offer)).answer)

    async def studio(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for message in read_messages(reader):
            assert isinstance(message, Packet)
            relay.send(message)
        writer.close()

    app = web.Application()
    app.add_routes([web.post("/whep", whep)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, SERVER, WHEP_PORT).start()
    async with await asyncio.start_unix_server(studio, path):
        await ended()
    await runner.cleanup()
    await relay.close()


async def ended() -> None:
    event = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, event.set)
    await event.wait()


@contextmanager
def diemcau(hosts: Hosts, folder: Path) -> Iterator[int]:
    """Its process id."""
    path = folder / "wire.sock"
    command = [sys.executable, "-m", "bench.relay", str(path)]
    with process(hosts.at_server(on_core(SERVERS, command))) as pid:
        while not path.exists():
            time.sleep(0.05)
        feed = [sys.executable, "-m", "bench.stream", "wire", str(path)]
        with process(hosts.at_server(on_core(OTHERS, feed))):
            yield pid


@contextmanager
def fed_janus(hosts: Hosts, folder: Path, event_loops: int) -> Iterator[int]:
    with (
        janus(hosts, folder, event_loops=event_loops) as pid,
        process(hosts.at_server(on_core(OTHERS, [sys.executable, "-m", "bench.stream", "rtp"]))),
    ):
        yield pid


@contextmanager
def process(command: list[str]) -> Iterator[int]:
    process = subprocess.Popen(command)
    try:
        yield process.pid
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


# --- figures ---


def measured(who: str, count: int, seconds: float = MEASURED_S) -> dict[str, Any]:
    """`who`: `diemcau`, `janus` or `janus, one loop`. As `bench.audience` prints it."""
    with two_hosts() as hosts, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        server = (
            diemcau(hosts, folder)
            if who == "diemcau"
            else fed_janus(hosts, folder, event_loops=1 if "one loop" in who else 0)
        )
        with server as pid:
            return audience(hosts, who.partition(",")[0], count, pid, seconds)


def audience(hosts: Hosts, kind: str, count: int, pid: int, seconds: float) -> dict[str, Any]:
    """What so many viewers get from the server of that kind and process id."""
    command = [sys.executable, "-m", "bench.audience", kind, str(count), str(pid), str(seconds)]
    watching = hosts.at_client(on_core(OTHERS, command))
    done = subprocess.run(watching, stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["bad"] == 0
    return result


def _floor_s(size: int, count: int = 20_000) -> float:
    """CPU seconds of one `sendto` of so many bytes over loopback."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source,
    ):
        sink.bind(("127.0.0.1", 0))
        address, datagram = sink.getsockname(), random.randbytes(size)
        used = 0.0
        for _ in range(count // BURST):
            before = time.thread_time()
            for _ in range(BURST):
                source.sendto(datagram, address)
            used += time.thread_time() - before
            for _ in range(BURST):  # a full socket would make the kernel's work look cheap
                sink.recv(2048)
        return used / count


def figures() -> Iterator[Figure]:
    for count in VIEWERS:
        ours = measured("diemcau", count)
        for rival in ("janus", "janus, one loop"):
            theirs = measured(rival, count)
            yield Figure(
                f"relay, CPU of each of {count} viewers", ours["cores"] * 100 / count,
                "% of a core", theirs["cores"] * 100 / count, rival,
            )  # fmt: skip
    ours = measured("diemcau", MOST)
    floor = _floor_s(round(ours["octets"])) * ours["packets_per_s"] * 100 / MOST
    yield Figure(
        f"relay, CPU of each of {MOST} viewers", ours["cores"] * 100 / MOST,
        "% of a core", floor, "sendto alone",
    )  # fmt: skip


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
