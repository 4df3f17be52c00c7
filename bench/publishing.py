"""What comes of a Chromium site on bad lines: sound and picture as the studio gets them from the
relay; and as stock aiortc gets them, which decodes them at once.

The site sends its camera by our pages' own `WhipPublisher`, at the quality of a site on air, over
the lines of `bench/lines.py`, bad both ways. Sound counts as heard if it comes before the studio,
which learns a site's delay by `Playout`, wants to play it.

`python -m bench publishing` prints the table of bench/README.md; `python -m bench.publishing "300"
3` three rounds of the lines whose names begin so, in turns with aiortc.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from playwright.async_api import Page

from bench.lines import OUTAGE_S, QUEUE_OCTETS, SCENES, SETTLE_S, WATCH_S, Scene
from config.settings import Program
from streams.connections.aiortc_private import gather_on
from streams.frames import Codec, EncodedFrame
from tests.chromium import EXECUTABLE, Chromium, chromium
from tests.forwarder import delayed
from tests.media import write_wav, write_y4m
from tests.namespaces import SERVER, Hosts, script_at, two_hosts
from tests.renditions import FPS, drawn
from tests.site_page import SITE, Input, murmur, offered, site_page

CAMERA_S = 2


@dataclass(frozen=True, slots=True)
class Came:
    """Of one scene, after it settled."""

    heard: float
    """Share of sound that came in time to be played."""
    frames: float
    """Pictures per second, whole ones."""
    frozen: float
    """Share of the time."""
    height: int
    bitrate_bps: float | None
    """None: the receiver does not tell."""
    delay_ms: float
    """How long the studio holds the earliest sound back."""
    good_s: float | None
    """From the start, or from the end of the outage, until sound and picture were good for three
    seconds; None: never."""


def camera_files(folder: Path) -> tuple[Path, Path]:
    """A picture that is hard to encode, and sound without a pause."""
    program = Program()
    size = program.width, program.height
    pictures = write_y4m(folder / "camera.y4m", *size, FPS, drawn(*size, CAMERA_S))
    return pictures, write_wav(folder / "microphone.wav", murmur(CAMERA_S))


@asynccontextmanager
async def plain(
    page: Page,
    take: Callable[[EncodedFrame], None],
    by_way_of: Callable[[str], AbstractAsyncContextManager[str]],
) -> AsyncIterator[Callable[[], int]]:
    """As `site_page`, with stock aiortc in the place of the relay."""
    gather_on(SERVER)
    peer, height = RTCPeerConnection(), [0]
    readers: list[asyncio.Task[None]] = []

    async def read(track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            codec = Codec.OPUS
            if isinstance(frame, av.VideoFrame):
                codec, height[0] = Codec.H264, frame.height
            now_ns = time.monotonic_ns()
            take(EncodedFrame(SITE, codec, int(frame.pts or 0), None, now_ns, True, b""))

    peer.on("track", lambda track: readers.append(asyncio.create_task(read(track))))
    try:
        async with offered(page) as (offer, answered):
            await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await peer.setLocalDescription(await peer.createAnswer())
            async with by_way_of(peer.localDescription.sdp) as answer:
                answered.set_result(answer)
                yield lambda: height[0]
    finally:
        await peer.close()
        await asyncio.gather(*readers)


RECEIVERS = {"Diemcau": site_page, "aiortc": plain}


async def publish(scene: Scene, who: str) -> Came:
    """`who`: of `RECEIVERS`."""
    with two_hosts() as hosts, tempfile.TemporaryDirectory() as scratch, hosts.inside_server():
        browser = script_at(Path(scratch), hosts.at_client([str(EXECUTABLE)]))
        camera = camera_files(Path(scratch))
        async with chromium(camera, executable=browser) as window:
            for back in (False, True):
                queue = (scene.rate_bps, QUEUE_OCTETS) if scene.rate_bps else ()
                hosts.carries(*queue, back=back)
            hosts.loses(scene.loss_percent)
            return await _published(scene, who, window, hosts)


async def _published(scene: Scene, who: str, window: Chromium, hosts: Hosts) -> Came:
    came = Input()
    page, by_way_of = await window.new_page(), partial(delayed, host=SERVER, delay_s=scene.delay_s)
    async with RECEIVERS[who](page, came.take, by_way_of) as height:
        began = time.monotonic()
        await asyncio.sleep(SETTLE_S)
        if scene.outage:
            hosts.loses(100)
            await asyncio.sleep(OUTAGE_S)
            hosts.loses(0)
            began = time.monotonic()
        since, octets = time.monotonic(), came.octets
        await asyncio.sleep(WATCH_S)
        until = time.monotonic()
        return Came(
            heard=came.heard(since, until),
            frames=came.frames(since, until),
            frozen=came.frozen(since, until),
            height=height(),
            bitrate_bps=(came.octets - octets) * 8 / (until - since) or None,
            delay_ms=came.delay_ms,
            good_s=came.good_after(began, until),
        )


def rows(scenes: Sequence[Scene], receivers: Sequence[str]) -> Iterator[str]:
    yield (
        "| line | receiver | sound in time | pictures/s | frozen | picture | rate | held back |"
        " good after |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for scene in scenes:
        for who in receivers:
            came = asyncio.run(publish(scene, who))
            good = "never" if came.good_s is None else f"{came.good_s} s"
            rate = f"{came.bitrate_bps / 1000:.0f} kbit/s" if came.bitrate_bps else "-"
            yield (
                f"| {scene.name} | {who} | {came.heard:.1%} | {came.frames:.0f} |"
                f" {came.frozen:.0%} | {came.height}p | {rate} | {came.delay_ms:.0f} ms | {good} |"
            )


def figures(name: str = "", rounds: int = 1) -> Iterator[str]:
    """Of the lines whose names begin so."""
    scenes = [scene for scene in SCENES if scene.name.startswith(name)]
    yield from rows(scenes * rounds, tuple(RECEIVERS))


if __name__ == "__main__":
    for figure in figures(sys.argv[1], *map(int, sys.argv[2:])):
        print(figure, flush=True)
