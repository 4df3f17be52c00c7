"""When datagrams are read: at once where nobody else is awake, by whoever is awake else."""

import asyncio
import socket

from streams.receiving import REST_S, Receiving

CHECK, HANDSHAKE = bytes((0, 1, 0, 0)), bytes((22, 0, 0, 0))


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
            receiving = Receiving(theirs, lambda data, _: taken.put_nowait(data))
            took = []
            for _ in range(5):
                took.append(await answered_after(receiving, taken, ours))
                await asyncio.sleep(REST_S)
            receiving.close()
        return took

    assert min(asyncio.run(story())) < REST_S / 2
