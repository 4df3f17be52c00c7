"""A whole session at 1080p25 in real time on this machine: twenty sites, two of them on air with
open microphones, a ladder of three, HLS, the archive and a push by RTMP.

The sites (`bench.publishers`) send over loopback, two of them 720p25 at 2.5 Mbit/s, the others at
standby quality. What they cost is not counted, but they take it from the same cores.

`python -m bench.conference 10000` goes on for so many frames, to count the late ones.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from aiortc import RTCCertificate
from aiortc.sdp import SessionDescription

from bench.audience import reading
from bench.demo import cpu_s
from bench.figure import Figure
from bench.publishers import ON_AIR, STANDBY, Quality, Site, pictures, send
from broadcast.session.model import Site as Place
from streams.connections.sdp import ABS_SEND_TIME, TRANSPORT_SEQUENCE
from streams.frames import SiteId
from tests.live import page_at
from tests.media import wait_until
from tests.server import CONFIG, SITES, Server, processes_under

COUNT, LOUD = 20, 2
SETTLE_S, MEASURED_S, FPS = 10.0, 60.0, 25
HOST, PUSH_PORT = "127.0.0.1", 19350
PROGRAM = """[program]
width = 1920
height = 1080
fps = 25
video_bitrate_bps = 4500000
[[push]]
name = "Đài"
url = "rtmp://127.0.0.1:19350/live/key"
[storage]"""
PLACES = [Place(SiteId(f"huyen-{n}"), f"Huyện {n}") for n in range(COUNT)]


class LocalSite(Site):
    """Over loopback, and with a link's token."""

    address = HOST

    def _send(self, datagram: bytes) -> None:
        self._socket.sendto(datagram, (HOST, self._server[1]))

    async def enter(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {token}"}
        async with http.post(url, data=self.offer(), headers=headers) as response:
            assert response.status == 201, await response.text()
            media = SessionDescription.parse(await response.text()).media
        agreed = {e.uri: e.id for one in media for e in one.rtp.headerExtensions}
        uri = TRANSPORT_SEQUENCE if TRANSPORT_SEQUENCE in agreed else ABS_SEND_TIME
        self._extension = agreed[uri], uri
        await self.connect(media, lite=True)


@contextmanager
def station() -> Iterator[None]:
    """Takes the push, and decodes nothing."""
    url = f"rtmp://{HOST}:{PUSH_PORT}/live/key"
    command = ["ffmpeg", "-v", "error", "-listen", "1", "-i", url, "-c", "copy", "-f", "null", "-"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


def _config() -> str:
    head, _, rest = CONFIG.partition("[program]")
    return head + PROGRAM + rest.partition("[storage]")[2]


def parts(server: Server) -> dict[str, list[int]]:
    """The processes of relay, studio (with FFmpeg, which pushes) and witness."""
    children = server.children()
    pushes = [pid for pid, _ in processes_under(children["studio"])]
    return {name: [pid, *(pushes if name == "studio" else [])] for name, pid in children.items()}


def sites_of() -> list[LocalSite]:
    certificate, qualities = RTCCertificate.generateCertificate(), list[Quality]()
    for number in range(COUNT):
        qualities.append(ON_AIR if number < LOUD else STANDBY)
        pictures(qualities[-1])
    return [LocalSite(certificate, quality) for quality in qualities]


async def late(server: Server) -> tuple[int, int]:
    """(late frames, all frames) of the program so far."""
    async with page_at(server.base_url, server.session, server.operator) as shown:
        await wait_until(lambda: shown.view, "the page")
        outputs = shown.view["outputs"]
        return outputs["late_frames"], outputs["frames"]


async def story(server: Server, seconds: float) -> tuple[dict[str, float], int, int, float]:
    """(cores of each part, late frames, frames, the machine's load)."""
    sites = sites_of()
    async with aiohttp.ClientSession() as http, reading(sites):
        for place, site in zip(PLACES, sites, strict=True):
            await site.enter(http, server.url(f"/whip/{place.id}"), server.site_tokens[place.id])
        sending = asyncio.create_task(send(sites, [], SETTLE_S + seconds + 15))
        server.command("go_live")
        loud = [place.id for place in PLACES[:LOUD]]
        await asyncio.to_thread(server.cut, "picture-in-picture", *loud)
        for name in loud:
            await asyncio.to_thread(server.command, "open_microphone", site=name)
        await asyncio.sleep(SETTLE_S)
        late_before, frames_before = await late(server)
        pids = parts(server)
        before = {name: cpu_s(of) for name, of in pids.items()}
        began = time.monotonic()
        await asyncio.sleep(seconds)
        took = time.monotonic() - began
        used = {name: (cpu_s(of) - before[name]) / took for name, of in pids.items()}
        late_after, frames_after = await late(server)
        sending.cancel()
        await asyncio.wait([sending])
    lost = late_after - late_before
    return used, lost, frames_after - frames_before, os.getloadavg()[0]


def figures(seconds: float = MEASURED_S) -> Iterator[Figure | str]:
    with (
        tempfile.TemporaryDirectory() as folder,
        station(),
        Server(Path(folder), _config(), (*SITES, *PLACES)) as server,
    ):
        used, lost, frames, load = asyncio.run(story(server, seconds))
    for name, value in used.items():
        yield Figure(f"1080p25, 20 sites, {name}", value, "cores")
    total = sum(used.values())
    yield Figure("1080p25, 20 sites, all of it", total, "cores", 2.0, "of the two that there are")
    yield f"1080p25, late frames: {lost} of {frames} (the machine's load: {load:.1f})"


if __name__ == "__main__":
    asked = [int(argument) / FPS for argument in sys.argv[1:]]
    for figure in figures(*asked):
        print(figure)
