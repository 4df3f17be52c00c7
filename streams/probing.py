"""The rehearsal before a larger rendition: sends as much as it would need, and watches. Pure.

The rate rises to the goal and stays there, so that a line that carries less shows its queue while
that is short. What is sent on top repeats packets (RTX), which a receiver throws away.
"""

import math
from enum import Enum

from streams.congestion import NS_PER_MS, Congestion

RISE_NS = 300 * NS_PER_MS
STAY_NS = 400 * NS_PER_MS
CAREFUL = 2
"""Times slower after a failure, and slower still the further the goal is: a smaller queue if it
fails again, and a surer answer."""
VERDICT_NS = 3_000 * NS_PER_MS
"""Without feedback for so long after the end, the line did not carry it."""
CATCH_UP_NS = 30 * NS_PER_MS
"""What one call may send at most: the rate for so long."""
MAX_QUEUE_NS = 50 * NS_PER_MS
"""A shortage of an eighth of the goal becomes such a queue while the rate stays, or of a sixteenth
where it is careful."""
SPOILED_NS = 60 * NS_PER_MS
MEANT = 0.8
"""Of what was to be sent: where less could be, nothing was learned."""
MAX_LOSS = 0.08
"""On top of what the line loses anyway, and of chance."""
USUAL_TOLD = 50
"""Packets, about, that the usual loss was measured by."""


class Verdict(Enum):
    OPEN = "open"
    CARRIED = "carried"
    FAILED = "failed"


class Probe:
    def __init__(
        self,
        line: Congestion,
        from_bps: float,
        goal_bps: float,
        sent: int,
        now_ns: int,
        *,
        careful: bool,
    ) -> None:
        """`sent`: octets sent to the viewer so far, all told."""
        self.goal_bps = goal_bps
        self._line, self._from_bps = line, from_bps
        self._begun_ns, self._sent, self._sent_now = now_ns, sent, sent
        slower = CAREFUL if careful else 1
        self._rise_ns = int(RISE_NS * (2 * slower * goal_bps / from_bps if careful else 1))
        self._ends_ns = now_ns + self._rise_ns + STAY_NS * slower
        self._told, self._lost, self._usual_loss = line.told, line.lost, line.loss

    def octets(self, sent: int, now_ns: int) -> int:
        """To send now, beside what went out anyway."""
        elapsed_ns = now_ns - self._begun_ns
        self._sent_now = sent
        if now_ns > self._ends_ns:
            return 0
        due = self._due_bits(elapsed_ns) / 8 - (sent - self._sent)
        most = self._rate_bps(elapsed_ns) * CATCH_UP_NS / 8e9
        return max(0, int(min(due, most)))

    def _rate_bps(self, elapsed_ns: int) -> float:
        risen = min(1.0, elapsed_ns / self._rise_ns)
        return self._from_bps + (self.goal_bps - self._from_bps) * risen

    def _due_bits(self, elapsed_ns: int) -> float:
        rising_ns = min(elapsed_ns, self._rise_ns)
        mean_bps = (self._from_bps + self._rate_bps(rising_ns)) / 2
        return (mean_bps * rising_ns + self.goal_bps * (elapsed_ns - rising_ns)) / 1e9

    def verdict(self, now_ns: int) -> Verdict:
        line = self._line
        if line.recent_ns > SPOILED_NS or now_ns > self._ends_ns + VERDICT_NS:
            return Verdict.FAILED
        if line.told_ns < self._ends_ns:
            return Verdict.OPEN
        meant = MEANT * self._due_bits(self._ends_ns - self._begun_ns) / 8
        carried = line.recent_ns < MAX_QUEUE_NS and not self._loses_more()
        carried = carried and self._sent_now - self._sent > meant
        return Verdict.CARRIED if carried else Verdict.FAILED

    def _loses_more(self) -> bool:
        told = max(1, self._line.told - self._told)
        loss, usual = (self._line.lost - self._lost) / told, self._usual_loss
        chance = 2 * math.sqrt(usual * (1 - usual) * (1 / told + 1 / USUAL_TOLD))
        return loss > usual + MAX_LOSS + chance
