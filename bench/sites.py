"""What a whole conference asks of the relay: one site on air, the others at standby, ten WHEP
viewers of the program, and the studio behind its wire. The relay has one core, the studio's
program, the sites and the viewers have the other; 150 sites find it on both.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from bench.cores import OTHERS, on_core
from bench.figure import Figure
from bench.relay import ended, process
from bench.stream import VIDEO_BPS
from bench.uplink import run_app, sent, server
from config.settings import Media
from streams.frames import EncodedFrame, SiteId
from streams.lag import BOUNDS_NS, freeze_heap
from streams.relay import Audience, Rates, Relay
from streams.rtp.packetise import Packetised
from streams.wire import Outbox
from tests.namespaces import SERVER, two_hosts
from tests.wire import read_messages

VIEWERS = 10
SITES, MANY_SITES = 50, 150
PERCENTILE = 0.99
MEASURED_S = 20.0
"""Some hundred wake-ups of the event loop."""


async def serve(path: str) -> None:
    """The relay with nothing around it but the wire, WHIP and WHEP."""
    frames, outbox = 0, None

    def take(frame: EncodedFrame) -> None:
        nonlocal frames
        frames += 1
        if outbox is not None:
            outbox.offer(frame)

    async def studio(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal outbox
        outbox = Outbox(writer.transport)
        async for message in read_messages(reader):
            assert isinstance(message, Packetised)
            relay.send(message)
        outbox = None
        writer.close()

    relay = Relay(
        Media(host=SERVER, port=0, max_sites=MANY_SITES),
        Rates((VIDEO_BPS,), (80_000,)),
        on_frame=take,
        on_source_gone=lambda _site: None,
        on_keyframe_wanted=lambda _feed: None,
    )
    await relay.start()
    relay.set_public(take_room=True)
    relay.set_awaited(frozenset({SiteId("huyen-0")}))  # the one that is on air

    async def whip(request: web.Request) -> web.Response:
        site = SiteId(request.match_info["site"])
        return web.Response(text=(await relay.publish(site, await request.text())).answer)

    async def whep(request: web.Request) -> web.Response:
        seen = await relay.view(Audience(room=False), await request.text())
        return web.Response(text=seen.answer)

    async def count(_request: web.Request) -> web.Response:
        return web.json_response({"frames": frames, "lag": relay.lag.counts})

    app = web.Application()
    app.add_routes(
        [web.post("/whip/{site}", whip), web.post("/whep", whep), web.get("/count", count)]
    )
    async with await asyncio.start_unix_server(studio, path):
        runner = await run_app(app)
        freeze_heap()
        await ended()
        await runner.cleanup()
    await relay.close()


def measured(sites: int, *, pinned: bool) -> dict[str, Any]:
    """As `bench.publishers` prints it."""
    with two_hosts() as hosts, tempfile.TemporaryDirectory() as scratch:
        path = str(Path(scratch) / "wire.sock")
        with server(hosts, "bench.sites", path, pinned=pinned) as pid:
            feed = [sys.executable, "-m", "bench.stream", f"wire:{path}"]
            with process(hosts.at_server(on_core(OTHERS, feed) if pinned else feed)):
                result = sent(hosts, pid, sites, 1, VIEWERS, MEASURED_S)
    assert result["seen_per_s"] > 100 * VIEWERS, "the viewers see no program"
    return result


def late_ms(counts: list[int]) -> float:
    """At most so late are `PERCENTILE` of the event loop's wake-ups."""
    bound, so_far = PERCENTILE * sum(counts), 0
    for upper_ns, count in zip(BOUNDS_NS, counts, strict=False):
        so_far += count
        if so_far >= bound:
            return upper_ns / 1_000_000
    return float("inf")


def figures() -> Iterator[Figure]:
    for count, pinned in ((SITES, True), (MANY_SITES, False)):
        name, result = f"{count} sites and {VIEWERS} viewers", measured(count, pinned=pinned)
        yield Figure(f"{name}, CPU of the relay", result["cores"] * 100, "% of a core")
        yield Figure(f"{name}, event loop late (99 of 100)", late_ms(result["lag"]), "ms at most")
        yield Figure(f"{name}, memory of each site", result["memory_each"] / 1e6, "MB")
        yield Figure(f"{name}, memory grown meanwhile", result["memory_growth"] / 1e6, "MB")


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
