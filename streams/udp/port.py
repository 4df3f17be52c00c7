"""The one UDP port: tells STUN, DTLS and SRTP apart (RFC 7983) and finds the peer.

Addresses are bound by STUN checks only: a request with a known ufrag and a valid
MESSAGE-INTEGRITY (RFC 8445 7.3). Whatever else comes from an unbound address is dropped and
counted, without an answer.
"""

import socket
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol, cast

from pylibsrtp import Session

from streams.lag import Lag
from streams.rtp.bursts import Burst
from streams.udp import stun as checks
from streams.udp.addresses import bound_socket, plain
from streams.udp.many import Many, Out
from streams.udp.receiving import Receiving
from streams.udp.sending import Run, Sending
from streams.udp.sendmmsg import Address
from streams.udp.waking import Haste

BUFFER_BYTES = 4 * 1024 * 1024
"""Keyframes come and go in bursts. The kernel gives as much of it as it allows."""
OVERHEARD_BITS = 1 << 17
"""Of each peer, 16 KiB. A browser checks 20,000 times in twelve hours; then one in thirty of those
that it makes from a new address is taken for one of before, and the next is not."""
MAX_ADDRESSES = 8
"""A browser checks from each of its interfaces; the one unchecked for longest is forgotten."""
IN_A_ROW = 5
"""Valid packets that come by another way, and none by the one before, until a peer is sent to by
that. Chromium nominates a way some two seconds after it sends by it; what is told to where it was
would be lost till then, and its estimate with it. Fewer may be late ones of the way before."""


def _ignore(_now_ns: int) -> None:
    """Nobody is awake."""


class Endpoint(Protocol):
    """A peer, as the port sees it."""

    ufrag: str
    password: str
    last_heard_ns: int
    """When the last valid packet came, `on_media`."""

    @property
    def address(self) -> Address | None:
        """Where it is sent to."""
        ...

    def follow(self, address: Address) -> None:
        """It is sent to there from now on."""
        ...

    def on_check(self, *, nominated: bool, address: Address) -> None: ...
    def on_dtls(self, datagram: bytes) -> None: ...
    def on_media(self, datagram: bytes, came_ns: int) -> None: ...


class Known(NamedTuple):
    """Whom a ufrag stands for, and what a check of that name is signed with."""

    endpoint: Endpoint
    password: str


class Elsewhere:
    """A peer, for what comes from an address that it checked from and is not sent to."""

    def __init__(
        self, endpoint: Endpoint, address: Address, follow: Callable[[Endpoint, Address], None]
    ) -> None:
        self.endpoint = endpoint
        self._address, self._follow = address, follow
        self._in_a_row = self._heard_ns = 0

    def on_dtls(self, datagram: bytes) -> None:
        self.endpoint.on_dtls(datagram)

    def on_media(self, datagram: bytes, came_ns: int) -> None:
        before_ns = self.endpoint.last_heard_ns
        self.endpoint.on_media(datagram, came_ns)
        heard_ns = self.endpoint.last_heard_ns
        if heard_ns == before_ns:
            return  # it was not valid
        self._in_a_row = self._in_a_row + 1 if before_ns == self._heard_ns else 1
        self._heard_ns = heard_ns
        if self._in_a_row == IN_A_ROW:
            self._follow(self.endpoint, self._address)


class Transactions:
    """All checks that a peer ever made, so that none is believed twice: a Bloom filter. Their IDs
    are random (RFC 8489 5) and need no hashing."""

    def __init__(self) -> None:
        self._bits = bytearray(OVERHEARD_BITS // 8)

    def add(self, transaction: bytes) -> bool:
        """Whether it was there already; sometimes so of one that was not."""
        known, bits = True, self._bits
        for at in range(0, 12, 3):
            place = int.from_bytes(transaction[at : at + 3]) % OVERHEARD_BITS
            bit = 1 << (place & 7)
            known &= bits[place >> 3] & bit != 0
            bits[place >> 3] |= bit
        return known


class Port:
    """Datagrams in by address, out by `send`."""

    def __init__(self, turn: Callable[[int], Haste] = lambda _: Haste.SOME) -> None:
        """`turn`: as of `Receiving`."""
        self._turn = turn
        self.lag = Lag()
        """Of the event loop."""
        self._by_ufrag: dict[bytes, Known] = {}
        self._before: dict[str, bytes] = {}
        """By the ufrag that a peer got in an ICE restart and did not use yet: the one before."""
        self._by_address: dict[Address, Endpoint | Elsewhere] = {}
        self._addresses: dict[str, deque[Address]] = {}
        self._transactions: dict[str, Transactions] = {}
        """Of the checks that each peer made."""
        self._socket: socket.socket | None = None
        self._receiving: Receiving | None = None
        self._sending: Sending | None = None
        self.on_program: Callable[[int], None] = _ignore
        """A packet of the program went out: whoever is awake for it does all that is due."""
        self.strangers = 0
        """Datagrams dropped because nobody here expected them."""
        self.number = 0
        """Once it is open."""

    async def open(self, host: str, port: int) -> int:
        """Its number. Raises `OSError` where it cannot be had."""
        sock = bound_socket(host, port, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        self._socket, self._sending = sock, Sending(sock)
        self._receiving = Receiving(sock, self.datagram_received, self._turn, self.lag)
        self.on_program = self._receiving.on_program
        self.number = cast(int, sock.getsockname()[1])
        return self.number

    def close(self) -> None:
        if self._socket is None or self._sending is None or self._receiving is None:
            return
        self._receiving.close()
        self._sending.close()
        self._socket.close()
        self._socket = self._sending = self._receiving = None
        self.on_program = _ignore

    @property
    def congested(self) -> bool:
        """The kernel takes no more for now."""
        return self._sending is not None and self._sending.congested

    @property
    def dropped(self) -> int:
        """Datagrams not sent because too many waited already, or because they cannot be."""
        return 0 if self._sending is None else self._sending.dropped

    def be_patient(self, patience_s: float) -> None:
        """As of `Receiving`."""
        if self._receiving is not None:
            self._receiving.be_patient(patience_s)

    def datagram_received(self, data: bytes, addr: Address, came_ns: int) -> None:
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
            endpoint.on_media(data, came_ns)

    def _on_stun(self, data: bytes, address: Address) -> None:
        """Answers a valid connectivity check and binds its address; all else has no answer."""
        check = checks.read(data)
        known = None if check is None else self._by_ufrag.get(check.ufrag)
        if check is None or known is None or not check.is_by(known.password):
            self.strangers += 1
            return
        endpoint = known.endpoint
        if (seen := self._transactions.get(endpoint.ufrag)) is None:
            seen = self._transactions[endpoint.ufrag] = Transactions()
        if seen.add(check.transaction) and not self._is_of(endpoint, address):
            self.strangers += 1  # a check that was overheard, and is said again from elsewhere
            return
        if self._before and check.ufrag == endpoint.ufrag.encode():
            self._forget_before(endpoint)
        self._bind(endpoint, address)
        host, port = plain(address[0]), address[1]
        self.send(checks.answer(check.transaction, known.password, host, port), address)
        endpoint.on_check(nominated=check.nominated, address=address)
        self._place(endpoint)

    def _is_of(self, endpoint: Endpoint, address: Address) -> bool:
        found = self._by_address.get(address)
        return found is endpoint or (isinstance(found, Elsewhere) and found.endpoint is endpoint)

    def _follow(self, endpoint: Endpoint, address: Address) -> None:
        endpoint.follow(address)
        self._place(endpoint)

    def _place(self, endpoint: Endpoint) -> None:
        """What comes from where it is sent to is its own, and costs no look at where that is."""
        for address in self._addresses[endpoint.ufrag]:
            if not self._is_of(endpoint, address):
                continue  # somebody else checked from there since
            if address == endpoint.address:
                self._by_address[address] = endpoint
            elif self._by_address[address] is endpoint:
                self._by_address[address] = Elsewhere(endpoint, address, self._follow)

    def _bind(self, endpoint: Endpoint, address: Address) -> None:
        """Media from this address is this peer's now, however many addresses it checks from."""
        bound = self._addresses.setdefault(endpoint.ufrag, deque())
        if address in bound:
            bound.remove(address)
        bound.append(address)
        if not self._is_of(endpoint, address):
            self._by_address[address] = endpoint
        if len(bound) > MAX_ADDRESSES:
            self._forget(endpoint, bound.popleft())

    def _forget(self, endpoint: Endpoint, address: Address) -> None:
        if self._is_of(endpoint, address):
            del self._by_address[address]

    def add(self, endpoint: Endpoint) -> None:
        self._by_ufrag[endpoint.ufrag.encode()] = Known(endpoint, endpoint.password)

    def rename(self, endpoint: Endpoint, ufrag: str, password: str) -> None:
        """An ICE restart: its addresses stay bound. The credentials it used before are good until
        it checks with the new ones (RFC 8445 9): a browser checks by the new way before it has our
        answer, and keeps the pair that it found so."""
        old = endpoint.ufrag
        if (before := self._before.pop(old, None)) is None:
            before = old.encode()
        else:
            del self._by_ufrag[old.encode()]  # it never used them
        self._before[ufrag] = before
        if old in self._addresses:
            self._addresses[ufrag] = self._addresses.pop(old)
            self._transactions[ufrag] = self._transactions.pop(old)
        endpoint.ufrag, endpoint.password = ufrag, password
        self.add(endpoint)

    def _forget_before(self, endpoint: Endpoint) -> None:
        if (before := self._before.pop(endpoint.ufrag, None)) is not None:
            del self._by_ufrag[before]

    def remove(self, endpoint: Endpoint) -> None:
        self._forget_before(endpoint)
        self._by_ufrag.pop(endpoint.ufrag.encode(), None)
        self._transactions.pop(endpoint.ufrag, None)
        for address in self._addresses.pop(endpoint.ufrag, ()):
            self._forget(endpoint, address)

    def send(self, datagram: bytes, address: Address) -> None:
        """Now, or as soon as the kernel takes it."""
        if self._sending is not None:
            self._sending.send(datagram, address)

    def send_run(self, session: Session, packets: Run, address: Address) -> None:
        """Encrypts RTP packets for one peer and sends them. Raises `pylibsrtp.Error`."""
        if self._sending is not None:
            self._sending.send_run(session, packets, address)

    @property
    def out(self) -> Out:
        """Its sending half, for whoever sends to many; nothing stands between while it is open."""
        return self._sending or self

    def send_same(self, burst: Burst, many: Many, before: int) -> None:
        """Encrypts packets that were laid once for many, and sends them (`Sending.send_same`)."""
        if self._sending is not None:
            self._sending.send_same(burst, many, before)
