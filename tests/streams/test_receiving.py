"""Datagrams and turns on a real loop; when they are due is `test_waking`'s."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from streams.udp.receiving import Receiving
from streams.udp.recvmmsg import MAX_AT_ONCE
from streams.udp.sendmmsg import Address
from streams.udp.waking import Haste
from tests.media import wait_until

REPORT, SOUND = bytes((0x80, 201, 0, 0)), bytes((0x80, 111, 0, 0))
FOR_EVER_S = 600.0


@contextmanager
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        theirs.setblocking(False)
        yield ours, theirs


def test_all_that_comes_is_read_and_turns_are_taken() -> None:
    async def story() -> None:
        taken: list[bytes] = []
        turns: list[int] = []

        def turn(now_ns: int) -> Haste:
            turns.append(now_ns)
            return Haste.MUCH

        with sockets() as (ours, theirs):
            receiving = Receiving(theirs, lambda data, *_: taken.append(data), turn)
            for _ in range(2 * MAX_AT_ONCE):
                ours.send(REPORT)
            await wait_until(lambda: len(taken) == 2 * MAX_AT_ONCE, "all datagrams")
            await wait_until(lambda: len(turns) > 3, "turns")
            receiving.close()

    asyncio.run(story())


def test_a_fault_of_a_datagram_or_a_turn_ends_nothing() -> None:
    async def story() -> None:
        taken: list[bytes] = []
        turns: list[int] = []
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: faults.append(context["exception"])
        )

        def take(data: bytes, _address: Address, _came_ns: int) -> None:
            taken.append(data)
            if len(taken) == 1:
                raise RuntimeError("a datagram's")

        def turn(now_ns: int) -> Haste:
            turns.append(now_ns)
            if len(turns) == 2:
                raise RuntimeError("a turn's")
            return Haste.MUCH

        with sockets() as (ours, theirs):
            receiving = Receiving(theirs, take, turn)
            for _ in range(3):
                ours.send(REPORT)
            await wait_until(lambda: len(taken) == 3, "the others")
            await wait_until(lambda: len(turns) > 3, "the turns after it")
            receiving.close()
        assert {str(fault) for fault in faults} == {"a datagram's", "a turn's"}

    asyncio.run(story())


@contextmanager
def read_over_loopback() -> Iterator[tuple[Receiving, socket.socket, asyncio.Queue[int]]]:
    """Who sends to it, and when what is read came."""
    taken: asyncio.Queue[int] = asyncio.Queue()

    def take(_data: bytes, _address: Address, came_ns: int) -> None:
        taken.put_nowait(came_ns)

    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs,
    ):
        theirs.bind(("127.0.0.1", 0))
        theirs.setblocking(False)
        ours.connect(theirs.getsockname())
        receiving = Receiving(theirs, take)
        yield receiving, ours, taken
        receiving.close()


async def held_back(ours: socket.socket, taken: asyncio.Queue[int]) -> None:
    """Sends until one is not read."""
    for _ in range(3):
        ours.send(SOUND)
        try:
            async with asyncio.timeout(0.1):
                await taken.get()
        except TimeoutError:
            return
    raise AssertionError("all were read at once")


def test_what_nobody_waits_for_is_held_back_until_somebody_does() -> None:
    """A call ends it: what waited is taken before the call goes on, and from then on nothing is
    held back."""

    async def story() -> None:
        with read_over_loopback() as (receiving, ours, taken):
            receiving.be_patient(FOR_EVER_S)
            await held_back(ours, taken)
            receiving.be_patient(0)
            taken.get_nowait()
            async with asyncio.timeout(FOR_EVER_S / 10):
                for _ in range(20):
                    ours.send(SOUND)
                    await taken.get()

    asyncio.run(story())


def test_when_a_datagram_came_is_told_however_late_it_is_read() -> None:
    async def story() -> None:
        with read_over_loopback() as (receiving, ours, taken):
            receiving.be_patient(FOR_EVER_S)
            before_ns = time.monotonic_ns()
            await held_back(ours, taken)
            sent_ns = time.monotonic_ns()
            await asyncio.sleep(0.1)
            receiving.be_patient(0)
            came_ns = taken.get_nowait()
            assert before_ns <= came_ns < sent_ns

    asyncio.run(story())
