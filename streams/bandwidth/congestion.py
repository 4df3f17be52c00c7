"""What one line does with what we send: its queue, its loss, what it carries. Pure.

Measured is the queue itself rather than its growth: how much later than at best a run of packets
came. A keyframe or jitter makes single runs late; a line is full when *no* run of the last while
was in time (as CoDel, RFC 8289, tells good queues from bad). While the queue stands the line is
busy without a pause, so that what arrives is what it carries: no guess is needed.
"""

from collections import deque

from streams.bandwidth.sent import Sent
from streams.frames import NS_PER_MS, NS_PER_S
from streams.rtp.header import Unwrapper
from streams.rtp.twcc import NEVER, REFERENCE_NS, TICK_NS, Feedback

FREE_NS = 25 * NS_PER_MS
"""A run that is no later than this found no queue."""
SLICE_NS = 100 * NS_PER_MS
SLICES, PAST_SLICES = 4, 20
BASE_NS = 20 * NS_PER_S
"""The best delay is that of the last 20 to 40 s: lines change, and clocks drift."""
FAR_NS = 1 << 60
CARRIED_NS = NS_PER_S
MAX_ARRIVALS = 200
"""Of reports in that second, should a receiver's clock run backwards. Policy: the oldest goes."""
MIN_BUSY_NS = 100 * NS_PER_MS
LOSS_HALF_NS = 700 * NS_PER_MS
"""After so long a packet counts half for `loss`."""


class Congestion:
    def __init__(self) -> None:
        self.queue_ns = 0
        """The last run's."""
        self.peak_ns = 0
        """The longest since whoever wanted to know set it to 0."""
        self.told_ns = 0
        """When the newest packet that was told of had been sent."""
        self.lag_ns = FAR_NS
        """From then until it was told of, at best."""
        self.told = self.lost = 0
        """Packets that feedback told of, and those among them that did not come."""
        self.loss = 0.0
        """0 to 1, of about the last second."""
        self._reference = Unwrapper(24)
        self._lows: deque[int] = deque(maxlen=SLICES)
        self._past: deque[int] = deque(maxlen=PAST_SLICES)
        self._slice_ns = 0
        self._base: int | None = None
        self._next_base: int | None = None
        self._base_since_ns = 0
        self._busy_ns: int | None = None
        self._arrivals: deque[tuple[int, int]] = deque(maxlen=MAX_ARRIVALS)
        self._weight = self._weight_lost = 0.0
        self._loss_ns = 0

    # --- feedback ---

    def on_feedback(self, feedback: Feedback, sent: Sent, now_ns: int) -> None:
        """Runs that nobody told of (the report was lost) count for nothing."""
        sent.catch_up()
        newest, came = sent.number - 1, feedback.came
        first = newest + ((feedback.first - newest + 0x8000) & 0xFFFF) - 0x8000
        runs = sent.since(first)
        if not runs:
            return
        end = first + len(came)
        clock_ns = self._reference(feedback.reference) * REFERENCE_NS
        whole = NEVER not in came
        told, lost, octets, delay, low, high = self.told, self.lost, 0, None, FAR_NS, -FAR_NS
        while runs and runs[0][0] < end:
            run_first, run_end, size, sent_ns = runs.popleft()
            if run_end > end:
                part = size * (end - run_first) // (run_end - run_first)
                runs.appendleft((end, run_end, size - part, sent_ns))
                run_end, size = end, part
            if run_end <= first:
                continue
            start = max(0, run_first - first)
            self.told += run_end - first - start
            at = came[start]
            if not whole:
                at, size = self._without_lost(came[start : run_end - first], size)
            if at == NEVER:
                continue
            delay = clock_ns + at * TICK_NS - sent_ns
            # Not by min and max: this is done for all that each viewer gets.
            if delay < low:
                low = delay
            if delay > high:
                high = delay
            octets += size
            self.told_ns = sent_ns
        if delay is not None:
            at_ns = clock_ns + (came[-1] if whole else max(came)) * TICK_NS
            self._note_arrival(octets, at_ns)
            self._note_delays(low, high, delay, at_ns)
            self.lag_ns = min(self.lag_ns, now_ns - self.told_ns)
        self._note_loss(self.told - told, self.lost - lost, now_ns)

    def _without_lost(self, part: list[int], octets: int) -> tuple[int, int]:
        """When the first of a run came, and how much of it did."""
        arrived = [at for at in part if at != NEVER]
        self.lost += len(part) - len(arrived)
        return (arrived[0], octets * len(arrived) // len(part)) if arrived else (NEVER, 0)

    def _note_arrival(self, octets: int, at_ns: int) -> None:
        arrivals = self._arrivals
        arrivals.append((at_ns, octets))
        while arrivals[0][0] < at_ns - CARRIED_NS:
            arrivals.popleft()

    def _note_delays(self, low: int, high: int, last: int, at_ns: int) -> None:
        """The least, greatest and last delay of the runs of a report that ends at `at_ns`."""
        if self._base is None or at_ns - self._base_since_ns > BASE_NS:
            self._base = low if self._next_base is None else self._next_base
            self._next_base, self._base_since_ns, self.lag_ns = None, at_ns, FAR_NS
        self._base = min(self._base, low)
        self._next_base = low if self._next_base is None else min(self._next_base, low)
        self.queue_ns = last - self._base
        self.peak_ns = max(self.peak_ns, high - self._base)
        self._note_queue(low - self._base, at_ns)

    def _note_queue(self, queue_ns: int, at_ns: int) -> None:
        if queue_ns < FREE_NS:
            self._busy_ns = None
        if self._busy_ns is None and self.queue_ns > FREE_NS:
            self._busy_ns = at_ns
        if at_ns - self._slice_ns < SLICE_NS and self._lows:
            self._lows[-1] = min(self._lows[-1], queue_ns)
        else:
            self._slice_ns = at_ns
            if self._lows:
                self._past.append(self._lows[-1])
            self._lows.append(queue_ns)

    def _note_loss(self, told: int, lost: int, now_ns: int) -> None:
        fade = 0.5 ** ((now_ns - self._loss_ns) / LOSS_HALF_NS)
        self._loss_ns = now_ns
        self._weight = self._weight * fade + told
        self._weight_lost = self._weight_lost * fade + lost
        self.loss = self._weight_lost / self._weight if self._weight else 0.0

    def begin_anew(self) -> None:
        """The way is another: the delay measured now is the best."""
        self._base = self._next_base = None
        self.lag_ns = FAR_NS
        self._lows.clear()
        self._past.clear()
        self._busy_ns = None

    def forget_loss(self) -> None:
        self._weight = self._weight_lost = self.loss = 0.0

    # --- what follows from it ---

    @property
    def standing_ns(self) -> int:
        """The queue that every packet of the last 300 to 400 ms met."""
        return min(self._lows) if len(self._lows) == SLICES else 0

    @property
    def recent_ns(self) -> int:
        """The queue that every packet of the last 100 to 200 ms met."""
        return min(self._lows[-1], self._lows[-2]) if len(self._lows) > 1 else self.queue_ns

    @property
    def newest_ns(self) -> int:
        """The queue that every packet of the last report, or the last 100 ms, met."""
        return self._lows[-1] if self._lows else 0

    @property
    def tremble_ns(self) -> int:
        """The longest queue that all of some 100 ms met, in the last two seconds."""
        return max(self._past, default=0)

    def overdue_ns(self, now_ns: int) -> int:
        """By how much longer than at best nothing newer was told of: reports wait, lines queue."""
        return now_ns - self.told_ns - self.lag_ns

    def carried_bps(self) -> float | None:
        """What arrived in a second while the queue stood: what the line carries. None where it
        did not stand for long enough to tell."""
        if self._busy_ns is None or not self._arrivals:
            return None
        end_ns = self._arrivals[-1][0]
        since_ns = max(self._busy_ns, self._arrivals[0][0])
        if end_ns - since_ns < MIN_BUSY_NS:
            return None
        octets = sum(octets for at_ns, octets in self._arrivals if at_ns > since_ns)
        return octets * 8e9 / (end_ns - since_ns)
