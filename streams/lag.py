"""How late the event loop is: whoever waits for a moment says how long after it he was woken."""

import asyncio
import faulthandler
import gc
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

BOUNDS_NS = tuple(round(ms * 1_000_000) for ms in (1, 2, 5, 10, 20, 50, 100, 250, 500, 1000))
"""A timer's own step is a millisecond; ten are half a frame of sound."""

HUNG_S = 60.0
"""A machine that swaps, or a disk, may hold everything up for long, and goes on."""
ALIVE_S = 5.0


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


async def unless_hung(work: Coroutine[Any, Any, None], hung_s: float = HUNG_S) -> None:
    """Until it is done. A loop that does nothing else for `hung_s` ends the process, whatever holds
    it, and where each thread stood is in the log: the supervisor starts another. One that waits for
    ever looks alive."""
    alive = asyncio.create_task(_tell_alive(hung_s))
    try:
        await work
    finally:
        alive.cancel()
        with suppress(asyncio.CancelledError):
            await alive


async def _tell_alive(hung_s: float) -> None:
    try:
        while True:
            faulthandler.dump_traceback_later(hung_s, exit=True)
            await asyncio.sleep(ALIVE_S)
    finally:
        faulthandler.cancel_dump_traceback_later()
