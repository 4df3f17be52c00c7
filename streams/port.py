"""The one UDP port: tells STUN, DTLS and SRTP apart (RFC 7983) and finds the peer.

Addresses are bound by STUN checks only: a request with a known ufrag and a valid
MESSAGE-INTEGRITY (RFC 8445 7.3). Whatever else comes from an unbound address is dropped and
counted, without an answer.
"""

import asyncio
import socket
import struct
from collections import deque
from typing import Protocol, cast

from aioice import stun

Address = tuple[str, int]
BINDING_REQUEST = (stun.Method.BINDING, stun.Class.REQUEST)
BUFFER_BYTES = 4 * 1024 * 1024
"""Keyframes come and go in bursts. The kernel gives as much of it as it allows."""
MAX_ADDRESSES = 8
"""A browser checks from each of its interfaces; the one unchecked for longest is forgotten."""
CONGESTED_BYTES = 256 * 1024
"""What may wait in the loop when the kernel's buffer is full; viewers lose whole access units
until it has drained."""
FULL_BYTES = 4 * CONGESTED_BYTES
"""Beyond it datagrams of any kind are dropped."""


class Endpoint(Protocol):
    """A peer, as the port sees it."""

    ufrag: str
    password: str

    def on_check(self, *, nominated: bool, address: Address) -> None: ...
    def on_dtls(self, datagram: bytes) -> None: ...
    def on_media(self, datagram: bytes) -> None: ...


class Transport(Protocol):
    """What asyncio's and uvloop's datagram transports both have; typeshed names but half of it."""

    def sendto(self, data: bytes, addr: Address) -> None: ...
    def set_write_buffer_limits(self, high: int) -> None: ...
    def get_write_buffer_size(self) -> int: ...
    def is_closing(self) -> bool: ...
    def close(self) -> None: ...


class Port(asyncio.DatagramProtocol):
    """Datagrams in by address, out by `send`."""

    def __init__(self) -> None:
        self._by_ufrag: dict[str, Endpoint] = {}
        self._by_address: dict[Address, Endpoint] = {}
        self._addresses: dict[str, deque[Address]] = {}
        self._transport: Transport | None = None
        self.strangers = 0
        """Datagrams dropped because nobody here expected them."""
        self.congested = False
        """The kernel takes no more for now."""
        self.dropped = 0
        """Datagrams dropped because too many waited already."""

    async def open(self, host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        self._transport = cast(Transport, transport)
        self._transport.set_write_buffer_limits(high=CONGESTED_BYTES)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        return cast(int, transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def pause_writing(self) -> None:
        self.congested = True

    def resume_writing(self) -> None:
        self.congested = False

    def datagram_received(self, data: bytes, addr: Address) -> None:
        first = data[0] if data else 255
        if first < 4:
            self._on_stun(data, addr)
            return
        endpoint = self._by_address.get(addr)
        if endpoint is None:
            self.strangers += 1
        elif 20 <= first < 64:
            endpoint.on_dtls(data)
        elif 128 <= first < 192:
            endpoint.on_media(data)

    def _on_stun(self, data: bytes, address: Address) -> None:
        """Answers a valid connectivity check and binds its address; all else has no answer."""
        try:
            request = stun.parse_message(data)
        except (ValueError, IndexError, struct.error):
            self.strangers += 1
            return
        ours = str(request.attributes.get("USERNAME", "")).partition(":")[0]
        endpoint = self._by_ufrag.get(ours)
        is_check = (request.message_method, request.message_class) == BINDING_REQUEST
        if (
            endpoint is None
            or not is_check
            or not request.check_message_integrity(endpoint.password.encode())
        ):
            self.strangers += 1
            return
        self._bind(endpoint, address)
        response = stun.Message(
            stun.Method.BINDING,
            stun.Class.RESPONSE,
            transaction_id=request.transaction_id,
            attributes={"XOR-MAPPED-ADDRESS": address[:2]},
        )
        response.add_message_integrity(endpoint.password.encode())
        self.send(bytes(response), address)
        endpoint.on_check(nominated="USE-CANDIDATE" in request.attributes, address=address)

    def _bind(self, endpoint: Endpoint, address: Address) -> None:
        """Media from this address is this peer's now, however many addresses it checks from."""
        bound = self._addresses.setdefault(endpoint.ufrag, deque())
        if address in bound:
            bound.remove(address)
        bound.append(address)
        self._by_address[address] = endpoint
        if len(bound) > MAX_ADDRESSES:
            self._forget(endpoint, bound.popleft())

    def _forget(self, endpoint: Endpoint, address: Address) -> None:
        if self._by_address.get(address) is endpoint:
            del self._by_address[address]

    def error_received(self, exc: Exception) -> None:
        """A peer's port is closed (ICMP); its silence will tell."""

    def add(self, endpoint: Endpoint) -> None:
        self._by_ufrag[endpoint.ufrag] = endpoint

    def remove(self, endpoint: Endpoint) -> None:
        self._by_ufrag.pop(endpoint.ufrag, None)
        for address in self._addresses.pop(endpoint.ufrag, ()):
            self._forget(endpoint, address)

    def send(self, datagram: bytes, address: Address) -> None:
        """Now or never, in order."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self.congested and transport.get_write_buffer_size() > FULL_BYTES:
            self.dropped += 1
            return
        transport.sendto(datagram, address)
