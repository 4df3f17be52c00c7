"""The queue that stands on a site's line, and a rate at which it goes away. Pure: time is an
argument.

Browsers back off where delay grows fast or packets are lost. One that sends a fortieth more than
its line carries does neither: at 300 kbit/s the queue then grows by 25 ms each second until the
line's buffer is full, and the room hears the site a second and a half late. By REMB we tell the
sender less until the queue is gone, and then a little less than the line carried, for longer each
time that the queue comes back.
"""

from collections import deque

S = 1_000_000_000
MS = 1_000_000
MEMORY_NS = 30 * S
"""The least delay of so long is the line's own. Clocks drift by some milliseconds in that time."""
QUEUE_NS, AGAIN_NS, GONE_NS = 60 * MS, 40 * MS, 30 * MS
"""From which on it counts as standing, the second on a line where one stood before; and below which
as gone."""
BACK_OFF, KEPT = 0.8, 0.95
"""Of what the line carried while a queue stood: until it is gone, and then."""
REST_NS, LONGEST_REST_NS = 10 * S, 60 * S
"""So long no more is tried; twice as long if the queue is back before as much time again."""
GROWTH_PER_S = 0.005
"""More each second after the rest: half a hundredth in the first, then a whole one."""
FREE_GROWTH = 1.25
"""Each second, where it was no queue, or the sender uses less than `USED` of what it is given."""
USED, FULL = 0.8, 0.85
"""In between it hardly needs more, nor shows that there is more: growth begins anew."""
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
    `look` once a second. The cap is for pictures alone: of sound browsers send the same on any
    line, and do not count it."""

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
        self._carries_bps = 0.0
        """What the line carried when a queue stood last; 0: none that is remembered."""
        self._rest_ns, self._rest_until_ns = REST_NS, 0

    def note(self, delay_ns: float) -> None:
        """From media time to arrival, with any zero."""
        if self._least_ns is None or delay_ns < self._least_ns:
            self._least_ns = delay_ns

    def look(self, now_ns: int, picture_bps: float, sound_bps: float) -> None:
        """Finds `cap_bps` anew, by what came since the last time, with its headers."""
        least_ns, self._least_ns = self._least_ns, None
        if least_ns is None:
            return
        if self._delays and abs(least_ns - self._delays[-1][1]) > ANOTHER_NS:
            self._delays.clear()
        self._delays.append((now_ns, least_ns))
        while self._delays[0][0] < now_ns - MEMORY_NS:
            self._delays.popleft()
        queue_ns = least_ns - min(delay_ns for _, delay_ns in self._delays)
        if queue_ns > (AGAIN_NS if self._carries_bps else QUEUE_NS):
            self._back_off(now_ns, least_ns, queue_ns, picture_bps, sound_bps)
        else:
            self._tries = 0
            if queue_ns < GONE_NS and self.cap_bps is not None:
                self.cap_bps = self._more(now_ns, self.cap_bps, picture_bps, sound_bps)
        self._last_ns = queue_ns

    def _more(
        self, now_ns: int, cap_bps: float, picture_bps: float, sound_bps: float
    ) -> float | None:
        kept_bps = KEPT * self._carries_bps - sound_bps
        if not self._carries_bps:
            cap_bps *= FREE_GROWTH
        elif cap_bps < kept_bps:
            cap_bps = kept_bps
        elif now_ns > self._rest_until_ns:
            if picture_bps < FULL * cap_bps:
                self._rest_until_ns = now_ns - S
            if picture_bps < USED * cap_bps:
                cap_bps *= FREE_GROWTH
            else:
                cap_bps *= 1 + GROWTH_PER_S * (now_ns - self._rest_until_ns) / S
        if cap_bps <= MOST_BPS:
            return cap_bps
        self._carries_bps = 0.0
        return None

    def _back_off(
        self, now_ns: int, least_ns: float, queue_ns: float, picture_bps: float, sound_bps: float
    ) -> None:
        shorter = queue_ns < SHORTER * self._last_ns or queue_ns < self._last_ns - QUEUE_NS
        if now_ns < self._shown_ns or shorter:
            return
        if self._tries == 0:
            self._first_ns, self._carries_bps = queue_ns, picture_bps + sound_bps
            soon = now_ns < self._rest_until_ns + self._rest_ns
            self._rest_ns = min(2 * self._rest_ns, LONGEST_REST_NS) if soon else REST_NS
        if self._tries >= TRIES and queue_ns > SHORTER * self._first_ns:
            self._delays = deque([(now_ns, least_ns)])
            self._tries, self._carries_bps = 0, 0.0
            return
        self._tries += 1
        self._shown_ns = now_ns + queue_ns + SHOWN_NS
        self._rest_until_ns = now_ns + self._rest_ns
        most_bps = picture_bps if self.cap_bps is None else min(picture_bps, self.cap_bps)
        self.cap_bps = max(LEAST_BPS, BACK_OFF * (most_bps + sound_bps) - sound_bps)
