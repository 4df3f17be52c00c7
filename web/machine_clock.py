"""The machine's clock, and how far somebody set it."""

import threading
import time
from collections.abc import Callable

NS_PER_MS = 1_000_000
SET_MS = 1000
"""What is less counts as the same clock: NTP steps by so much, two clocks are not read at once."""
_AT_ONCE_NS = 10 * NS_PER_MS


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
        self._shift_ns = self._read()[1]

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        with self._lock:
            wall_ns, shift_ns = self._read()
            if abs(shift_ns - self._shift_ns) >= SET_MS * NS_PER_MS:
                self._set_ns += shift_ns - self._shift_ns
            self._shift_ns = shift_ns
        return wall_ns // NS_PER_MS

    def set_ms(self) -> int:
        """How far it was set since the start, as `now_ms` last saw it."""
        return self._set_ns // NS_PER_MS

    def _read(self) -> tuple[int, int]:
        """The time, and its distance from the steady one. Both are read again where the process
        was stopped in between."""
        while True:
            before_ns, wall_ns, after_ns = self._steady_ns(), self._wall_ns(), self._steady_ns()
            if after_ns - before_ns < _AT_ONCE_NS:
                return wall_ns, wall_ns - after_ns
