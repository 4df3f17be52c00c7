"""One port for IPv6 and IPv4."""

import asyncio
import socket
from dataclasses import dataclass, field

import pytest
from aioice import stun

from streams.udp.addresses import bound_socket, own_addresses, plain
from streams.udp.port import Port
from streams.udp.sendmmsg import Address


@dataclass
class Endpoint:
    ufrag: str = "ours"
    password: str = "p" * 24
    last_heard_ns: int = 0
    address: Address | None = None
    addresses: list[Address] = field(default_factory=list)

    def follow(self, address: Address) -> None:
        self.address = address

    def on_check(self, *, nominated: bool, address: Address) -> None:
        assert nominated
        self.addresses.append(address)
        self.follow(address)

    def on_dtls(self, datagram: bytes) -> None: ...
    def on_media(self, datagram: bytes, came_ns: int) -> None: ...


def check() -> bytes:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = "ours:theirs"
    request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity(b"p" * 24)
    request.add_fingerprint()
    return bytes(request)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_check_of_either_family_is_answered_with_the_address_it_came_from(address: str) -> None:
    endpoint = Endpoint()

    async def story() -> tuple[str, int]:
        port = Port()
        number = await port.open("::", 0)
        port.add(endpoint)
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(kind, socket.SOCK_DGRAM) as peer:
            peer.setblocking(False)
            peer.bind((address, 0))
            loop = asyncio.get_running_loop()
            await loop.sock_sendto(peer, check(), (address, number))
            async with asyncio.timeout(60):
                answer = stun.parse_message(await loop.sock_recv(peer, 2048))
            port.close()
            mapped: tuple[str, int] = answer.attributes["XOR-MAPPED-ADDRESS"]
            assert mapped == peer.getsockname()[:2]
            return mapped

    host, number = asyncio.run(story())
    [bound] = endpoint.addresses
    assert (plain(bound[0]), bound[1]) == (host, number)


def test_one_family_alone_is_bound_where_its_address_is_named() -> None:
    for host, family in (("0.0.0.0", socket.AF_INET), ("::1", socket.AF_INET6)):
        with bound_socket(host, 0, socket.SOCK_STREAM) as bound:
            assert bound.family == family
            assert bound.getsockname()[0] == host


def test_candidates_are_of_both_families_and_loopback_comes_last() -> None:
    both, four = own_addresses("::"), own_addresses("0.0.0.0")
    assert set(four) < set(both)
    assert both[-2:] == ("127.0.0.1", "::1")
    assert not any(":" in address for address in four)
    assert own_addresses("203.0.113.7") == ("203.0.113.7",)
