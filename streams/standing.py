"""The queue that stands on a site's line, and a rate at which it goes away. Pure: time is an
argument.

Browsers back off where delay grows fast or packets are lost. One that sends a fortieth more than
its line carries does neither: at 300 kbit/s the queue then grows by 25 ms each second until the
line's buffer is full, and the room hears the site a second and a half late. By REMB we tell the
sender less until the queue is gone.
"""

from collections import deque

S = 1_000_000_000
MS = 1_000_000
MEMORY_NS = 30 * S
"""The least delay of so long is the line's own. Clocks drift by some milliseconds in that time."""
QUEUE_NS, GONE_NS = 60 * MS, 30 * MS
"""From which on it counts as standing, and below which as gone."""
BACK_OFF, GROWTH, FREE_GROWTH = 0.8, 1.05, 1.25
"""Each second. The last is for a sender that does not use what it is given."""
USED = 0.8
TRIES = 3
"""What does not get shorter by so many is a longer way, and no queue of the sender's."""
SHORTER = 0.8
SHOWN_NS = S
"""What the sender does about it is seen so much later, and behind what stands in the queue."""
LEAST_BPS, MOST_BPS = 50_000.0, 6_000_000.0
"""Sound and stills; and what one source may ask of a line at all."""
ANOTHER_NS = 10 * S
"""A jump of media times, and no delay."""


class StandingQueue:
    """`note` the sound, which browsers send before pictures, so that all it waits for is the line;
    `look` once a second."""

    def __init__(self) -> None:
        self.cap_bps: float | None = None
        """What the sender is told; None: it knows best."""
        self._least_ns: float | None = None
        """Of the delays since the last look."""
        self._delays: deque[tuple[int, float]] = deque()
        self._tries = 0
        self._first_ns = self._last_ns = 0.0
        """Of the queue: at the first try, and a second ago."""
        self._shown_ns = 0.0
        """When the last try has an effect."""

    def note(self, delay_ns: float) -> None:
        """From media time to arrival, with any zero."""
        if self._least_ns is None or delay_ns < self._least_ns:
            self._least_ns = delay_ns

    def look(self, now_ns: int, received_bps: float) -> None:
        """Finds `cap_bps` anew."""
        least_ns, self._least_ns = self._least_ns, None
        if least_ns is None:
            return
        if self._delays and abs(least_ns - self._delays[-1][1]) > ANOTHER_NS:
            self._delays.clear()
        self._delays.append((now_ns, least_ns))
        while self._delays[0][0] < now_ns - MEMORY_NS:
            self._delays.popleft()
        queue_ns = least_ns - min(delay_ns for _, delay_ns in self._delays)
        if queue_ns > QUEUE_NS:
            self._back_off(now_ns, least_ns, queue_ns, received_bps)
        else:
            self._tries = 0
            if queue_ns < GONE_NS and self.cap_bps is not None:
                used = received_bps > USED * self.cap_bps
                self.cap_bps *= GROWTH if used else FREE_GROWTH
                if self.cap_bps > MOST_BPS:
                    self.cap_bps = None
        self._last_ns = queue_ns

    def _back_off(self, now_ns: int, least_ns: float, queue_ns: float, received_bps: float) -> None:
        shorter = queue_ns < SHORTER * self._last_ns or queue_ns < self._last_ns - QUEUE_NS
        if now_ns < self._shown_ns or shorter:
            return
        if self._tries == 0:
            self._first_ns = queue_ns
        if self._tries >= TRIES and queue_ns > SHORTER * self._first_ns:
            self._delays = deque([(now_ns, least_ns)])
            self._tries = 0
            return
        self._tries += 1
        self._shown_ns = now_ns + queue_ns + SHOWN_NS
        most_bps = received_bps if self.cap_bps is None else min(received_bps, self.cap_bps)
        self.cap_bps = max(LEAST_BPS, BACK_OFF * most_bps)
