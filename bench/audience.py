"""Cheap but real viewers: STUN, DTLS-SRTP, receiver reports, requests for lost packets, and
transport-wide feedback where it was agreed on. Every 32nd packet is decrypted; nothing is decoded.

`python -m bench.audience WHO COUNT PID SECONDS` prints one JSON object: what came, and what the
server process used of a core meanwhile. WHO: `diemcau` or `janus`.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from aioice import stun
from aiortc import RTCCertificate
from aiortc.rtp import (
    RTCP_RTPFB,
    RTCP_RTPFB_NACK,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    is_rtcp,
)
from aiortc.sdp import MediaDescription, SessionDescription
from pylibsrtp import Error as SrtpError
from pylibsrtp import Session

from bench.janus import Watching, is_up
from streams.aiortc_private import Dtls
from streams.arrivals import Arrivals
from streams.sdp import TRANSPORT_SEQUENCE
from tests.media import wait_until
from tests.namespaces import CLIENT, SERVER

WHEP_PORT = 8080
CHECKED = 32
LOST_EACH = 200
"""Of so many packets one is said to be lost: half a per cent."""
REPORT_S, FEEDBACK_S, CHECK_S = 1.0, 0.1, 2.5
SETTLE_S = 15.0
"""Until nothing is tried out any more, as in a session that has been on for a while."""
EXTENSION = 3
PASSWORD = "p" * 24

SECTION = """m={kind} 9 UDP/TLS/RTP/SAVPF {formats}
c=IN IP4 0.0.0.0
a=ice-ufrag:{ufrag}
a=ice-pwd:{password}
a=fingerprint:{fingerprint}
a=setup:active
a=mid:{mid}
a=recvonly
a=rtcp-mux
"""
AUDIO = f"""a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=extmap:{EXTENSION} {TRANSPORT_SEQUENCE}
"""
VIDEO = f"""a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;profile-level-id=42e01f
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 transport-cc
a=extmap:{EXTENSION} {TRANSPORT_SEQUENCE}
"""
RTX = """a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
"""


class Viewer(asyncio.DatagramProtocol):
    """Counts what comes."""

    def __init__(self, certificate: RTCCertificate) -> None:
        self._certificate = certificate
        self._transport: asyncio.DatagramTransport | None = None
        self._dtls: Dtls | None = None
        self._sessions: tuple[Session, Session] | None = None
        self._server = ("", 0)
        self._ice: tuple[str, str] = ("", "")
        self._arrivals: Arrivals | None = None
        self._ssrcs: dict[int, int] = {}
        self._lost: list[int] = []
        self._video_ssrc = 0
        self.packets = self.octets = self.bad = 0
        self._checked = asyncio.Event()
        self._controlling = True

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(CLIENT, 0)
        )

    def description(self, kinds: list[tuple[str, str]], *, rtx: bool) -> str:
        """(kind, mid) of each section."""
        mine = next(f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        assert self._transport is not None
        port = self._transport.get_extra_info("sockname")[1]
        text = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE "
        text += " ".join(mid for _, mid in kinds) + "\n"
        for kind, mid in kinds:
            again = "97" if rtx and kind == "video" else ""
            text += SECTION.format(
                kind=kind, mid=mid, ufrag="view", password=PASSWORD,
                formats=f"96 {again}".strip() if kind == "video" else "111",
                fingerprint=f"{mine.algorithm} {mine.value}",
            )  # fmt: skip
            text += f"a=candidate:1 1 udp 2130706431 {CLIENT} {port} typ host\n"
            text += AUDIO if kind == "audio" else VIDEO + (RTX if again else "")
        return text

    async def connect(self, media: list[MediaDescription], *, lite: bool) -> None:
        """To the other side of what was agreed on. `lite`: it makes no checks of its own."""
        first = media[0]
        assert first.ice
        assert first.ice.usernameFragment
        assert first.ice.password
        assert first.dtls
        self._ice = first.ice.usernameFragment, first.ice.password
        self._controlling = lite
        self._server = next(
            ((c.ip, c.port) for c in first.ice_candidates if c.ip == SERVER), (SERVER, first.port)
        )
        wide = any(e.uri == TRANSPORT_SEQUENCE for m in media for e in m.rtp.headerExtensions)
        self._arrivals = Arrivals() if wide else None
        async with asyncio.timeout(10):
            while not self._checked.is_set():
                self.check()
                await asyncio.sleep(0.1)
        self._dtls = Dtls(self._certificate, self._send)
        self._sessions = await self._dtls.handshake("client", list(first.dtls.fingerprints))

    def check(self) -> None:
        """Consent goes on (RFC 7675)."""
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._ice[0]}:view"
        request.attributes["PRIORITY"] = 1
        if self._controlling:
            request.attributes["ICE-CONTROLLING"] = 1
            request.attributes["USE-CANDIDATE"] = None
        else:
            request.attributes["ICE-CONTROLLED"] = 1
        request.add_message_integrity(self._ice[1].encode())
        request.add_fingerprint()
        self._send(bytes(request))

    def _send(self, datagram: bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(datagram, self._server)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if data[0] < 4:
            self._on_stun(data, addr)
        elif data[0] < 64 and self._dtls is not None:
            self._dtls.receive(data)
        elif data[0] >= 128 and not is_rtcp(data):
            self._count(data)

    def _on_stun(self, data: bytes, addr: Any) -> None:
        assert self._transport is not None
        message = stun.parse_message(data)
        if message.message_class == stun.Class.RESPONSE:
            self._checked.set()
        elif message.message_class == stun.Class.REQUEST:
            answer = stun.Message(
                stun.Method.BINDING, stun.Class.RESPONSE, transaction_id=message.transaction_id
            )
            answer.attributes["XOR-MAPPED-ADDRESS"] = addr[:2]
            answer.add_message_integrity(PASSWORD.encode())
            answer.add_fingerprint()
            self._transport.sendto(bytes(answer), addr)

    def _count(self, data: bytes) -> None:
        self.packets += 1
        self.octets += len(data)
        if self._arrivals is not None and data[0] & 0x10:
            self._arrivals.add(int.from_bytes(data[17:19]), time.monotonic_ns())
        number, kind = int.from_bytes(data[2:4]), data[1] & 0x7F
        if kind == 96:
            self._video_ssrc = int.from_bytes(data[8:12])
            if self.packets % LOST_EACH == 0:
                self._lost.append(number)
        if kind != 97:
            self._ssrcs[int.from_bytes(data[8:12])] = number
        if self.packets % CHECKED == 0 and self._sessions is not None:
            try:
                self._sessions[0].unprotect(data)
            except SrtpError:
                self.bad += 1

    def _send_rtcp(self, packet: bytes) -> None:
        assert self._sessions is not None
        self._send(self._sessions[1].protect_rtcp(packet))

    def report(self) -> None:
        infos = [RtcpReceiverInfo(ssrc, 0, 0, n, 0, 0, 0) for ssrc, n in self._ssrcs.items()]
        if infos:
            self._send_rtcp(bytes(RtcpRrPacket(3, infos)))

    def feed_back(self) -> None:
        fci = None if self._arrivals is None else self._arrivals.report()
        if fci is not None:
            head = bytes((0x80 | 15, RTCP_RTPFB)) + (2 + len(fci) // 4).to_bytes(2)
            self._send_rtcp(head + (3).to_bytes(4) + self._video_ssrc.to_bytes(4) + fci)
        if self._lost:
            self._send_rtcp(
                bytes(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 3, self._video_ssrc, sorted(self._lost)))
            )
            self._lost = []

    async def leave(self) -> None:
        if self._dtls is not None:
            await self._dtls.close()
        if self._transport is not None:
            self._transport.close()


async def join_diemcau(http: aiohttp.ClientSession, viewer: Viewer) -> None:
    offer = viewer.description([("audio", "0"), ("video", "1")], rtx=True)
    async with http.post(f"http://{SERVER}:{WHEP_PORT}/whep", data=offer) as response:
        await viewer.connect(SessionDescription.parse(await response.text()).media, lite=True)


async def join_janus(http: aiohttp.ClientSession, viewer: Viewer) -> None:
    watching = Watching(http)
    media = SessionDescription.parse(await watching.offer()).media
    await watching.answer(viewer.description([(m.kind, m.rtp.muxId) for m in media], rtx=False))
    await viewer.connect(media, lite=False)


def cpu_s(pid: int) -> float:
    """User and system time, from the scheduler's own nanoseconds."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def memory_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


async def watch(viewers: list[Viewer], seconds: float) -> None:
    """Reports as browsers do, each viewer at his own moment."""
    step_s = FEEDBACK_S / len(viewers)
    turns = round(seconds / FEEDBACK_S)
    began = time.monotonic()
    for turn in range(turns):
        for place, viewer in enumerate(viewers):
            viewer.feed_back()
            if (turn + place) % round(REPORT_S / FEEDBACK_S) == 0:
                viewer.report()
            if (turn + place) % round(CHECK_S / FEEDBACK_S) == 0:
                viewer.check()
            due = began + turn * FEEDBACK_S + place * step_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))


async def measure(who: str, count: int, pid: int, seconds: float) -> dict[str, Any]:
    certificate = RTCCertificate.generateCertificate()
    viewers = [Viewer(certificate) for _ in range(count)]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as http:
        if who == "janus":
            await wait_until(lambda: is_up(http), "Janus", 15)
        for viewer in viewers:
            await viewer.open()
            await (join_janus if who == "janus" else join_diemcau)(http, viewer)
        await watch(viewers, SETTLE_S)
        before = cpu_s(pid), [v.packets for v in viewers], sum(v.octets for v in viewers)
        began = time.monotonic()
        await watch(viewers, seconds)
        took = time.monotonic() - began
        cores = (cpu_s(pid) - before[0]) / took
        rates = [(v.packets - n) / took for v, n in zip(viewers, before[1], strict=True)]
        octets = sum(v.octets for v in viewers) - before[2]
        for viewer in viewers:
            await viewer.leave()
    return {
        "cores": cores,
        "packets_per_s": sum(rates),
        "least_packets_per_s": min(rates),
        "octets": octets / max(1.0, sum(rates) * took),
        "bad": sum(v.bad for v in viewers),
        "memory_bytes": memory_bytes(pid),
    }


if __name__ == "__main__":
    _who, _count, _pid, _seconds = sys.argv[1:]
    print(json.dumps(uvloop.run(measure(_who, int(_count), int(_pid), float(_seconds)))))
