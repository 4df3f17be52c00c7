"""What waits for the thread of an output."""

import math
import time
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

GAP_TOLD_S = 120.0
"""After a gap the operator is told of it for so long."""


class Backlog(Generic[T]):
    """Filled from any thread, emptied by one. Policy: when it is full, each stream that comes is
    dropped up to its next keyframe, and counted."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[T] = deque()
        self._skipping: set[str] = set()
        self.dropped = 0
        self._dropped_at_s = -math.inf

    def __len__(self) -> int:
        return len(self._waiting)

    def offer(self, item: T, *, key: bool, stream: str = "") -> None:
        """`key`: it, and what follows in its stream, needs nothing of what was dropped."""
        if key:
            self._skipping.discard(stream)
        elif stream in self._skipping:
            # Not entered once more: another thread's keyframe may have ended it just now.
            self._drop()
            return
        if len(self._waiting) >= self._most:
            self._skipping.add(stream)
            self._drop()
        else:
            self._waiting.append(item)

    def _drop(self) -> None:
        self.dropped += 1
        self._dropped_at_s = time.monotonic()

    def dropped_within(self, seconds: float) -> bool:
        """Whether anything was, so lately."""
        return time.monotonic() - self._dropped_at_s < seconds

    def put(self, order: T) -> None:
        """In its place among the others; never dropped."""
        self._waiting.append(order)

    def drain(self) -> Iterator[T]:
        """All, in order, also what comes meanwhile."""
        while self._waiting:
            yield self._waiting.popleft()

    def clear(self) -> None:
        """Nothing of it is wanted any more."""
        self._waiting.clear()
