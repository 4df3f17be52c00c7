"""Whether those who make the program still do. Pure; time is an argument.

A thread that dies ends the studio, and the supervisor starts another. One that waits for ever looks
alive: the same picture stands on every screen until somebody notices.
"""

from collections.abc import Mapping

HUNG_S = 15.0
"""A machine that swaps may stand for some seconds, and goes on."""
MOST_A_LOOK_S = 2.0
"""Of the time between two looks: who was stopped himself saw nothing of it."""


class Watchdog:
    """`look` about once a second."""

    def __init__(self) -> None:
        self._looked_s: float | None = None
        self._made: dict[str, int] = {}
        self._idle_s: dict[str, float] = {}

    def look(self, made: Mapping[str, int], now_s: float) -> str | None:
        """`made`: how many pieces each maker has made, while he ought to. Who makes no more."""
        passed_s = 0.0 if self._looked_s is None else min(now_s - self._looked_s, MOST_A_LOOK_S)
        self._looked_s = now_s
        for maker, count in made.items():
            still = self._made.get(maker) == count
            self._idle_s[maker] = self._idle_s.get(maker, 0.0) + passed_s if still else 0.0
            self._made[maker] = count
        return next((maker for maker in made if self._idle_s[maker] >= HUNG_S), None)

    def rest(self) -> None:
        """Nothing is to be made just now."""
        self._made.clear()
        self._idle_s.clear()
