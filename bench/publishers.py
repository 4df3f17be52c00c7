"""Cheap but real sites: STUN, DTLS-SRTP, sender reports, sound, and pictures that x264 encoded
beforehand. What is asked of them is not answered: on this line nothing is lost.

`python -m bench.publishers SITES ON_AIR VIEWERS PID SECONDS` joins the server in the other
namespace and prints one JSON object: what the server process used of a core meanwhile, and kept.
"""

import asyncio
import json
import random
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import av
import uvloop
from aiortc import RTCCertificate
from aiortc.rtp import RtcpSenderInfo, RtcpSrPacket
from aiortc.sdp import SessionDescription

from bench.audience import PASSWORD, Viewer, cpu_s, join_diemcau, memory_bytes, reading
from streams.connections.sdp import ABS_SEND_TIME, TRANSPORT_SEQUENCE
from streams.rtp.packetise import h264_payloads
from tests.namespaces import CLIENT, SERVER
from tests.renditions import FPS as DRAWN_FPS
from tests.renditions import drawn

WHIP_PORT = 8080
SOUND_BYTES = 60
"""24 kbit/s in packets of 20 ms."""
TICK_S, LEAST_SLEEP_S = 0.02, 0.001
REPORT_TICKS, CHECK_TICKS, FEEDBACK_TICKS = 50, 125, 5
LOOP_S = 4
SETTLE_S = 5.0
WIDE, SENT = 3, 4
"""Ids of the header extensions."""
HEADER = struct.Struct("!BBHIIHHI")
"""With one extension of up to three octets (RFC 8285 4.2)."""
SOUND, PICTURE = 111, 96

SECTION = f"""m={{kind}} 9 UDP/TLS/RTP/SAVPF {{format}}
c=IN IP4 0.0.0.0
a=ice-ufrag:view
a=ice-pwd:{PASSWORD}
a=fingerprint:{{fingerprint}}
a=setup:active
a=mid:{{mid}}
a=sendonly
a=rtcp-mux
a=candidate:1 1 udp 2130706431 {CLIENT} {{port}} typ host
a=end-of-candidates
a=ssrc:{{ssrc}} cname:site
a=extmap:{WIDE} {TRANSPORT_SEQUENCE}
a=extmap:{SENT} {ABS_SEND_TIME}
a=rtcp-fb:{{format}} transport-cc
"""
AUDIO = "a=rtpmap:111 opus/48000/2\n"
VIDEO = """a=rtpmap:96 H264/90000
a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 goog-remb
"""


def wakes(pid: int) -> int:
    """How often any thread of a process went to sleep, to be woken again."""
    found = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        told = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
        found += int(told["voluntary_ctxt_switches"])
    return found


@dataclass(frozen=True, slots=True)
class Quality:
    width: int
    height: int
    fps: int
    bitrate_bps: int


STANDBY = Quality(320, 180, 10, 96_000)
ON_AIR = Quality(1280, 720, 25, 2_500_000)


@cache
def pictures(quality: Quality) -> tuple[list[bytes], ...]:
    """The payloads of each picture; they begin with a keyframe, and may be repeated for ever."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = quality.width, quality.height, "yuv420p"
    encoder.framerate, encoder.bit_rate = Fraction(quality.fps), quality.bitrate_bps
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
    encoder.gop_size = quality.fps * LOOP_S
    payloads = []
    for place, planes in enumerate(drawn(quality.width, quality.height, LOOP_S)):
        if place * quality.fps // DRAWN_FPS == (place - 1) * quality.fps // DRAWN_FPS:
            continue
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        payloads += [h264_payloads(bytes(packet)) for packet in encoder.encode(frame)]
    return tuple(payloads)


class Site(Viewer):
    """Sends; what `Viewer` counts are packets that nobody should send it. Its pictures and
    keyframes come at moments of their own, as those of cameras do."""

    def __init__(self, certificate: RTCCertificate, quality: Quality) -> None:
        super().__init__(certificate)
        self._quality = quality
        self._ssrc = random.randrange(10, 1 << 31) & ~1
        self._phase_ticks = random.randrange(REPORT_TICKS)
        self._extension = (0, "")
        self._wide = 0
        self._ticks = random.randrange(LOOP_S * REPORT_TICKS)
        self._shown = self._ticks * 20 * quality.fps // 1000
        self._numbers = {SOUND: 0, PICTURE: 0}
        self._octets = {SOUND: 0, PICTURE: 0}

    def offer(self) -> str:
        mine = next(f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        text = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE 0 1\n"
        for mid, (kind, number, lines) in enumerate(
            (("audio", SOUND, AUDIO), ("video", PICTURE, VIDEO))
        ):
            text += SECTION.format(
                kind=kind, format=number, mid=mid, port=self.port, ssrc=self._ssrc + mid,
                fingerprint=f"{mine.algorithm} {mine.value}",
            )  # fmt: skip
            text += lines
        return text

    async def join(self, http: aiohttp.ClientSession, name: str) -> None:
        url = f"http://{SERVER}:{WHIP_PORT}/whip/{name}"
        async with http.post(url, data=self.offer()) as response:
            assert response.status < 300, await response.text()
            media = SessionDescription.parse(await response.text()).media
        agreed = {e.uri: e.id for one in media for e in one.rtp.headerExtensions}
        wide = TRANSPORT_SEQUENCE in agreed
        uri = TRANSPORT_SEQUENCE if wide else ABS_SEND_TIME
        self._extension = agreed[uri], uri
        await self.connect(media, lite=True)

    def tick(self) -> None:
        """What 20 ms bring: a packet of sound, the picture that is due, reports."""
        self._ticks += 1
        elapsed_ms = self._ticks * 20
        self._send_rtp(SOUND, self._ticks * 960, bytes(SOUND_BYTES), marker=False)
        if elapsed_ms * self._quality.fps // 1000 > self._shown:
            self._show()
        turn = self._ticks + self._phase_ticks
        if turn % REPORT_TICKS == 0:
            self._send_reports()
        if turn % CHECK_TICKS == 0:
            self.check()

    def _show(self) -> None:
        frames = pictures(self._quality)
        payloads = frames[self._shown % len(frames)]
        timestamp = self._shown * 90_000 // self._quality.fps
        for payload in payloads:
            self._send_rtp(PICTURE, timestamp, payload, marker=payload is payloads[-1])
        self._shown += 1

    def _send_rtp(self, kind: int, timestamp: int, payload: bytes, *, marker: bool) -> None:
        assert self._sessions is not None
        number = self._numbers[kind] = self._numbers[kind] + 1 & 0xFFFF
        self._octets[kind] += len(payload)
        head = HEADER.pack(
            0x90, kind | marker << 7, number, timestamp & 0xFFFFFFFF,
            self._ssrc + (kind == PICTURE), 0xBEDE, 1, self._extension_word(),
        )  # fmt: skip
        self._send(self._sessions[1].protect(head + payload))

    def _extension_word(self) -> int:
        ident, uri = self._extension
        if uri == TRANSPORT_SEQUENCE:
            self._wide += 1
            return ident << 28 | 1 << 24 | (self._wide & 0xFFFF) << 8
        sent = time.monotonic_ns() * (1 << 18) // 1_000_000_000
        return ident << 28 | 2 << 24 | sent & 0xFFFFFF

    def _send_reports(self) -> None:
        ntp = time.time_ns() * (1 << 32) // 1_000_000_000 & (1 << 64) - 1
        stamps = {SOUND: self._ticks * 960, PICTURE: self._shown * 90_000 // self._quality.fps}
        for kind, stamp in stamps.items():
            info = RtcpSenderInfo(
                ntp, stamp & 0xFFFFFFFF, self._numbers[kind], self._octets[kind] & 0xFFFFFFFF
            )
            packet = RtcpSrPacket(self._ssrc + (kind == PICTURE), info)
            self._send_rtcp(bytes(packet))


async def send(sites: Sequence[Site], viewers: Sequence[Viewer], seconds: float) -> None:
    """In real time, each at a moment of its own; viewers report as in `bench.audience`."""
    everybody = [*sites, *viewers]
    random.shuffle(everybody)
    steps = max(1, min(len(everybody), round(TICK_S / LEAST_SLEEP_S)))
    began = time.monotonic()
    for turn in range(round(seconds / TICK_S) * steps):
        tick, step = divmod(turn, steps)
        for place in range(step, len(everybody), steps):
            one = everybody[place]
            if isinstance(one, Site):
                one.tick()
            elif (tick + place) % FEEDBACK_TICKS == 0:
                _report(one, tick + place)
        due = began + (turn + 1) * TICK_S / steps
        await asyncio.sleep(max(0.0, due - time.monotonic()))


def _report(viewer: Viewer, turn: int) -> None:
    viewer.feed_back()
    if turn % REPORT_TICKS == 0:
        viewer.report()
    if turn % CHECK_TICKS == 0:
        viewer.check()


async def measure(count: int, on_air: int, watching: int, pid: int, seconds: float) -> Any:
    for quality in (STANDBY, ON_AIR)[: 1 + bool(on_air)]:
        pictures(quality)
    empty, certificate = memory_bytes(pid), RTCCertificate.generateCertificate()
    sites = [Site(certificate, ON_AIR if place < on_air else STANDBY) for place in range(count)]
    viewers = [Viewer(certificate) for _ in range(watching)]
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as http,
        reading([*sites, *viewers]),
    ):
        for place, site in enumerate(sites):
            await site.join(http, f"huyen-{place}")
        for viewer in viewers:
            await join_diemcau(http, viewer, WHIP_PORT)
        await send(sites, viewers, SETTLE_S)
        async with http.get(f"http://{SERVER}:{WHIP_PORT}/count") as response:
            before = await response.json()
        woken, settled = wakes(pid), memory_bytes(pid)
        used, began = cpu_s(pid), time.monotonic()
        await send(sites, viewers, seconds)
        took = time.monotonic() - began
        cores = (cpu_s(pid) - used) / took
        woken = wakes(pid) - woken
        async with http.get(f"http://{SERVER}:{WHIP_PORT}/count") as response:
            after = await response.json()
        kept = memory_bytes(pid)
    for one in [*sites, *viewers]:
        await one.leave()
    lag = [b - a for a, b in zip(before["lag"], after["lag"], strict=True)]
    return {
        "cores": cores,
        "wakes_per_s": woken / took,
        "frames_per_s": (after["frames"] - before["frames"]) / took,
        "memory_each": (kept - empty) / count,
        "memory_growth": kept - settled,
        "lag": lag,
        "late": took / seconds,
        "seen_per_s": sum(viewer.packets for viewer in viewers) / (SETTLE_S + took),
    }


if __name__ == "__main__":
    _count, _on_air, _watching_now, _pid = map(int, sys.argv[1:5])
    _result = uvloop.run(measure(_count, _on_air, _watching_now, _pid, float(sys.argv[5])))
    print(json.dumps(_result))
