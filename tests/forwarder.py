"""A way that takes time: datagrams go on after a while, both ways. For one client."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

Address = tuple[str, int]


class Forwarder:
    """Between a client and `server`. `open` in the network it shall be in; `close` it."""

    def __init__(self, server: Address, delay_s: float) -> None:
        """`delay_s`: each way."""
        self._server, self._delay_s = server, delay_s
        self._client: Address | None = None
        self._sides: list[asyncio.DatagramTransport] = []

    async def open(self) -> int:
        """The port that clients shall send to."""
        loop = asyncio.get_running_loop()
        for end in (_End(self._from_client), _End(self._from_server)):
            side, _ = await loop.create_datagram_endpoint(
                lambda end=end: end,  # type: ignore[misc]
                local_addr=(self._server[0], 0),
            )
            self._sides.append(side)
        return cast(int, self._sides[0].get_extra_info("sockname")[1])

    def close(self) -> None:
        for side in self._sides:
            side.close()

    def _from_client(self, data: bytes, address: Address) -> None:
        self._client = address
        self._later(1, data, self._server)

    def _from_server(self, data: bytes, _address: Address) -> None:
        if self._client is not None:
            self._later(0, data, self._client)

    def _later(self, side: int, data: bytes, address: Address) -> None:
        transport = self._sides[side]

        def send() -> None:
            if not transport.is_closing():
                transport.sendto(data, address)

        asyncio.get_running_loop().call_later(self._delay_s, send)


class _End(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, Address], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._take(data, addr)


@asynccontextmanager
async def delayed(sdp: str, host: str, delay_s: float) -> AsyncIterator[str]:
    """The description of a server on `host`, by way of a forwarder where there is a delay."""
    if not delay_s:
        yield sdp
        return
    candidates = [line.split() for line in sdp.splitlines() if line.startswith("a=candidate")]
    port = next(words[5] for words in candidates if words[4] == host)
    forwarder = Forwarder((host, int(port)), delay_s)
    try:
        entrance = await forwarder.open()
        yield sdp.replace(f" {host} {port} typ", f" {host} {entrance} typ")
    finally:
        forwarder.close()
