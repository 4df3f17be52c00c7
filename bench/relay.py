"""CPU of the relay for each WHEP viewer, beside Janus.

Two network namespaces; the same stream to both servers, the same viewers of both (`audience`),
who tell ours more: it gets transport-wide feedback besides reports and requests for lost packets.
Janus runs as installed, with a thread for each viewer, and with `event_loops = 1`, its best. The
floor is a process that only gives the same datagrams to the kernel, one `sendto` each.

`python -m bench.relay measure 1,40 [ROUNDS]` measures for some numbers of viewers only.
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from bench.cores import OTHERS, SERVERS, on_core
from bench.figure import Figure
from bench.janus import AUDIO_PORT, janus
from bench.stream import VIDEO_BPS
from config.settings import Media
from streams.lag import freeze_heap
from streams.relay import Audience, Rates, Relay
from streams.wire import Conversation, Message
from tests.namespaces import SERVER, Hosts, two_hosts

VIEWERS = (1, 10, 40, 100, 150)
"""Each time more join those who watch."""
ROUNDS = 5
"""In each, everybody has one turn of `stream.TURN_S`; what counts is the median turn."""
RIVALS = ("Janus", "Janus, one loop")
WHEP_PORT = 8080
BURST = 20


# --- our relay, as a process of its own ---


async def serve(path: str, port: int) -> None:
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

    def hear(message: Message) -> None:
        raise ValueError(f"no packet of the program: {message!r:.80}")

    app = web.Application()
    app.add_routes([web.post("/whep", whep)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, SERVER, port).start()
    loop = asyncio.get_running_loop()
    wire = await loop.create_unix_server(
        lambda: Conversation(hear, loop.create_future(), on_packet=relay.send), path
    )
    freeze_heap()
    async with wire:
        await ended()
    await runner.cleanup()
    await relay.close()


async def ended() -> None:
    event = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, event.set)
    await event.wait()


@dataclass(frozen=True, slots=True)
class Server:
    """As `bench.audience` and `bench.stream` want to hear of it."""

    kind: str
    port: int
    pid: int
    sink: str


@contextmanager
def diemcau(
    hosts: Hosts, folder: Path, port: int = WHEP_PORT, kind: str = "wide"
) -> Iterator[Server]:
    path = folder / f"wire-{port}"
    command = [sys.executable, "-m", "bench.relay", "serve", str(path), str(port)]
    with process(hosts.at_server(on_core(SERVERS, command))) as pid:
        while not path.exists():
            time.sleep(0.05)
        yield Server(kind, port, pid, f"wire:{path}")


@contextmanager
def rival(hosts: Hosts, folder: Path, port: int, event_loops: int) -> Iterator[Server]:
    own = folder / f"janus-{port}"
    own.mkdir()
    audio_port = AUDIO_PORT + 10 * event_loops
    with janus(hosts, own, event_loops=event_loops, port=port, audio_port=audio_port) as pid:
        yield Server("janus", port, pid, f"rtp:{audio_port}")


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


def measured(
    whos: Sequence[str], counts: Sequence[int], rounds: int = ROUNDS
) -> Iterator[list[dict[str, Any]]]:
    """For each count each of `WHO`, as `bench.audience` prints it: all stand ready, and take
    turns."""
    with two_hosts() as hosts, tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        servers = [
            stack.enter_context(WHO[who](hosts, folder, WHEP_PORT + place))
            for place, who in enumerate(whos)
        ]
        yield from audience(hosts, counts, rounds, servers)


def audience(
    hosts: Hosts, counts: Sequence[int], rounds: int, servers: Sequence[Server]
) -> Iterator[list[dict[str, Any]]]:
    """What so many viewers of each server get, one count after the other."""
    feed = [sys.executable, "-m", "bench.stream", *(server.sink for server in servers)]
    names = [f"{server.kind}:{server.port}:{server.pid}" for server in servers]
    many = ",".join(map(str, counts))
    command = [sys.executable, "-m", "bench.audience", many, str(rounds), *names]
    with (
        process(hosts.at_server(on_core(OTHERS, feed))),
        subprocess.Popen(
            hosts.at_client(on_core(OTHERS, command)), stdout=subprocess.PIPE
        ) as watching,
    ):
        assert watching.stdout
        for line in watching.stdout:
            results: list[dict[str, Any]] = json.loads(line)
            assert not any(result["bad"] for result in results)
            yield results
    assert not watching.returncode, "the audience failed"


WHO: dict[str, Callable[[Hosts, Path, int], AbstractContextManager[Server]]] = {
    "diemcau": diemcau,
    "diemcau, by REMB": partial(diemcau, kind="remb"),
    "Janus": partial(rival, event_loops=0),
    "Janus, one loop": partial(rival, event_loops=1),
}


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


def figures(counts: Sequence[int] = VIEWERS, rounds: int = ROUNDS) -> Iterator[Figure]:
    for count, (ours, *theirs) in zip(
        counts, measured(("diemcau", *RIVALS), counts, rounds), strict=True
    ):
        name, cost = f"relay, CPU of each of {count} viewers", ours["cores"] * 100 / count
        for who, their in zip(RIVALS, theirs, strict=True):
            yield Figure(name, cost, "% of a core", their["cores"] * 100 / count, who)
    floor = _floor_s(round(ours["octets"])) * ours["packets_per_s"] * 100 / count
    yield Figure(name, cost, "% of a core", floor, "sendto alone")


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        uvloop.run(serve(sys.argv[2], int(sys.argv[3])))
    else:
        some = [int(count) for count in sys.argv[2].split(",")]
        for figure in figures(some, *map(int, sys.argv[3:])):
            print(figure, flush=True)
