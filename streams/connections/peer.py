"""One connection's life: offer → answer → first valid check → DTLS up → media → gone.

`Peer` knows transport only; what travels is its `Traffic`'s business.
"""

import asyncio
import logging
import secrets
import struct
import time
from collections.abc import Callable
from typing import Protocol

from aiortc import RTCCertificate
from aiortc.rtp import RTCP_RTPFB
from pylibsrtp import Error as SrtpError
from pylibsrtp import Session

from streams.connections.aiortc_private import Dtls
from streams.connections.sdp import Offer
from streams.rtp.twcc import TRANSPORT_WIDE
from streams.udp.sending import Run
from streams.udp.sendmmsg import Address
from streams.udp.srtp import Destination, Opening, tag_length

HANDSHAKE_S = 15.0
"""From the answer to keys; a browser needs 0.2 s, a lossy line a few."""
LISTEN_S = 0.05
"""FFmpeg listens for our ClientHello only after its check was answered; one that comes before is
lost, and OpenSSL takes a second to send it again."""
SILENCE_NS = 30_000_000_000
"""A peer from whom no valid media or report has come for so long is gone. Until then its line may
return, and goes on without a handshake; it counts as lost much sooner (`publishers`)."""
UNCHECKED_NS = 8_000_000_000
"""Who watches is not gone while checks come: one who only listens reports every 2.5 to 7.5 s, one
who gets nothing not at all. Browsers check every 2.5 s, aioice every 4 to 6 s. For a publisher
checks do not count: a page can be alive and send nothing."""

FEEDBACK = bytes((0x80 | TRANSPORT_WIDE, RTCP_RTPFB))
"""Transport-wide, in a packet of its own."""

log = logging.getLogger(__name__)


def ice_credentials() -> tuple[str, str]:
    """A user name fragment and a password (RFC 8445 5.3)."""
    return secrets.token_hex(4), secrets.token_hex(16)


class Traffic(Protocol):
    """What a connection is for. `on_*` get decrypted packets, and when they came, and may raise
    `ValueError`, `IndexError` or `struct.error` for malformed ones."""

    checks_suffice: bool
    """Whether ICE checks alone are a sign of life."""
    spared_ns: int
    """Until then transport-wide feedback need not be read; 0: his line is not known to be good."""

    @property
    def hurries(self) -> bool:
        """Whether it wants its `tick` each 20 ms, and not each 100 ms."""
        ...

    def on_rtp(self, packet: bytes, now_ns: int) -> None: ...
    def on_rtcp(self, compound: bytes, now_ns: int) -> None: ...
    def tick(self, now_ns: int) -> None: ...
    def on_moved(self) -> None: ...


class Peer:
    """Owned by the relay, which awaits `run` and is told of the end by its return."""

    traffic: Traffic

    def __init__(
        self,
        offer: Offer,
        certificate: RTCCertificate,
        send: Callable[[bytes, Address], None],
        send_run: Callable[[Session, Run, Address], None],
    ) -> None:
        self.id = secrets.token_urlsafe(18)
        self.ufrag, self.password = ice_credentials()
        self.offer = offer
        self.last_heard_ns = self._last_check_ns = time.monotonic_ns()
        self.connected = False
        self._send_datagram, self._send_packets = send, send_run
        self._address: Address | None = None
        self._checked_there_ns = 0
        self._checked = asyncio.Event()
        self._end = asyncio.Event()
        self._dtls = Dtls(certificate, self._send)
        self._rx: Session | None = None
        self._opening: Opening | None = None
        self._tx: Session | None = None
        self._tag = 0
        """Octets that encryption adds to a packet."""

    async def run(self) -> None:
        """From the answer to the end. Never raises for what a peer does."""
        connecting = asyncio.create_task(self._connect())
        ending = asyncio.create_task(self._end.wait())
        try:
            await asyncio.wait(
                (connecting, ending), timeout=HANDSHAKE_S, return_when=asyncio.FIRST_COMPLETED
            )
            if connecting.done() and await connecting:
                self.last_heard_ns = time.monotonic_ns()  # it had nothing to send before
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
            self._opening, self._tag = Opening(self._rx), tag_length(self._tx)
        except ConnectionError as error:
            log.info("%s: no connection: %s", self.id[:6], error)
            return False
        return True

    @property
    def has_keys(self) -> bool:
        """Whether its handshake came to a good end."""
        return self._rx is not None

    def end(self) -> None:
        self._end.set()

    # --- from the port ---

    @property
    def address(self) -> Address | None:
        return self._address

    def follow(self, address: Address) -> None:
        self._address = address
        self.traffic.on_moved()

    def on_check(self, *, nominated: bool, address: Address) -> None:
        now_ns = time.monotonic_ns()
        if address != self._address:
            # aioice and Pion nominate once and for all: whose address translation forgot him checks
            # from elsewhere, and no more from where he was.
            lost = now_ns - self._checked_there_ns > UNCHECKED_NS
            if nominated or lost or self._address is None:
                self.follow(address)
        if address == self._address:
            self._checked_there_ns = now_ns
        self._last_check_ns = now_ns
        self._checked.set()

    def on_dtls(self, datagram: bytes) -> None:
        self._dtls.receive(datagram)

    def on_media(self, datagram: bytes, came_ns: int) -> None:
        if self._opening is None:
            return
        try:
            if 192 <= datagram[1] < 224:  # a report (RFC 5761 4)
                # Who watches was sent something since it came, and his time does not go back.
                now_ns = time.monotonic_ns() if self.traffic.checks_suffice else came_ns
                # What a report begins with is not encrypted (RFC 3711 3.4).
                if datagram.startswith(FEEDBACK) and now_ns < self.traffic.spared_ns:
                    return
                self.traffic.on_rtcp(self._opening.unprotect_rtcp(datagram), now_ns)
            else:
                self.traffic.on_rtp(self._opening.unprotect(datagram), came_ns)
        except (SrtpError, ValueError, IndexError, struct.error):
            return  # forged, replayed or garbage: counts for nothing, not even as a sign of life
        self.last_heard_ns = came_ns

    # --- to the peer ---

    def _send(self, datagram: bytes) -> None:
        if self._address is not None:
            self._send_datagram(datagram, self._address)

    def send_rtp(self, packet: bytes) -> None:
        if self._tx is not None and self.connected:
            self._send(self._tx.protect(packet))

    def send_run(self, packets: Run) -> None:
        """RTP packets in order, side by side."""
        if self._tx is not None and self.connected and self._address is not None:
            self._send_packets(self._tx, packets, self._address)

    def destination(self) -> Destination | None:
        """For whoever serves many at once; None while there are no keys. `Traffic.on_moved` tells
        when it is another."""
        if self._tx is None or not self.connected or self._address is None:
            return None
        return Destination(self._tx, self._address, self._tag)

    def send_rtcp(self, packet: bytes) -> None:
        if self._tx is not None and self.connected:
            self._send(self._tx.protect_rtcp(packet))

    def is_gone(self, now_ns: int) -> bool:
        """Whether a connected peer said goodbye or fell silent."""
        if not self.connected:
            return False
        silent = now_ns - self.last_heard_ns > SILENCE_NS
        if silent and self.traffic.checks_suffice:
            silent = now_ns - self._last_check_ns > UNCHECKED_NS
        return silent or self._dtls.closed
