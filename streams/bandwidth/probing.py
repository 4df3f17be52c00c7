"""The probe before a larger rendition: sends as much as it would need, and watches. Pure.

The rate grows to the goal and stays there, so that a line that carries less shows its queue while
that is short. It never goes far beyond what was told to have met none: on a long way, of which one
hears late, it grows slower. What is sent on top repeats packets (RTX), which receivers throw away.
"""

import math
from collections import deque
from enum import Enum

from streams.bandwidth.congestion import Congestion
from streams.frames import NS_PER_MS

GROW_NS = 500 * NS_PER_MS
"""In which the rate becomes e times as much."""
LEAD = 1.8
"""Times what is known to have come without a queue."""
STAY_NS = 400 * NS_PER_MS
CAREFUL_GROWTH, CAREFUL_STAY = 6, 2
"""Times slower, and longer, after a failure: a smaller queue if it fails again, and a surer
answer."""
MAX_NS = 20_000 * NS_PER_MS
"""Where the goal was not reached by then, it never is."""
VERDICT_NS = 3_000 * NS_PER_MS
"""Without feedback for so long after the end, the line did not carry it."""
CATCH_UP_NS = 30 * NS_PER_MS
"""What one call may send at most: the rate for so long."""
QUEUE_NS, MAX_TREMBLE_NS = 30 * NS_PER_MS, 40 * NS_PER_MS
"""Where such a queue shows, nothing more goes on top; where it stays, the line carries no more. Of
a line that trembles by itself it is one beyond that, or beyond so much."""
HICCUPS = 1
"""Queues that went by themselves, as on any line now and then."""
OVERDUE_NS = 150 * NS_PER_MS
"""Reports come each 100 ms or sooner: what is not told of by then stands in a queue, or the report
was lost."""
MEANT = 0.8
"""Of what was to be sent: where less could be, nothing was learned."""
MAX_LOSS = 0.08
"""On top of what the line loses anyway, and of chance."""
USUAL_TOLD = 50
"""Packets, about, that the usual loss was measured by, or fewer at first."""


FIRST_NS = 100 * NS_PER_MS
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
    """When the next probe may be: later after each that failed."""

    def __init__(self) -> None:
        self.careful = False
        """The last one failed, or the line was full since."""
        self._failures = 0
        self._at_ns: int | None = None

    def due(self, now_ns: int) -> bool:
        """Never before `begin`."""
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
        self.rate_bps = from_bps
        self._line = line
        self._begun_ns = self._now_ns = now_ns
        self._sent, self._sent_now = sent, sent
        self._grow_ns = GROW_NS * (CAREFUL_GROWTH if careful else 1)
        self._stay_ns = STAY_NS * (CAREFUL_STAY if careful else 1)
        self._ends_ns: int | None = None
        self._due_bits = 0.0
        self._queue, self._queues = False, 0
        """Whether there is one now, and how many there were."""
        self._rates: deque[tuple[int, float]] = deque([(now_ns, from_bps)])
        """(from when on, rate) of what was not told of yet."""
        self._queue_ns = QUEUE_NS + min(MAX_TREMBLE_NS, line.tremble_ns)
        self._told, self._lost, self._usual_loss = line.told, line.lost, line.loss

    def waits(self, now_ns: int) -> bool:
        """For a queue to go, or to stay, or for news."""
        line = self._line
        return line.newest_ns > self._queue_ns or line.overdue_ns(now_ns) > OVERDUE_NS

    def octets(self, sent: int, now_ns: int) -> int:
        """To send now, beside what went out anyway."""
        self._sent_now = sent
        if self._ends_ns is not None and now_ns > self._ends_ns and not self._queue:
            return 0
        elapsed_ns, self._now_ns = now_ns - self._now_ns, now_ns
        queue = self._line.newest_ns > self._queue_ns
        self._queues += queue and not self._queue
        if self._queue and not queue and self._ends_ns is not None:
            self._ends_ns = now_ns + self._stay_ns
        self._queue = queue
        if self.waits(now_ns):
            return 0
        self._due_bits += self.rate_bps * elapsed_ns / 1e9
        self._grow(elapsed_ns, now_ns)
        due = self._due_bits / 8 - (sent - self._sent)
        return max(0, int(min(due, self.rate_bps * CATCH_UP_NS / 8e9)))

    def _grow(self, elapsed_ns: int, now_ns: int) -> None:
        rates = self._rates
        while len(rates) > 1 and rates[1][0] <= self._line.told_ns:
            rates.popleft()
        grown = self.rate_bps * math.exp(elapsed_ns / self._grow_ns)
        most = max(self.rate_bps, LEAD * rates[0][1])
        self.rate_bps = min(grown, most, self.goal_bps)
        rates.append((now_ns, self.rate_bps))
        if self.rate_bps >= self.goal_bps and self._ends_ns is None:
            self._ends_ns = now_ns + self._stay_ns

    def verdict(self, now_ns: int) -> Verdict:
        """Open until what was sent at the goal was told of, or the line has shown a queue."""
        line, ends_ns = self._line, self._ends_ns
        if line.recent_ns > self._queue_ns or self._queues > HICCUPS:
            return Verdict.FAILED
        if ends_ns is None:
            late = now_ns - self._begun_ns > MAX_NS
            return Verdict.FAILED if late else Verdict.OPEN
        if now_ns > ends_ns + VERDICT_NS:
            return Verdict.FAILED
        if line.told_ns < ends_ns or self._queue:
            return Verdict.OPEN
        meant = MEANT * self._due_bits / 8
        carried = not self._loses_more() and self._sent_now - self._sent > meant
        return Verdict.CARRIED if carried else Verdict.FAILED

    def _loses_more(self) -> bool:
        told = max(1, self._line.told - self._told)
        loss, usual = (self._line.lost - self._lost) / told, self._usual_loss
        before = max(2, min(USUAL_TOLD, self._told))
        likely = max(usual, 1 / before)
        chance = 2 * math.sqrt(likely * (1 - likely) * (1 / told + 1 / before))
        return loss > usual + MAX_LOSS + chance
