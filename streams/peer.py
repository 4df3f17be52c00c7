"""One connection's life: offer → answer → first valid check → DTLS up → media → gone.

`Peer` knows transport only; what travels is its `Traffic`'s business.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from typing import Protocol

from aiortc import RTCCertificate
from aiortc.rtp import AnyRtcpPacket, RtcpPacket, is_rtcp
from pylibsrtp import Error as SrtpError
from pylibsrtp import Session

from streams.aiortc_private import Dtls
from streams.port import Address
from streams.sdp import Offer

HANDSHAKE_S = 15.0
"""From the answer to keys; a browser needs 0.2 s, a lossy line a few."""
LISTEN_S = 0.05
"""FFmpeg listens for our ClientHello only after its check was answered; one that comes before is
lost, and OpenSSL takes a second to send it again."""
SILENCE_NS = 5_000_000_000
"""A peer from whom nothing valid has come for so long is gone. Checks alone do not count for a
publisher: a page can be alive and send nothing."""

log = logging.getLogger(__name__)


class Traffic(Protocol):
    def on_rtp(self, packet: bytes, now_ns: int) -> None: ...
    def on_rtcp(self, packets: list[AnyRtcpPacket], now_ns: int) -> None: ...
    def tick(self, now_ns: int) -> None: ...


class Peer:
    """Owned by the relay, which awaits `run` and is told of the end by its return."""

    traffic: Traffic

    def __init__(
        self, offer: Offer, certificate: RTCCertificate, send: Callable[[bytes, Address], None]
    ) -> None:
        self.id = secrets.token_urlsafe(18)
        self.ufrag = secrets.token_hex(4)
        self.password = secrets.token_hex(16)
        self.offer = offer
        self.last_heard_ns = time.monotonic_ns()
        self.connected = False
        self._send_datagram = send
        self._address: Address | None = None
        self._checked = asyncio.Event()
        self._end = asyncio.Event()
        self._dtls = Dtls(certificate, self._send)
        self._rx: Session | None = None
        self._tx: Session | None = None

    async def run(self) -> None:
        """From the answer to the end. Never raises for what a peer does."""
        connecting = asyncio.create_task(self._connect())
        ending = asyncio.create_task(self._end.wait())
        try:
            await asyncio.wait(
                (connecting, ending), timeout=HANDSHAKE_S, return_when=asyncio.FIRST_COMPLETED
            )
            if connecting.done() and await connecting:
                self.connected = True
                await ending
        finally:
            self.connected = False
            for task in (connecting, ending):
                task.cancel()
            await asyncio.gather(connecting, ending, return_exceptions=True)
            await self._dtls.close()

    async def _connect(self) -> bool:
        """Whether there are keys now."""
        await self._checked.wait()
        if self.offer.dtls_role == "client":
            await asyncio.sleep(LISTEN_S)
        try:
            self._rx, self._tx = await self._dtls.handshake(
                self.offer.dtls_role, list(self.offer.fingerprints)
            )
        except ConnectionError as error:
            log.info("%s: no connection: %s", self.id[:6], error)
            return False
        return True

    def end(self) -> None:
        self._end.set()

    # --- from the port ---

    def on_check(self, *, nominated: bool, address: Address) -> None:
        if nominated or self._address is None:
            self._address = address
        self._checked.set()

    def on_dtls(self, datagram: bytes) -> None:
        self._dtls.receive(datagram)

    def on_media(self, datagram: bytes) -> None:
        if self._rx is None:
            return
        now_ns = time.monotonic_ns()
        try:
            if is_rtcp(datagram):
                packets = RtcpPacket.parse(self._rx.unprotect_rtcp(datagram))
                self.traffic.on_rtcp(packets, now_ns)
            else:
                self.traffic.on_rtp(self._rx.unprotect(datagram), now_ns)
        except (SrtpError, ValueError):
            return  # forged, replayed or garbage: counts for nothing, not even as a sign of life
        self.last_heard_ns = now_ns

    # --- to the peer ---

    def _send(self, datagram: bytes) -> None:
        if self._address is not None:
            self._send_datagram(datagram, self._address)

    def send_rtp(self, packet: bytes) -> None:
        if self._tx is not None and self.connected:
            self._send(self._tx.protect(packet))

    def send_rtcp(self, packet: bytes) -> None:
        if self._tx is not None and self.connected:
            self._send(self._tx.protect_rtcp(packet))

    def is_gone(self, now_ns: int) -> bool:
        silent = self.connected and now_ns - self.last_heard_ns > SILENCE_NS
        return silent or (self.connected and self._dtls.closed)
