"""When datagrams are read: at once where nobody else is awake, by whoever is awake else, and later
where nobody waits for them; and when each of them came."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from streams.batch import Address
from streams.receiving import REST_S, Receiving

CHECK, HANDSHAKE, SOUND = bytes((0, 1, 0, 0)), bytes((22, 0, 0, 0)), bytes((128, 111, 0, 0))
FOR_EVER_S = 60.0


async def answered_after(
    receiving: Receiving, taken: asyncio.Queue[bytes], ours: socket.socket
) -> float:
    """Seconds from a turn of the scheduler until a check and a flight of a handshake were read."""
    loop = asyncio.get_running_loop()
    receiving.poll()
    began = loop.time()
    for datagram in (CHECK, HANDSHAKE):
        ours.send(datagram)
        await taken.get()
    return loop.time() - began


def test_a_turn_now_and_then_is_nobody_who_is_awake() -> None:
    """A newcomer's handshake does not wait for the next turn while no program flows."""

    async def story() -> list[float]:
        taken: asyncio.Queue[bytes] = asyncio.Queue()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with ours, theirs:
            theirs.setblocking(False)
            receiving = Receiving(theirs, lambda data, *_: taken.put_nowait(data))
            took = []
            for _ in range(5):
                took.append(await answered_after(receiving, taken, ours))
                await asyncio.sleep(REST_S)
            receiving.close()
        return took

    assert min(asyncio.run(story())) < REST_S / 2


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
    """A call ends it at once, and from then on nothing is held back."""

    async def story() -> None:
        with read_over_loopback() as (receiving, ours, taken):
            receiving.be_patient(FOR_EVER_S)
            await held_back(ours, taken)
            receiving.be_patient(0)
            async with asyncio.timeout(FOR_EVER_S / 6):
                await taken.get()
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
            came_ns = await taken.get()
            assert before_ns <= came_ns < sent_ns

    asyncio.run(story())
