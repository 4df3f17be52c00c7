"""Cheap but real viewers: STUN, DTLS-SRTP, receiver reports, requests for lost packets (RTX), and
what a browser tells of congestion: transport-wide feedback where it was agreed on, its own estimate
(REMB) elsewhere. Every 32nd packet is decrypted; nothing is decoded.

They read their sockets now and then, so that no sender pays for waking them, and take the kernel's
word for when a packet came: how busy they are themselves does not look like a bad line.

`python -m bench.audience COUNT,… ROUNDS KIND:PORT:PID …` watches all of these servers, who get the
program in turns (`stream`). For each of the growing counts it prints a line, a JSON array with an
object for each server: what came, and what the process used of a core meanwhile, turn by turn.
KIND: `wide` (ours, with transport-wide feedback), `remb` (ours, without) or `janus`.
"""

import asyncio
import itertools
import json
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import uvloop
from aioice import stun
from aiortc import RTCCertificate
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_RTPFB,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    is_rtcp,
    pack_remb_fci,
)
from aiortc.sdp import MediaDescription, SessionDescription
from pylibsrtp import Error as SrtpError
from pylibsrtp import Session

from bench.janus import Watching, is_up
from bench.stream import TURN_S, turn
from streams.connections.aiortc_private import Dtls
from streams.connections.sdp import ABS_SEND_TIME, TRANSPORT_SEQUENCE
from streams.rtp.twcc import Arrivals
from tests.media import wait_until
from tests.namespaces import CLIENT, SERVER

CHECKED = 32
LOST_EACH = 200
"""Of so many packets one is said to be lost: half a per cent."""
REPORT_S, FEEDBACK_S, CHECK_S = 1.0, 0.1, 2.5
STEPS = 40
"""Moments within that interval at which some of them report."""
CHANGE_S = 0.3
"""Of a turn's beginning and end, when media may still come to another."""
SETTLE_ROUNDS = 3
"""Until little is tried out any more. Who came before has been there for longer."""
READ_S = 0.01
"""Twice as often as a jitter buffer would play sound."""
BUFFER_BYTES = 1 << 20
REMB_BPS = 5_000_000
TRANSPORT, SENT, MID = 3, 2, 4
"""Ids of the header extensions: those that Janus offers, and ours."""
PASSWORD = "p" * 24
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
"""<asm-generic/socket.h>; the socket module does not name them."""
_TIMESPEC = struct.Struct("=qq")

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
AUDIO = "a=rtpmap:111 opus/48000/2\n"
VIDEO = f"""a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;profile-level-id=42e01f
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 goog-remb
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=extmap:{SENT} {ABS_SEND_TIME}
"""
EITHER = f"a=extmap:{MID} urn:ietf:params:rtp-hdrext:sdes:mid\n"
WIDE = f"""a=rtcp-fb:{{kind}} transport-cc
a=extmap:{TRANSPORT} {TRANSPORT_SEQUENCE}
"""


class Viewer:
    """Counts what comes."""

    address = CLIENT

    def __init__(self, certificate: RTCCertificate) -> None:
        self._certificate = certificate
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((self.address, 0))
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

    @property
    def port(self) -> int:
        number: int = self._socket.getsockname()[1]
        return number

    @property
    def joined(self) -> bool:
        return self._sessions is not None

    def description(self, kinds: list[tuple[str, str]], *, wide: bool) -> str:
        """(kind, mid) of each section. `wide`: transport-wide feedback is offered."""
        mine = next(f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        text = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE "
        text += " ".join(mid for _, mid in kinds) + "\n"
        for kind, mid in kinds:
            formats = "96 97" if kind == "video" else "111"
            text += SECTION.format(
                kind=kind, mid=mid, ufrag="view", password=PASSWORD, formats=formats,
                fingerprint=f"{mine.algorithm} {mine.value}",
            )  # fmt: skip
            text += f"a=candidate:1 1 udp 2130706431 {CLIENT} {self.port} typ host\n"
            text += (AUDIO if kind == "audio" else VIDEO) + EITHER
            text += WIDE.format(kind=formats.partition(" ")[0]) if wide else ""
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
        async with asyncio.timeout(30):
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
        self._socket.sendto(datagram, self._server)

    def read(self) -> None:
        """All that has come."""
        receive = self._socket.recvmsg
        while True:
            try:
                data, notes, _, address = receive(2048, 64)
            except BlockingIOError:
                return
            seconds, rest = _TIMESPEC.unpack(notes[0][2])
            self._take(data, address, seconds * 1_000_000_000 + rest)

    def _take(self, data: bytes, address: Any, came_ns: int) -> None:
        if data[0] < 4:
            self._on_stun(data, address)
        elif data[0] < 64 and self._dtls is not None:
            self._dtls.receive(data)
        elif data[0] >= 128 and not is_rtcp(data):
            self._count(data, came_ns)

    def _on_stun(self, data: bytes, address: Any) -> None:
        message = stun.parse_message(data)
        if message.message_class == stun.Class.RESPONSE:
            self._checked.set()
        elif message.message_class == stun.Class.REQUEST:
            answer = stun.Message(
                stun.Method.BINDING, stun.Class.RESPONSE, transaction_id=message.transaction_id
            )
            answer.attributes["XOR-MAPPED-ADDRESS"] = address[:2]
            answer.add_message_integrity(PASSWORD.encode())
            answer.add_fingerprint()
            self._socket.sendto(bytes(answer), address)

    def _count(self, data: bytes, came_ns: int) -> None:
        self.packets += 1
        self.octets += len(data)
        if self._arrivals is not None and data[0] & 0x10:
            self._arrivals.add(int.from_bytes(data[17:19]), came_ns)
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
        """As browsers do: by what they tell of congestion, with it (REMB) or without."""
        infos = [RtcpReceiverInfo(ssrc, 0, 0, n, 0, 0, 0) for ssrc, n in self._ssrcs.items()]
        if not infos:
            return
        compound = bytes(RtcpRrPacket(3, infos))
        if self._arrivals is None:
            fci = pack_remb_fci(REMB_BPS, [self._video_ssrc])
            compound += bytes(RtcpPsfbPacket(RTCP_PSFB_APP, 3, 0, fci))
        self._send_rtcp(compound)

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
        self._socket.close()


@asynccontextmanager
async def reading(viewers: Iterable[Viewer]) -> AsyncIterator[None]:
    """Theirs is read meanwhile; of those too who are added to the list."""

    async def read() -> None:
        while True:
            for viewer in viewers:
                viewer.read()
            await asyncio.sleep(READ_S)

    task = asyncio.create_task(read())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def join_diemcau(
    http: aiohttp.ClientSession, viewer: Viewer, port: int, *, wide: bool = True
) -> None:
    offer = viewer.description([("audio", "0"), ("video", "1")], wide=wide)
    async with http.post(f"http://{SERVER}:{port}/whep", data=offer) as response:
        await viewer.connect(SessionDescription.parse(await response.text()).media, lite=True)


async def join_janus(http: aiohttp.ClientSession, viewer: Viewer, port: int) -> None:
    """Browsers would offer it transport-wide feedback as well; it does not take it up."""
    watching = Watching(http, port)
    media = SessionDescription.parse(await watching.offer()).media
    await watching.answer(viewer.description([(m.kind, m.rtp.muxId) for m in media], wide=False))
    await viewer.connect(media, lite=False)


def cpu_s(pid: int) -> float:
    """User and system time of a process, from the scheduler's own nanoseconds."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def memory_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


async def watch(viewers: Sequence[Viewer]) -> None:
    """For ever: reports as browsers do, each viewer at his own moment."""
    began = time.monotonic()
    for step in itertools.count():
        turn, part = divmod(step, STEPS)
        for place in range(part, len(viewers), STEPS):
            viewer = viewers[place]
            if not viewer.joined:
                continue
            viewer.feed_back()
            if (turn + place) % round(REPORT_S / FEEDBACK_S) == 0:
                viewer.report()
            if (turn + place) % round(CHECK_S / FEEDBACK_S) == 0:
                viewer.check()
        due = began + (step + 1) * FEEDBACK_S / STEPS
        await asyncio.sleep(max(0.0, due - time.monotonic()))


@dataclass(slots=True)
class Watched:
    """One server, who watches it, and what was seen of it in its turns."""

    kind: str
    port: int
    pid: int
    viewers: list[Viewer] = field(default_factory=list)
    packet_us: list[float] = field(default_factory=list)
    """CPU for each packet that came, turn by turn."""
    packets: list[int] = field(default_factory=list)
    """Of each viewer."""
    octets: int = 0
    seconds: float = 0.0

    async def join(self, http: aiohttp.ClientSession, viewer: Viewer) -> None:
        self.viewers.append(viewer)
        if self.kind == "janus":
            await wait_until(lambda: is_up(http, self.port), "Janus", 15)
            await join_janus(http, viewer, self.port)
        else:
            await join_diemcau(http, viewer, self.port, wide=self.kind == "wide")

    def begin_anew(self) -> None:
        """What was seen does not count."""
        self.packet_us, self.packets, self.octets, self.seconds = [], [], 0, 0.0

    async def measure(self, number: int) -> None:
        """In its turn of that number."""
        await until(number * TURN_S + CHANGE_S)
        used, before, began = cpu_s(self.pid), self._came(), time.monotonic()
        await until((number + 1) * TURN_S - CHANGE_S)
        used, came = cpu_s(self.pid) - used, self._came()
        self.seconds += time.monotonic() - began
        now = [b[0] - a[0] for a, b in zip(before, came, strict=True)]
        self.packet_us.append(used * 1e6 / max(1, sum(now)))
        self.packets = [a + b for a, b in zip(self.packets or [0] * len(now), now, strict=True)]
        self.octets += sum(b[1] - a[1] for a, b in zip(before, came, strict=True))

    def _came(self) -> list[tuple[int, int]]:
        return [(viewer.packets, viewer.octets) for viewer in self.viewers]

    def result(self) -> dict[str, Any]:
        packets = sum(self.packets)
        return {
            "packet_us": median(self.packet_us),
            "turns": self.packet_us,
            "cores": median(self.packet_us) * packets / self.seconds / 1e6,
            "packets_per_s": packets / self.seconds,
            "least": min(self.packets) / max(self.packets),
            "octets": self.octets / packets,
            "bad": sum(viewer.bad for viewer in self.viewers),
            "memory_bytes": memory_bytes(self.pid),
        }


async def grow(
    watched: Sequence[Watched], count: int, everybody: list[Viewer], certificate: RTCCertificate
) -> None:
    """Until each has so many viewers; those who come are read and report from then on."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as http:
        for one in watched:
            while len(one.viewers) < count:
                viewer = Viewer(certificate)
                everybody.append(viewer)
                await one.join(http, viewer)


async def measure(watched: Sequence[Watched], counts: Sequence[int], rounds: int) -> None:
    """Prints what was seen with each count."""
    certificate = RTCCertificate.generateCertificate()
    everybody: list[Viewer] = []
    async with reading(everybody):
        reporting = asyncio.create_task(watch(everybody))
        for count in counts:
            await grow(watched, count, everybody, certificate)
            for one in watched:
                one.begin_anew()
            first = turn() + 1 + SETTLE_ROUNDS * len(watched)
            for number in range(first, first + rounds * len(watched)):
                await watched[number % len(watched)].measure(number)
            print(json.dumps([one.result() for one in watched]), flush=True)
        assert not reporting.done()
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)
    for viewer in everybody:
        await viewer.leave()


async def until(moment_s: float) -> None:
    await asyncio.sleep(max(0.0, moment_s - time.monotonic()))


def main(counts: str, rounds: int, names: Sequence[str]) -> None:
    watched = []
    for name in names:
        kind, port, pid = name.split(":")
        watched.append(Watched(kind, int(port), int(pid)))
    uvloop.run(measure(watched, [int(count) for count in counts.split(",")], rounds))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
