"""Datagrams in: read by the handful. Waking up costs more than what a datagram is for.

One that comes alone is read at once. Where they come faster than every `PAUSE_S`, the socket is
left to itself for so long, as network cards moderate their interrupts, and what has come meanwhile
is read in one go.
"""

import asyncio
import socket
from collections.abc import Callable

from streams.batch import Address

PAUSE_S = 0.005
"""Nothing to a jitter buffer, and within what browsers take for one burst (5 ms)."""
MANY = 32
"""Where more come in a pause, there is none: the kernel keeps some 180 full packets for us."""
MAX_AT_ONCE = 100
"""Then others get their turn."""
MAX_DATAGRAM = 2048
"""Longer ones are cut, and with that no valid packet of anybody's."""


class Receiving:
    """The receiving half of the port. Owns no socket; `close` before the socket is closed."""

    def __init__(self, sock: socket.socket, take: Callable[[bytes, Address], None]) -> None:
        self._socket, self._take = sock, take
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._woken_s = 0.0
        self._watch()

    def close(self) -> None:
        if self._pause is None:
            self._loop.remove_reader(self._socket)
        else:
            self._pause.cancel()

    def _watch(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket, self._wake)

    def _wake(self) -> None:
        now_s = self._loop.time()
        since_s, self._woken_s = now_s - self._woken_s, now_s
        if since_s > PAUSE_S:
            self._drain()
        else:
            self._loop.remove_reader(self._socket)
            self._read()

    def _read(self) -> None:
        """What is there; if it was something, there may be more after a pause."""
        count = 0
        try:
            count = self._drain()
        finally:  # whatever a datagram did, the next ones are read
            if count:
                pause_s = PAUSE_S if count <= MANY else 0.0
                self._pause = self._loop.call_later(pause_s, self._read)
            else:
                self._watch()

    def _drain(self) -> int:
        receive, take = self._socket.recvfrom, self._take
        for count in range(MAX_AT_ONCE):
            try:
                datagram, address = receive(MAX_DATAGRAM)
            except BlockingIOError:
                return count
            except OSError:
                continue  # an ICMP error for somebody: his silence will tell
            take(datagram, address)
        return MAX_AT_ONCE
