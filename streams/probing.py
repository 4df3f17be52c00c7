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


FIRST_NS = 200 * NS_PER_MS
NEXT_NS = 50 * NS_PER_MS
RETRY_NS = 4_000 * NS_PER_MS
MAX_RETRY_NS = 60_000 * NS_PER_MS
MAX_RETRY_LOW_NS = 20_000 * NS_PER_MS
"""The same for who lacks more than the largest picture."""


class Verdict(Enum):
    OPEN = "open"
    CARRIED = "carried"
    FAILED = "failed"


class Retries:
    """When the next rehearsal may be: later after each that failed."""

    def __init__(self) -> None:
        self.careful = False
        """The last one failed, or the line was full since."""
        self._failures = 0
        self._at_ns: int | None = None

    def due(self, now_ns: int) -> bool:
        return self._at_ns is not None and now_ns >= self._at_ns

    def begin(self, now_ns: int) -> None:
        """There is feedback now."""
        self._at_ns = now_ns + FIRST_NS

    def carried(self, now_ns: int, *, proven: bool) -> None:
        """`proven`: the level from which it went up had held for long."""
        self.careful = False
        self._failures = 0 if proven else self._failures
        self._at_ns = now_ns + NEXT_NS

    def failed(self, now_ns: int, *, low: bool) -> None:
        self._failures += 1
        self.put_off(now_ns, low=low)

    def put_off(self, now_ns: int, *, low: bool) -> None:
        """Not at the same time as others who share the line."""
        self.careful = True
        most_ns = MAX_RETRY_LOW_NS if low else MAX_RETRY_NS
        wait_ns = min(most_ns, RETRY_NS << min(8, max(0, self._failures - 1)))
        wait_ns += wait_ns * (now_ns // 1000 % 997) // 1994
        self._at_ns = max(self._at_ns or 0, now_ns + wait_ns)


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
