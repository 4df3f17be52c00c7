"""Runs of packets to the kernel, with and without its help; and a kernel that takes no more."""

import asyncio
import os
import socket
from collections.abc import Iterator

import pytest
from pylibsrtp import Error, Policy, Session

from streams.udp import sending
from streams.udp.sending import CONGESTED_OCTETS, FULL_OCTETS, MAX_SEGMENTS, Sending
from tests.media import wait_until

KEY = bytes(range(44))
HEAD = b"\x80\x60"
SSRC = b"\0\0\0\x09"


def session(direction: int) -> Session:
    return Session(
        Policy(key=KEY, ssrc_type=direction, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_256_GCM)
    )


def packets(*sizes: int, first: int = 0) -> list[tuple[bytes, bytes]]:
    return [
        (HEAD + (first + i).to_bytes(2) + bytes(4) + SSRC, bytes((i & 0xFF,)) * size)
        for i, size in enumerate(sizes)
    ]


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(60)
        yield peer


@pytest.mark.parametrize("segments", [True, False])
@pytest.mark.parametrize(
    "sizes",
    [
        (5,),
        (40, 1200, 1200, 1200, 700),
        (1200, 700, 1200),
        (3, 2, 2, 1, 4),
        (1200,) * (MAX_SEGMENTS * 2 + 1),
        (1400,) * 60,
    ],
)
def test_a_run_arrives_whole_and_in_order(
    peer: socket.socket, sizes: tuple[int, ...], segments: bool
) -> None:
    run, theirs = packets(*sizes), session(Policy.SSRC_ANY_INBOUND)

    async def story() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.setblocking(False)
            out = Sending(ours, segments=segments)
            out.send_run(session(Policy.SSRC_ANY_OUTBOUND), run, peer.getsockname())
            out.close()
            assert out.dropped == 0

    asyncio.run(story())
    assert [theirs.unprotect(peer.recv(2048)) for _ in run] == [head + body for head, body in run]


class Moody(socket.socket):
    """The kernel, which takes nothing while it is `full`, and cuts nothing where it `refuses`."""

    full = False
    refuses: int | None = None

    def sendto(self, data: bytes, address: tuple[str, int]) -> int:  # type: ignore[override]
        if self.full:
            raise BlockingIOError
        return super().sendto(data, address)

    def sendmsg(self, *arguments: object) -> int:
        if self.full:
            raise BlockingIOError
        if self.refuses is not None:
            raise OSError(self.refuses, os.strerror(self.refuses))
        return super().sendmsg(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("refusal", sending.REFUSED)
def test_a_card_that_cannot_cut_gets_each_packet_alone(peer: socket.socket, refusal: int) -> None:
    run, theirs = packets(900, 900, 30), session(Policy.SSRC_ANY_INBOUND)

    async def story() -> None:
        with Moody(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.setblocking(False)
            ours.refuses = refusal
            out = Sending(ours)
            out.send_run(session(Policy.SSRC_ANY_OUTBOUND), run, peer.getsockname())
            assert not out._segments, "it is not asked again"
            out.close()

    asyncio.run(story())
    assert [theirs.unprotect(peer.recv(2048)) for _ in run] == [head + body for head, body in run]


def test_an_address_that_nothing_can_be_sent_to_changes_nothing_for_others() -> None:
    async def story() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.setblocking(False)
            out = Sending(ours)
            out.send_run(session(Policy.SSRC_ANY_OUTBOUND), packets(900, 900), ("127.0.0.1", 0))
            assert (out.dropped, out._segments) == (2, True)
            out.close()

    asyncio.run(story())


def test_what_waits_for_the_kernel_is_bounded_and_leaves_in_order(peer: socket.socket) -> None:
    async def story() -> None:
        with Moody(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.setblocking(False)
            ours.full = True
            out, address = Sending(ours), peer.getsockname()
            for number in range(100):
                out.send(number.to_bytes(2), address)
            assert not out.congested
            while not out.dropped:
                out.send(bytes(1200), address)
                assert out._waits <= FULL_OCTETS
            assert out.congested
            assert out._waits > CONGESTED_OCTETS
            ours.full = False
            numbers = [await asyncio.to_thread(peer.recv, 2048) for _ in range(100)]
            assert numbers == [number.to_bytes(2) for number in range(100)]
            await wait_until(lambda: not out.congested, "room again")
            await wait_until(lambda: not out._waiting, "all of it")
            out.close()

    asyncio.run(story())


def test_what_nobody_cuts_and_has_to_wait_leaves_in_order(peer: socket.socket) -> None:
    async def story() -> None:
        with Moody(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.setblocking(False)
            ours.full = True
            out, tx = Sending(ours, segments=False), session(Policy.SSRC_ANY_OUTBOUND)
            for first, sizes in ((0, (900, 900, 30)), (3, (900, 900, 30)), (6, (900,))):
                out.send_run(tx, packets(*sizes, first=first), peer.getsockname())
            ours.full = False
            came = [await asyncio.to_thread(peer.recv, 2048) for _ in range(7)]
            assert [int.from_bytes(datagram[2:4]) for datagram in came] == [*range(7)]
            out.close()

    asyncio.run(story())


def test_what_srtp_refuses_is_an_error() -> None:
    async def story() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.setblocking(False)
            out, tx = Sending(ours), session(Policy.SSRC_ANY_OUTBOUND)
            out.send_run(tx, packets(5, first=5000), ("127.0.0.1", 9))
            with pytest.raises(Error):
                out.send_run(tx, packets(5), ("127.0.0.1", 9))
            out.close()

    asyncio.run(story())
