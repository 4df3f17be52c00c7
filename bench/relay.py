"""CPU of the relay for each WHEP viewer.

The relay runs in a process of its own and sends a program of 1.5 Mbit/s H.264 and Opus; the
viewers are cheap but real: STUN, DTLS-SRTP, every 32nd packet decrypted, receiver reports. The
floor is a process that only gives the same datagrams to the kernel, one `sendto` each.
"""

import asyncio
import multiprocessing
import random
import socket
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import uvloop
from aioice import stun
from aiortc import RTCCertificate
from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket, is_rtcp
from aiortc.sdp import SessionDescription
from pylibsrtp import Session

from bench.figure import Figure
from config.settings import Media, Program
from streams.aiortc_private import Dtls
from streams.frames import Codec, Feed, Packet
from streams.relay import Audience, Rates, Relay

VIEWERS = (1, 10, 40)
MEASURED_S = 6.0
FPS = 25
FRAME_BYTES = 1_400_000 // 8 // FPS
SOUND_BYTES = 200
CHECKED = 32
BURST = 20


def access_unit(size: int, *, key: bool) -> bytes:
    """Looks like H.264 from outside."""
    return b"\0\0\0\1" + bytes((0x65 if key else 0x41,)) + b"\xaa" * size


async def _program(relay: Relay, stop: asyncio.Event) -> None:
    began, tick = time.monotonic(), 0
    while not stop.is_set():
        if tick % 2 == 0:
            frame = tick // 2
            key = frame % 50 == 0
            unit = access_unit(FRAME_BYTES, key=key)
            relay.send(Packet(Feed.ROOM, Codec.H264, frame * 90_000 // FPS, key, True, unit))
        relay.send(Packet(Feed.ROOM, Codec.OPUS, tick * 960, True, True, b"\xaa" * SOUND_BYTES))
        tick += 1
        await asyncio.sleep(max(0, began + tick * 0.02 - time.monotonic()))


async def _relay(pipe: Pipe) -> None:
    relay = Relay(
        Media(host="127.0.0.1", port=0),
        Rates.of(Program()),
        on_frame=lambda _frame: None,
        on_source_gone=lambda _site: None,
        on_keyframe_wanted=lambda _feed: None,
    )
    await relay.start()
    relay.set_public(take_room=True)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    async def answer(offer: str) -> None:
        pipe.send((await relay.view(Audience(room=False, site=None), offer)).answer)

    def asked() -> None:
        offer = pipe.recv()
        if offer is None:
            stop.set()
        else:
            tasks.append(loop.create_task(answer(offer)))

    tasks: list[asyncio.Task[None]] = []
    loop.add_reader(pipe.fileno(), asked)
    await _program(relay, stop)
    await asyncio.gather(*tasks)
    await relay.close()


def _relay_process(pipe: Pipe) -> None:
    uvloop.run(_relay(pipe))


OFFER = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=ice-ufrag:{ufrag}
a=ice-pwd:{password}
a=fingerprint:{fingerprint}
a=setup:active
a=mid:0
a=recvonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=ice-ufrag:{ufrag}
a=ice-pwd:{password}
a=fingerprint:{fingerprint}
a=setup:active
a=mid:1
a=recvonly
a=rtcp-mux
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;profile-level-id=42e01f
"""


class Viewer(asyncio.DatagramProtocol):
    """Counts what comes."""

    def __init__(self, certificate: RTCCertificate) -> None:
        self._certificate = certificate
        self._transport: asyncio.DatagramTransport | None = None
        self._dtls: Dtls | None = None
        self._sessions: tuple[Session, Session] | None = None
        self._port = 0
        self.packets = self.octets = self.bad = 0
        self.checked = asyncio.Event()

    def offer(self) -> str:
        mine = next(f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        return OFFER.format(
            ufrag="view", password="p" * 24, fingerprint=f"{mine.algorithm} {mine.value}"
        )

    async def join(self, answer: str) -> None:
        media = SessionDescription.parse(answer).media[0]
        assert media.ice
        assert media.ice.usernameFragment
        assert media.ice.password
        assert media.dtls
        self._port = media.port
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{media.ice.usernameFragment}:view"
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(media.ice.password.encode())
        self._send(bytes(request))
        await asyncio.wait_for(self.checked.wait(), 5)
        self._dtls = Dtls(self._certificate, self._send)
        self._sessions = await self._dtls.handshake("client", list(media.dtls.fingerprints))

    def _send(self, datagram: bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(datagram, ("127.0.0.1", self._port))

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        if data[0] < 4:
            self.checked.set()
        elif data[0] < 64 and self._dtls is not None:
            self._dtls.receive(data)
        elif data[0] >= 128 and not is_rtcp(data):
            self.packets += 1
            self.octets += len(data)
            if self.packets % CHECKED == 0 and self._sessions is not None:
                self._check(data)

    def _check(self, data: bytes) -> None:
        assert self._sessions is not None
        try:
            self._sessions[0].unprotect(data)
        except Exception:  # the count is the finding
            self.bad += 1

    def report(self) -> None:
        assert self._sessions is not None
        info = RtcpReceiverInfo(2, 0, 0, self.packets & 0xFFFFFFFF, 0, 0, 0)
        self._send(self._sessions[1].protect_rtcp(bytes(RtcpRrPacket(3, [info]))))

    async def leave(self) -> None:
        if self._dtls is not None:
            await self._dtls.close()
        if self._transport is not None:
            self._transport.close()


def _cpu_s(pid: int) -> float:
    """User and system time, from the scheduler's own nanoseconds."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


async def _measured(count: int) -> tuple[float, int, float]:
    """The relay's cores, packets that arrived each second, and their mean size."""
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_relay_process, args=(theirs,))
    child.start()
    certificate = RTCCertificate.generateCertificate()
    viewers = [Viewer(certificate) for _ in range(count)]
    for viewer in viewers:
        ours.send(viewer.offer())
        await viewer.join(await asyncio.to_thread(ours.recv))
    await asyncio.sleep(1)
    assert child.pid is not None
    before = _cpu_s(child.pid), sum(v.packets for v in viewers), sum(v.octets for v in viewers)
    began = time.monotonic()
    while time.monotonic() - began < MEASURED_S:
        for viewer in viewers:
            viewer.report()
        await asyncio.sleep(1)
    took = time.monotonic() - began
    packets = sum(v.packets for v in viewers) - before[1]
    octets = sum(v.octets for v in viewers) - before[2]
    cores = (_cpu_s(child.pid) - before[0]) / took
    assert not any(viewer.bad for viewer in viewers)
    for viewer in viewers:
        await viewer.leave()
    ours.send(None)
    await asyncio.to_thread(child.join)
    return cores, round(packets / took), octets / max(1, packets)


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
        cores, rate, size = uvloop.run(_measured(count))
        floor = _floor_s(round(size)) * rate / count * 100
        name = f"relay, CPU of each of {count} viewers"
        yield Figure(name, cores * 100 / count, "% of a core", floor, "sendto alone")


if __name__ == "__main__":
    for figure in figures():
        print(figure)
