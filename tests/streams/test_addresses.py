"""One port for IPv6 and IPv4."""

import asyncio
import socket
from dataclasses import dataclass, field

import pytest
from aioice import stun
from aiortc.sdp import SessionDescription

from config.settings import Media
from streams.udp.addresses import bound_socket, own_addresses, plain, where_told
from streams.udp.port import Port
from streams.udp.sendmmsg import Address
from tests.streams.plain_site import HALL, OFFER, relay_of


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


def test_a_check_of_the_one_address_that_is_told_is_answered_from_there() -> None:
    """A second one of its interface, as a pair of servers hands one on: browsers drop what comes
    from another than they asked."""

    async def story() -> None:
        told = "127.0.0.5"
        media = Media(port=0, addresses=(told,))
        async with relay_of([], media) as relay:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
                peer.setblocking(False)
                peer.bind(("127.0.0.1", 0))
                offer = OFFER.format(
                    password="p" * 24, fingerprint="sha-256 00:11", direction="sendonly"
                )
                answer = SessionDescription.parse((await relay.publish(HALL, offer)).answer)
                [asked] = answer.media[0].ice_candidates
                ice = answer.media[0].ice
                assert ice is not None
                assert asked.ip == told
                request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
                request.attributes["USERNAME"] = f"{ice.usernameFragment}:theirs"
                request.add_message_integrity((ice.password or "").encode())
                loop = asyncio.get_running_loop()
                await loop.sock_sendto(peer, bytes(request), (asked.ip, asked.port))
                async with asyncio.timeout(60):
                    _, source = await loop.sock_recvfrom(peer, 2048)
                assert source == (asked.ip, asked.port)

    asyncio.run(story())


def test_a_router_s_address_is_told_and_not_bound() -> None:
    for host in ("::", "0.0.0.0"):
        assert where_told(host, 0, ("203.0.113.7",)) == host
        assert where_told(host, 0, ()) == host
        assert where_told(host, 0, ("127.0.0.1", "127.0.0.5")) == host
    assert where_told("127.0.0.1", 0, ("127.0.0.5",)) == "127.0.0.1"


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
