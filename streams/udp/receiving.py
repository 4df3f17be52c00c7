"""Datagrams in, and turns: does what `waking` says. Waking up costs more than what a datagram is
for, so that they are read many at once, and whoever is awake does all that is due. When each one
came the kernel tells, so that waiting is no jitter.
"""

import asyncio
import socket
import time
from collections.abc import Callable

from streams.lag import Lag
from streams.udp.recvmmsg import MAX_AT_ONCE, DatagramReader
from streams.udp.sendmmsg import Address
from streams.udp.waking import Found, Haste, Waking

Take = Callable[[bytes, Address, int], None]
"""A datagram, whom it is from, and when it came (CLOCK_MONOTONIC, ns)."""


class Receiving:
    """The receiving half of the port. Owns no socket; `close` before the socket is closed."""

    def __init__(
        self,
        sock: socket.socket,
        take: Take,
        turn: Callable[[int], Haste] = lambda _now_ns: Haste.SOME,
        lag: Lag | None = None,
    ) -> None:
        """`turn` does what is due at that time, and says what haste there is until the next.
        `lag` is told how late the alarm was."""
        self._socket, self._take, self._turn = sock, take, turn
        self._reader = DatagramReader(sock)
        self._emptied_ns = 0
        """Nothing that is read now came before."""
        self._lag = lag or Lag()
        self._loop = asyncio.get_running_loop()
        self._waking = Waking(time.monotonic_ns())
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_ns = 0
        self._watches = True
        self._loop.add_reader(sock, self._on_datagram)
        self._settle(time.monotonic_ns())

    def close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._watches:
            self._loop.remove_reader(self._socket)

    def on_program(self, now_ns: int) -> None:
        """A packet of the program went out: what is due is done with it."""
        if now_ns > self._waking.due_ns:
            try:
                if self._waking.on_program(now_ns):
                    self._waking.on_read(self._drain(), now_ns)
            finally:  # whatever a datagram did, the next ones are read
                self._settle(now_ns)

    def be_patient(self, patience_s: float) -> None:
        """How long media may wait for its reader; 0: somebody waits for it, from now on, and what
        waited is taken before this returns."""
        now_ns = time.monotonic_ns()
        try:
            if self._waking.be_patient(round(patience_s * 1e9)):
                self._waking.on_read(self._drain(), now_ns)
        finally:
            self._settle(now_ns)

    def _on_datagram(self) -> None:
        now_ns = time.monotonic_ns()
        try:
            self._waking.on_datagram(self._drain(), now_ns)
        finally:
            self._settle(now_ns)

    def _on_alarm(self) -> None:
        now_ns = time.monotonic_ns()
        self._lag.note(now_ns - self._alarm_ns)
        self._alarm = None
        try:
            if self._waking.on_alarm(now_ns):
                self._waking.on_read(self._drain(), now_ns)
        finally:
            self._settle(now_ns)

    def _settle(self, now_ns: int) -> None:
        """Takes the turn that is due, and goes to rest."""
        waking = self._waking
        try:
            if now_ns > waking.due_ns:
                now_ns = time.monotonic_ns()  # what was read just now is not in the future
                waking.on_turn(now_ns)
                waking.hear(self._turn(now_ns))
        finally:
            if waking.watches is not self._watches:
                self._watch(watches=waking.watches)
            # One that rings too early is left to do so, and is set anew then: it is put off all the
            # time, and rings now and then.
            alarm_ns = waking.alarm_ns
            if self._alarm is None or alarm_ns < self._alarm_ns:
                self._set_alarm(alarm_ns, now_ns)

    def _watch(self, *, watches: bool) -> None:
        self._watches = watches
        if watches:
            self._loop.add_reader(self._socket, self._on_datagram)
        else:
            self._loop.remove_reader(self._socket)

    def _set_alarm(self, at_ns: int, now_ns: int) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_ns = at_ns
        self._alarm = self._loop.call_later(max(0, at_ns - now_ns) / 1e9, self._on_alarm)

    def _drain(self) -> Found:
        """All that is there, but no more than others can wait for."""
        take, handshake, media = self._take, False, False
        now_ns = time.monotonic_ns()
        shift_ns, since_ns = now_ns - time.time_ns(), self._emptied_ns
        found = self._reader.read()
        if len(found) < MAX_AT_ONCE:
            self._emptied_ns = now_ns
        for datagram, address, stamp_ns in found:
            first = datagram[0] if len(datagram) > 1 else 0
            if first >= 128 and not 192 <= datagram[1] < 224:
                media = True
            elif 20 <= first < 128:
                handshake = True
            came_ns = stamp_ns + shift_ns
            if not since_ns <= came_ns <= now_ns:  # it came just now, or the clock was set
                came_ns = now_ns
            try:
                take(datagram, address, came_ns)
            except Exception as error:
                fault = {"message": "a datagram is not taken", "exception": error}
                self._loop.call_exception_handler(fault)
        return Found(len(found), handshake, media)
