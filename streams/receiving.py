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
REST_S = 0.25
"""While somebody is awake for the program all the time, and reads what viewers tell: there is
nothing to wake up for but that he may stop."""
LATELY_S = 2.0
"""A site that is muted sends five packets a second; they must not wait for the program's."""
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
        self._polled_s = self._media_s = -LATELY_S
        self._steady = False
        """Whether polls come one after another, as the program's packets do."""
        self._found_none = self._skips = False
        """Where there was nothing, one `poll` is left out: 40 ms is soon enough for a report."""
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
        before_s, self._polled_s = self._polled_s, self._loop.time()
        self._steady = self._polled_s - before_s < 2 * CALM_S
        if self._pause is None:
            return
        if not self._rests(self._polled_s):
            self._pause.cancel()
            self._read()
            return
        self._skips = self._found_none and not self._skips
        if self._skips:
            return
        count, urgent = self._drain()
        self._found_none = not count
        if urgent or count > MANY:
            self._pause.cancel()
            self._leave(count, urgent=urgent)

    def _rests(self, now_s: float) -> bool:
        """Whether it suffices that somebody else is awake."""
        awake = self._steady and now_s - self._polled_s < CALM_S
        return awake and now_s - self._media_s > LATELY_S

    def _wake(self) -> None:
        now_s = self._loop.time()
        since_s, self._woken_s = now_s - self._woken_s, now_s
        count, urgent = self._drain()
        if self._rests(now_s) or since_s < (PAUSE_S if urgent else CALM_S):
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
            if count or self._rests(self._loop.time()):
                self._leave(count, urgent=urgent)
            else:
                self._watch()

    def _leave(self, count: int, *, urgent: bool) -> None:
        calm_s = REST_S if self._rests(self._loop.time()) else CALM_S
        pause_s = PAUSE_S if urgent else calm_s
        self._pause = self._loop.call_later(pause_s if count <= MANY else 0.0, self._resume)

    def _drain(self) -> tuple[int, bool]:
        """How many there were, and whether there was media or a handshake among them."""
        receive, take, urgent = self._socket.recvfrom, self._take, False
        for count in range(MAX_AT_ONCE):
            try:
                datagram, address = receive(MAX_DATAGRAM)
            except BlockingIOError:
                return count, urgent
            except OSError:
                continue  # an ICMP error for somebody: his silence will tell
            first, second = datagram[:2] if len(datagram) > 1 else (0, 0)
            if first >= 20 and not 192 <= second < 224:
                urgent = True
                if first >= 128:
                    self._media_s = self._loop.time()
            take(datagram, address)
        return MAX_AT_ONCE, urgent
