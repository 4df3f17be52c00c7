"""The machine's clock, and how far somebody set it."""

import threading
import time
from collections import deque
from collections.abc import Callable

from streams.frames import NS_PER_MS

SET_MS = 500
"""What is less counts as the same clock, as it does for the studio, which counts in whole seconds
(`studio.clock`): NTP steps by so much, two clocks are not read at once."""
_AT_ONCE_NS = 10 * NS_PER_MS
_KEPT = 32


class MachineClock:
    """Tells a clock that was set from time that passed by CLOCK_MONOTONIC, which nobody sets. From
    any thread."""

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall_ns, self._steady_ns = wall_ns, steady_ns
        self._lock = threading.Lock()
        self._set_ns = 0
        self._sets: deque[tuple[int, int]] = deque(maxlen=_KEPT)
        """When it was set, as it read before, and by how much; ms."""
        self._shift_ns = self._first_ns = self._read()[1]

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        with self._lock:
            wall_ns, shift_ns = self._read()
            by_ns = shift_ns - self._shift_ns
            if abs(by_ns) >= SET_MS * NS_PER_MS:
                self._set_ns += by_ns
                self._sets.append(((wall_ns - by_ns) // NS_PER_MS, by_ns // NS_PER_MS))
            self._shift_ns = shift_ns
        return wall_ns // NS_PER_MS

    def set_ms(self) -> int:
        """How far it was set since the start, as `now_ms` last saw it."""
        return self._set_ns // NS_PER_MS

    def forward_ms(self, since_ms: int) -> int:
        """How far it was set forward since this server read that moment off it: by so much later
        ends what was to last for a while from then on."""
        at_ms = since_ms
        for was_ms, by_ms in tuple(self._sets):
            at_ms += by_ms if at_ms <= was_ms else 0
        return max(0, at_ms - since_ms)

    def steady_ms(self) -> int:
        """Epoch milliseconds as if nobody had set it since the start: for how long ago something
        was, and how long it may take."""
        return (self._steady_ns() + self._first_ns) // NS_PER_MS

    def _read(self) -> tuple[int, int]:
        """The time, and its distance from the steady one. Both are read again where the process
        was stopped in between."""
        while True:
            before_ns, wall_ns, after_ns = self._steady_ns(), self._wall_ns(), self._steady_ns()
            if after_ns - before_ns < _AT_ONCE_NS:
                return wall_ns, wall_ns - after_ns
