"""The one file that touches aiortc's private names; aiortc's version is pinned for it.

`RTCDtlsTransport` does the handshake, checks the fingerprint and derives the SRTP keys. It never
sees a media packet: those are told apart before it, at the port.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from aioice import ice
from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCRtpReceiver,
    RTCRtpSender,
)
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from aiortc.rtp import RtcpSrPacket
from cryptography.x509 import InvalidVersion
from pylibsrtp import Session

MAX_WAITING = 32
"""Datagrams of a handshake that wait for it; a whole flight has about 6. Full: the newest is lost,
and DTLS sends it again."""


class _Path:
    """What RTCDtlsTransport needs of an ICE transport."""

    state = "completed"
    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send_datagram = send
        self.incoming: asyncio.Queue[bytes] = asyncio.Queue(MAX_WAITING)

    async def _send(self, data: bytes) -> None:
        self._send_datagram(data)

    async def _recv(self) -> bytes:
        return await self.incoming.get()


class Dtls:
    """One DTLS association. `handshake` returns when its SRTP sessions are ready."""

    def __init__(self, certificate: RTCCertificate, send: Callable[[bytes], None]) -> None:
        self._path = _Path(send)
        path: Any = self._path
        self._transport = RTCDtlsTransport(path, [certificate])

    def receive(self, datagram: bytes) -> None:
        """A DTLS record from the peer's checked address."""
        if not self._path.incoming.full():
            self._path.incoming.put_nowait(datagram)

    async def handshake(
        self, role: Literal["client", "server"], fingerprints: list[RTCDtlsFingerprint]
    ) -> tuple[Session, Session]:
        """(rx, tx). Raises `ConnectionError` when it fails or the fingerprint is another's."""
        self._transport._set_role(role)
        try:
            await self._transport.start(RTCDtlsParameters(fingerprints=fingerprints))
        except (ValueError, InvalidVersion) as error:
            raise ConnectionError(f"the peer's certificate cannot be read: {error}") from error
        if self._transport.state != "connected":
            raise ConnectionError("the DTLS handshake failed")
        return self._transport._rx_srtp, self._transport._tx_srtp

    @property
    def closed(self) -> bool:
        """The peer said goodbye, or the handshake failed. Its `state` would make a text of it."""
        return self._transport._state in (State.CLOSED, State.FAILED)

    async def close(self) -> None:
        await self._transport.stop()


def on_keyframe_request(sender: RTCRtpSender, wanted: Callable[[], None]) -> None:
    """Hears a PLI for a track of packets that are encoded already: stock aiortc notes it for an
    encoder that such a track does not use. For sites that we draw ourselves."""
    hear: Any = wanted
    sender._send_keyframe = hear  # type: ignore[method-assign]


class SentTimes:
    """What the sender's reports (RFC 3550 6.4.1) say of when what a receiver decodes was made; the
    receiver itself makes nothing of them."""

    def __init__(self, receiver: RTCRtpReceiver, clock_rate: int) -> None:
        self._hear = receiver._handle_rtcp_packet
        receiver._handle_rtcp_packet = self._heard  # type: ignore[method-assign]
        self._zero = receiver._RTCRtpReceiver__timestamp_mapper  # type: ignore[attr-defined]
        self._clock_rate = clock_rate
        self._report: tuple[int, int] | None = None

    async def _heard(self, packet: Any) -> None:
        if isinstance(packet, RtcpSrPacket):
            info = packet.sender_info
            self._report = info.ntp_timestamp, info.rtp_timestamp
        await self._hear(packet)

    def ntp_s(self, pts: int) -> float | None:
        """NTP time, in seconds, of a decoded frame; None before the first report."""
        if self._report is None:
            return None
        ntp, reported = self._report
        zero: int = self._zero._origin
        since = (zero + pts - reported + (1 << 31)) % (1 << 32) - (1 << 31)
        return ntp / (1 << 32) + since / self._clock_rate


def report_truly(sender: RTCRtpSender, clock_rate: int) -> None:
    """From now on the sender's reports take encoding out: stock aiortc reports when a frame left,
    which is later by as long as the encoder and the machine took, each time another time. The least
    of all reports is true to the quickest."""
    send, least = sender._send_rtcp, list[int]()

    async def truly(packets: list[Any]) -> None:
        for packet in packets:
            if isinstance(packet, RtcpSrPacket):
                info = packet.sender_info
                media = (info.rtp_timestamp << 32) // clock_rate
                least[:] = [min([info.ntp_timestamp - media, *least])]
                info.ntp_timestamp = least[0] + media
        await send(packets)

    sender._send_rtcp = truly  # type: ignore[method-assign]


def gather_on(address: str) -> None:
    """From now on this process's peers offer candidates on this address only.

    aioice never offers loopback, and so a site that we draw ourselves could not reach its server
    on a machine without a network, or would lose it with the network.
    """
    ice.get_host_addresses = lambda **_: [address]
