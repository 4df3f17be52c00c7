"""Datagrams in: read by the handful. Waking up costs more than what a datagram is for.

One that comes alone is read at once. Where they come faster, the socket is left to itself for a
while, as network cards moderate their interrupts, and what has come meanwhile is read in one go:
soon where it is media or a handshake, later where it is nothing but reports, and whenever somebody
is awake anyway (`poll`).
"""

import asyncio
import socket
from collections.abc import Callable

from streams.batch import Address

PAUSE_S = 0.005
"""Nothing to a jitter buffer, and within what browsers take for one burst (5 ms)."""
CALM_S = 0.03
"""For reports; they are sent ten times a second, and answered no faster. More than the 20 ms
between packets of the program, with which they are read as well: then nobody wakes up for them."""
MANY = 32
"""Where more come in a pause, there is none: the kernel keeps some 180 full packets for us."""
MAX_AT_ONCE = 40
"""Then others get their turn: a millisecond, where all sites send keyframes at once."""
MAX_DATAGRAM = 2048
"""Longer ones are cut, and with that no valid packet of anybody's."""


class Receiving:
    """The receiving half of the port. Owns no socket; `close` before the socket is closed."""

    def __init__(
        self,
        sock: socket.socket,
        take: Callable[[bytes, Address], None],
        awake: Callable[[], None] = lambda: None,
    ) -> None:
        """`awake` is called after somebody was woken to read, and has read."""
        self._socket, self._take, self._awake = sock, take, awake
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

    def poll(self) -> None:
        """Reads what has come, if the socket is left to itself."""
        if self._pause is not None:
            self._pause.cancel()
            self._read()

    def _wake(self) -> None:
        now_s = self._loop.time()
        since_s, self._woken_s = now_s - self._woken_s, now_s
        count, urgent = self._drain()
        if since_s < (PAUSE_S if urgent else CALM_S):
            self._loop.remove_reader(self._socket)
            self._leave(count, urgent=urgent)
        self._awake()

    def _resume(self) -> None:
        self._read()
        self._awake()

    def _read(self) -> None:
        """What is there; if it was something, there may be more after a pause."""
        count, urgent = 0, False
        try:
            count, urgent = self._drain()
        finally:  # whatever a datagram did, the next ones are read
            if count:
                self._leave(count, urgent=urgent)
            else:
                self._watch()

    def _leave(self, count: int, *, urgent: bool) -> None:
        pause_s = PAUSE_S if urgent else CALM_S
        self._pause = self._loop.call_later(pause_s if count <= MANY else 0.0, self._resume)

    def _drain(self) -> tuple[int, bool]:
        """How many there were, and whether there was anything but reports among them."""
        receive, take, urgent = self._socket.recvfrom, self._take, False
        for count in range(MAX_AT_ONCE):
            try:
                datagram, address = receive(MAX_DATAGRAM)
            except BlockingIOError:
                return count, urgent
            except OSError:
                continue  # an ICMP error for somebody: his silence will tell
            urgent = urgent or len(datagram) < 2 or not 192 <= datagram[1] < 224
            take(datagram, address)
        return MAX_AT_ONCE, urgent
