"""A site that is made here octet by octet, over loopback: each of its datagrams can be kept, said
again, bent and sent from elsewhere."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aioice import stun
from aiortc import RTCCertificate
from aiortc.sdp import SessionDescription

from config.settings import Media, Program
from streams.connections.aiortc_private import Dtls
from streams.downlink.viewer import Audience
from streams.frames import EncodedFrame, SiteId
from streams.relay import Rates, Relay
from tests.media import PATIENCE_S, wait_until

HALL = SiteId("hall")
LOOPBACK = Media(host="127.0.0.1", port=0)
PASSWORD = "p" * 24
OFFER = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=ice-ufrag:site
a=ice-pwd:{password}
a=fingerprint:{fingerprint}
a=setup:active
a=mid:0
a={direction}
a=rtcp-mux
a=rtpmap:111 opus/48000/2
"""


class Site(asyncio.DatagramProtocol):
    """Publishes sound, or listens; keeps all that it sent."""

    def __init__(
        self, relay: Relay, *, fingerprint: str | None = None, listens: bool = False
    ) -> None:
        """`fingerprint`: another one than its certificate has."""
        self._relay, self._fingerprint, self._listens = relay, fingerprint, listens
        self._certificate = RTCCertificate.generateCertificate()
        self._dtls = Dtls(self._certificate, self.send)
        self.sent: list[bytes] = []
        self._answered = asyncio.Event()
        self.number = 0
        """Of its next packet of sound."""

    async def join(self) -> None:
        """Raises `ConnectionError` where DTLS fails."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        mine = next(f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        value = self._fingerprint or mine.value
        offer = OFFER.format(
            password=PASSWORD,
            fingerprint=f"sha-256 {value}",
            direction="recvonly" if self._listens else "sendonly",
        )
        joining = (
            self._relay.view(Audience(room=True), offer)
            if self._listens
            else self._relay.publish(HALL, offer)
        )
        [media] = SessionDescription.parse((await joining).answer).media
        assert media.ice is not None
        assert media.dtls is not None
        self.ufrag, self.password = media.ice.usernameFragment, media.ice.password
        await self.check_again()
        handshake = self._dtls.handshake("client", list(media.dtls.fingerprints))
        _, self._session = await asyncio.wait_for(handshake, PATIENCE_S)

    def check(
        self, password: str | None = None, ufrag: str | None = None, *, nominates: bool = True
    ) -> bytes:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{ufrag or self.ufrag}:site"
        if nominates:
            request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity((password or self.password or "").encode())
        request.add_fingerprint()
        return bytes(request)

    def unsigned(self) -> bytes:
        """A check of who has only heard the name."""
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self.ufrag}:site"
        request.attributes["USE-CANDIDATE"] = None
        return bytes(request)

    async def check_again(self, check: bytes = b"") -> None:
        """All that it sent before was read when its answer is here. `check`: word for word."""
        self._answered.clear()
        self.send(check or self.check())
        await asyncio.wait_for(self._answered.wait(), PATIENCE_S)

    def send(self, datagram: bytes, by: socket.socket | None = None) -> None:
        """`by`: another way than its own."""
        self.sent.append(datagram)
        (by or self._transport).sendto(datagram, ("127.0.0.1", self._relay.port))

    def speak(self, count: int = 1, by: socket.socket | None = None) -> None:
        for _ in range(count):
            head = struct.pack("!BBHII", 0x80, 111, self.number, self.number * 960, 7)
            self.number += 1
            self.send(self._session.protect(head + b"\xfc\x01"), by)

    def report(self) -> None:
        """That it received nothing (RFC 3550 6.4.2)."""
        self.send(self._session.protect_rtcp(struct.pack("!BBHI", 0x80, 201, 1, 7)))

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data[0] < 4:
            self._answered.set()
        elif data[0] < 64:
            self._dtls.receive(data)

    async def leave(self) -> None:
        self._transport.close()


@asynccontextmanager
async def joined() -> AsyncIterator[tuple[Relay, Site, list[EncodedFrame]]]:
    """A site that was heard already."""
    frames: list[EncodedFrame] = []
    async with relay_of(frames) as relay:
        site = Site(relay)
        await site.join()
        await speaks(site, frames)
        try:
            yield relay, site, frames
        finally:
            await site.leave()


@asynccontextmanager
async def relay_of(frames: list[EncodedFrame], settings: Media = LOOPBACK) -> AsyncIterator[Relay]:
    relay = Relay(
        settings,
        Rates.of(Program()),
        on_frame=frames.append,
        on_source_gone=lambda _site: None,
        on_keyframe_wanted=lambda _feed: None,
    )
    await relay.start()
    try:
        yield relay
    finally:
        await relay.close()


async def speaks(
    site: Site, frames: list[EncodedFrame], count: int = 10, by: socket.socket | None = None
) -> None:
    """All that it says from now on is heard."""
    first = site.number
    site.speak(count, by)
    meant = [number * 960 for number in range(first, site.number)]
    await wait_until(lambda: [frame.pts for frame in frames[-count:]] == meant, "its sound")


async def is_heard(site: Site, frames: list[EncodedFrame]) -> None:
    """Sooner or later something that it says from now on: among so much the kernel may drop some.
    All that came before that was read then."""
    first = site.number * 960

    def more() -> bool:
        site.speak()
        return bool(frames) and frames[-1].pts >= first

    await wait_until(more, "its sound")


async def settled(relay: Relay, strangers: int) -> None:
    """So many datagrams were found to be nobody's."""
    await wait_until(lambda: relay.port_counts().strangers >= strangers, "strangers")


def stranger() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
