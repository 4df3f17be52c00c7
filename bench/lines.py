"""What a viewer in Chromium sees and hears on bad lines: our relay, and Janus beside it.

The same program to both: 720p25 at 2.5 Mbit/s and Opus, in three renditions to ours; Janus's
streaming plugin takes one and sends that to everybody. Two network namespaces; `tc tbf` for the
rate, with a queue of 60 kB, nft for loss, both ways, and a forwarder for delay.

`python -m bench lines` prints the table of bench/README.md.
"""

import asyncio
import contextlib
import socket
import struct
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.janus import AUDIO_PORT, VIDEO_BEHIND, Watching, is_up, janus
from config.settings import Media
from streams.frames import Packet
from streams.relay import Audience, Relay
from streams.rtp.packetise import h264_payloads
from tests.chromium import EXECUTABLE, chromium
from tests.forwarder import delayed
from tests.media import wait_until
from tests.namespaces import SERVER, Hosts, script_at, two_hosts
from tests.renditions import RATES, Encoded, OnAir, encoded
from tests.watching import Second, Watcher

QUEUE_OCTETS = 60_000
SETTLE_S, WATCH_S = 8, 30
"""After the first is everything as it stays; measured is what comes then."""
OUTAGE_S = 10
ALIVE = 12
"""Pictures a second from which it counts as moving."""
SHARP_EYES = ("--disable-features=WebRtcHideLocalIpsWithMdns",)
"""Janus cannot look up names that only browsers understand."""


@dataclass(frozen=True, slots=True)
class Scene:
    name: str
    rate_bps: float | None = None
    loss_percent: int = 0
    delay_s: float = 0.0
    """Each way."""
    outage: bool = False


SCENES = (
    Scene("good line"),
    Scene("5 % loss", loss_percent=5),
    Scene("20 % loss", loss_percent=20),
    Scene("300 kbit/s", rate_bps=300_000),
    Scene("150 kbit/s", rate_bps=150_000),
    Scene("400 ms round trip", delay_s=0.2),
    Scene(f"{OUTAGE_S} s outage", outage=True),
)


@dataclass(frozen=True, slots=True)
class Seen:
    heard: float
    """Share of sound that came in time."""
    frames: float
    """Per second."""
    frozen: float
    """Share of the time."""
    height: int
    late_ms: float
    good_s: int | None
    """From the start, or from the end of the outage, until sound and picture were good for three
    seconds; None: never."""


# --- the two servers; each gives an offer or takes one ---


class Rtp:
    """The program as plain RTP, as Janus takes it."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._numbers = {True: 0, False: 0}

    def send(self, packet: Packet) -> None:
        video = packet.codec.is_video
        parts = h264_payloads(packet.data) if video else [packet.data]
        for place, part in enumerate(parts):
            kind = (96 | (place == len(parts) - 1) << 7) if video else 111
            number = self._numbers[video]
            self._numbers[video] = number + 1
            head = struct.pack(
                "!BBHII", 0x80, kind, number & 0xFFFF, packet.pts & 0xFFFFFFFF, 1 + video
            )
            target = ("127.0.0.1", AUDIO_PORT + (VIDEO_BEHIND if video else 0))
            self._socket.sendto(head + part, target)

    def close(self) -> None:
        self._socket.close()


def _unseen(sdp: str) -> str:
    """Without the viewer's addresses: a server that knew them would go past the forwarder."""
    return "".join(line for line in sdp.splitlines(True) if not line.startswith("a=candidate"))


@asynccontextmanager
async def ours(scene: Scene, watcher: Watcher, what: Encoded) -> AsyncIterator[None]:
    on_air: list[OnAir] = []
    relay = Relay(
        Media(host=SERVER, port=0, addresses=(SERVER,)),
        RATES,
        on_frame=lambda _frame: None,
        on_source_gone=lambda _site: None,
        on_keyframe_wanted=lambda feed: on_air[0].want_keyframe(feed),
    )
    on_air.append(OnAir(what, relay.send, ladder=True))
    await relay.start()
    playing = asyncio.create_task(on_air[0].play())
    try:
        connection = await relay.view(Audience(room=True), await watcher.offer())
        async with delayed(connection.answer, SERVER, scene.delay_s) as answer:
            await watcher.take(answer)
            yield
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await relay.close()


@asynccontextmanager
async def theirs(
    scene: Scene, watcher: Watcher, what: Encoded, hosts: Hosts, folder: Path
) -> AsyncIterator[None]:
    with janus(hosts, folder, event_loops=1), contextlib.closing(Rtp()) as rtp:
        playing = asyncio.create_task(OnAir(what, rtp.send, ladder=False).play())
        try:
            async with aiohttp.ClientSession() as http:
                await wait_until(lambda: is_up(http), "Janus", 15)
                session = Watching(http)
                async with delayed(await session.offer(), SERVER, scene.delay_s) as offer:
                    await session.answer(_unseen(await watcher.answer(offer)))
                    yield
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)


# --- one scene ---


async def watch(scene: Scene, who: str, what: Encoded) -> Seen:
    """`who`: `Diemcau` or `Janus`."""
    with two_hosts() as hosts, tempfile.TemporaryDirectory() as scratch, hosts.inside_server():
        folder = Path(scratch)
        browser = script_at(folder, hosts.at_client([str(EXECUTABLE)]))
        async with chromium(executable=browser, more=SHARP_EYES) as window:
            watcher = Watcher(await window.new_page())
            hosts.carries(*((scene.rate_bps, QUEUE_OCTETS) if scene.rate_bps else ()))
            hosts.loses(scene.loss_percent)
            server = (
                ours(scene, watcher, what)
                if who == "Diemcau"
                else theirs(scene, watcher, what, hosts, folder)
            )
            async with server:
                return await _watched(scene, watcher, hosts)


async def _watched(scene: Scene, watcher: Watcher, hosts: Hosts) -> Seen:
    start = await watcher.seconds(SETTLE_S)
    if scene.outage:
        hosts.loses(100)
        await watcher.seconds(OUTAGE_S)
        hosts.loses(0)
        start = []
    rest = await watcher.seconds(WATCH_S)
    return Seen(
        heard=_mean([second.heard for second in rest]),
        frames=_mean([second.frames for second in rest]),
        frozen=sum(second.frozen_s for second in rest) / WATCH_S,
        height=rest[-1].height,
        late_ms=_mean([second.late_ms for second in rest]),
        good_s=_good_since([*start, *rest]),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _good_since(seconds: Sequence[Second]) -> int | None:
    good = [one.heard > 0.97 and one.frames > ALIVE and one.frozen_s < 0.2 for one in seconds]
    return next((at + 1 for at in range(len(good) - 2) if all(good[at : at + 3])), None)


def rows(scenes: Sequence[Scene], servers: Sequence[str]) -> Iterator[str]:
    what = encoded()
    yield "| line | server | sound in time | pictures/s | frozen | picture | behind | good after |"
    yield "|---|---|---|---|---|---|---|---|"
    for scene in scenes:
        for who in servers:
            seen = asyncio.run(watch(scene, who, what))
            good = "never" if seen.good_s is None else f"{seen.good_s} s"
            yield (
                f"| {scene.name} | {who} | {seen.heard:.1%} | {seen.frames:.0f} |"
                f" {seen.frozen:.0%} | {f'{seen.height}p' if seen.frames else '-'} |"
                f" {seen.late_ms:.0f} ms | {good} |"
            )


def figures() -> Iterator[str]:
    yield from rows(SCENES, ("Diemcau", "Janus"))
