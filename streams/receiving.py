"""Datagrams in: read by the handful. Waking up costs more than what a datagram is for.

One that comes alone is read at once. Where they come faster, the socket is left to itself for a
while, as network cards moderate their interrupts, and what has come meanwhile is read in one go:
soon where it is media or a handshake, later where it is nothing but reports or media that nobody
waits for (`be_patient`), and whenever somebody is awake anyway (`poll`). When each one came the
kernel tells, so that waiting is no jitter.
"""

import asyncio
import socket
import struct
import time
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

SO_TIMESTAMPNS = 35
"""Linux; the `socket` module does not name it."""
_TIME = struct.Struct("@ll")
"""struct timespec, by the clock of the day."""
_ROOM = socket.CMSG_SPACE(_TIME.size)

Take = Callable[[bytes, Address, int], None]
"""A datagram, whom it is from, and when it came (CLOCK_MONOTONIC, ns)."""


class Receiving:
    """The receiving half of the port. Owns no socket; `close` before the socket is closed."""

    def __init__(
        self,
        sock: socket.socket,
        take: Take,
        awake: Callable[[], None] = lambda: None,
    ) -> None:
        """`awake` is called after somebody was woken to read, and has read."""
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket, self._take, self._awake = sock, take, awake
        self._patience_s = 0.0
        self._emptied_ns = 0
        """Nothing that is read now came before."""
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

    def be_patient(self, patience_s: float) -> None:
        """How long media may wait for its reader; 0: somebody waits for it, from now on."""
        self._patience_s = patience_s
        if self._pause is not None and not patience_s:
            self._pause.cancel()
            self._pause = self._loop.call_later(0.0, self._resume)

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
        if self._rests(now_s) or since_s < (PAUSE_S if urgent else self._patience_s or CALM_S):
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
        calm_s = REST_S if self._rests(self._loop.time()) else self._patience_s or CALM_S
        pause_s = PAUSE_S if urgent else calm_s
        self._pause = self._loop.call_later(pause_s if count <= MANY else 0.0, self._resume)

    def _drain(self) -> tuple[int, bool]:
        """How many there were, and whether a handshake was among them, or media that somebody
        waits for."""
        receive, take = self._socket.recvmsg, self._take
        urgent = media = False
        now_ns = time.monotonic_ns()
        shift_ns, since_ns = now_ns - time.time_ns(), self._emptied_ns
        for count in range(MAX_AT_ONCE):  # noqa: B007 - how many there were
            try:
                datagram, told, _, address = receive(MAX_DATAGRAM, _ROOM)
            except BlockingIOError:
                self._emptied_ns = now_ns
                break
            except OSError:
                continue  # an ICMP error for somebody: his silence will tell
            first = datagram[0] if len(datagram) > 1 else 0
            if first >= 128 and not 192 <= datagram[1] < 224:
                media = True
            elif 20 <= first < 128:
                urgent = True
            came_ns = now_ns
            if told:
                seconds, rest_ns = _TIME.unpack(told[0][2])
                came_ns = seconds * 1_000_000_000 + rest_ns + shift_ns
                if not since_ns <= came_ns <= now_ns:  # it came just now, or the clock was set
                    came_ns = now_ns
            take(datagram, address, came_ns)
        else:
            count = MAX_AT_ONCE
        if media:
            self._media_s = self._loop.time()
        return count, urgent or (media and not self._patience_s)
