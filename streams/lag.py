"""How late the event loop is: whoever waits for a moment says how long after it he was woken."""

import gc

BOUNDS_NS = tuple(round(ms * 1_000_000) for ms in (1, 2, 5, 10, 20, 50, 100, 250, 500, 1000))
"""A timer's own step is a millisecond; ten are half a frame of sound."""


class Lag:
    """A histogram: what is beyond the last bound is counted in one more place."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_NS) + 1)
        self.total_ns = 0

    def note(self, late_ns: int) -> None:
        """How late the loop was once; early counts as on time."""
        self.total_ns += max(0, late_ns)
        for place, bound_ns in enumerate(BOUNDS_NS):
            if late_ns <= bound_ns:
                self.counts[place] += 1
                return
        self.counts[-1] += 1


def freeze_heap() -> None:
    """What is there after the start stays there, and the garbage collector need not go through it
    again: that would hold the event loop for 20 to 60 ms each time."""
    gc.collect()
    gc.freeze()
