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
LOOK_NS, EASY_LOOK_NS = S // 4, S
"""How often it is looked for; the second where none stood. Sound is late from the first tens of
milliseconds on, and a queue that is noticed while it is short is gone before it is heard."""
MEMORY_NS = 30 * S
"""The least delay of so long is the line's own. Clocks drift by some milliseconds in that time."""
QUEUE_NS, AGAIN_NS, GONE_NS = 60 * MS, 20 * MS, 20 * MS
"""From which on it counts as standing, the second on a line where one stood before (for two looks,
or twice as long for one); and below which as gone."""
BACK_OFF, KEPT = 0.8, 0.95
"""Of what the line carried while a queue stood: until it is gone, and then."""
REST_NS, LONGEST_REST_NS = 20 * S, 60 * S
"""So long no more is tried; twice as long if the queue is back before as much time again."""
GROWTH_PER_S, KNOWN = 0.02, 1.06
"""More each second after the rest; faster and faster as soon as the line gets so many times what it
was known to carry. Fast before that, the queue that is met would be heard."""
FREE_GROWTH = 1.25
"""Each second, where it was no queue, or the sender uses less than `USED` of what it is given."""
USED, FULL = 0.8, 0.85
"""In between it hardly needs more, nor shows that there is more: growth begins anew."""
TRIES = 3
"""What the last of so many does not make shorter is a longer way, and no queue of the sender's."""
SHORTER = 0.8
"""In a second, or by a try."""
ALIKE_NS, LESS = 10 * MS, 0.9
"""What is as long as at the last try, although less comes, is one at once; or a microphone that
fell behind: a busy computer leaves out pieces of sound, and does not say so."""
SHOWN_NS = S
"""What the sender does about it is seen so much later, and behind what stands in the queue."""
LEAST_BPS, MOST_BPS = 50_000.0, 6_000_000.0
"""Sound and stills; and what one source may ask of a line at all."""
ANOTHER_NS = 10 * S
"""A jump of media times, and no delay."""


class StandingQueue:
    """`note` the sound, which browsers send before pictures, so that all it waits for is the line;
    `look` each `every_ns`. The cap is for pictures alone: of sound browsers send the same on any
    line, and do not count it."""

    def __init__(self) -> None:
        self.cap_bps: float | None = None
        """What the sender is told; None: it knows best."""
        self._least_ns: float | None = None
        """Of the delays since the last look."""
        self._looked_ns: int | None = None
        self._delays: deque[tuple[int, float]] = deque()
        self._came: deque[tuple[int, float, float]] = deque()
        """In the last second: for how long, at what rate of pictures and of sound."""
        self._tries = 0
        self._tried_ns = 0.0
        """Of the queue: at the last try."""
        self._untried: tuple[float | None, float] = None, 0.0
        """The cap before the first, and what the line was thought to carry."""
        self._shown_ns = 0.0
        """When the last try has an effect."""
        self._carries_bps = 0.0
        """What the line carried when a queue stood last; 0: none that is remembered."""
        self._rest_ns, self._rest_until_ns = REST_NS, 0

    @property
    def every_ns(self) -> int:
        """How long until the next look."""
        return EASY_LOOK_NS if self.cap_bps is None else LOOK_NS

    def note(self, delay_ns: float) -> None:
        """From media time to arrival, with any zero."""
        if self._least_ns is None or delay_ns < self._least_ns:
            self._least_ns = delay_ns

    def look(self, now_ns: int, picture_bps: float, sound_bps: float) -> None:
        """Finds `cap_bps` anew, by what came since the last time, with its headers."""
        elapsed_ns = S if self._looked_ns is None else now_ns - self._looked_ns
        self._looked_ns = now_ns
        picture_bps, sound_bps = self._in_a_second(elapsed_ns, picture_bps, sound_bps)
        least_ns, self._least_ns = self._least_ns, None
        if least_ns is None:
            return
        if self._delays and abs(least_ns - self._delays[-1][1]) > ANOTHER_NS:
            self._delays.clear()
        self._delays.append((now_ns, least_ns))
        while self._delays[0][0] < now_ns - MEMORY_NS:
            self._delays.popleft()
        own_ns = min(delay_ns for _, delay_ns in self._delays)
        queue_ns = least_ns - own_ns
        if now_ns < self._shown_ns:
            # Until a queue is gone the line gives what it has, and never more.
            self._carries_bps = max(self._carries_bps, picture_bps + sound_bps)
        if self._stands(now_ns, queue_ns, own_ns):
            self._back_off(now_ns, queue_ns, self._before(now_ns) - own_ns, picture_bps, sound_bps)
        else:
            self._tries = 0
            gone = queue_ns < GONE_NS or not self._carries_bps
            if gone and self.cap_bps is not None:
                self.cap_bps = self._more(
                    now_ns, elapsed_ns / S, self.cap_bps, picture_bps, sound_bps
                )

    def _in_a_second(
        self, elapsed_ns: int, picture_bps: float, sound_bps: float
    ) -> tuple[float, float]:
        """What came, over so long: single looks have more pictures or fewer."""
        came = self._came
        came.append((elapsed_ns, picture_bps, sound_bps))
        while sum(one[0] for one in came) - came[0][0] >= S:
            came.popleft()
        whole_ns = sum(one[0] for one in came)
        return (
            sum(one[0] * one[1] for one in came) / whole_ns,
            sum(one[0] * one[2] for one in came) / whole_ns,
        )

    def _stands(self, now_ns: int, queue_ns: float, own_ns: float) -> bool:
        """A short one for two looks on end: a line may stop for a moment."""
        if not self._carries_bps:
            return queue_ns > QUEUE_NS
        before_at_ns, before_ns = self._delays[max(-2, -len(self._delays))]
        lasts = now_ns - before_at_ns < 2 * LOOK_NS and before_ns - own_ns > AGAIN_NS
        return queue_ns > (AGAIN_NS if lasts else 2 * AGAIN_NS)

    def _before(self, now_ns: int) -> float:
        """The delay a second ago."""
        past = (delay_ns for at_ns, delay_ns in reversed(self._delays) if at_ns <= now_ns - S)
        return next(past, self._delays[0][1])

    def _more(
        self, now_ns: int, elapsed_s: float, cap_bps: float, picture_bps: float, sound_bps: float
    ) -> float | None:
        kept_bps = KEPT * self._carries_bps - sound_bps
        freely = FREE_GROWTH**elapsed_s
        if not self._carries_bps:
            cap_bps *= freely
        elif cap_bps < kept_bps:
            cap_bps = kept_bps
        elif now_ns > self._rest_until_ns:
            if picture_bps < FULL * cap_bps:
                self._rest_until_ns = now_ns - S
            if picture_bps < USED * cap_bps:
                cap_bps *= freely
            else:
                more = cap_bps + sound_bps > KNOWN * self._carries_bps
                times = (now_ns - self._rest_until_ns) / S if more else 1
                cap_bps *= 1 + GROWTH_PER_S * times * elapsed_s
        if cap_bps <= MOST_BPS:
            return cap_bps
        self._carries_bps = 0.0
        return None

    def _back_off(
        self, now_ns: int, queue_ns: float, before_ns: float, picture_bps: float, sound_bps: float
    ) -> None:
        came_bps = picture_bps + sound_bps
        shorter = queue_ns < SHORTER * before_ns or queue_ns < before_ns - QUEUE_NS
        if now_ns < self._shown_ns or shorter:
            return
        if self._tries == 0:
            self._untried = self.cap_bps, self._carries_bps
            self._carries_bps = came_bps
            soon = now_ns < self._rest_until_ns + self._rest_ns
            self._rest_ns = min(2 * self._rest_ns, LONGEST_REST_NS) if soon else REST_NS
        elif abs(queue_ns - self._tried_ns) < ALIKE_NS and came_bps < LESS * self._carries_bps:
            self.cap_bps, self._carries_bps = self._untried
            self._begin_anew()
            return
        elif self._tries >= TRIES and queue_ns > SHORTER * self._tried_ns:
            self._carries_bps = 0.0
            self._begin_anew()
            return
        self._tries += 1
        self._tried_ns = queue_ns
        self._shown_ns = now_ns + queue_ns + SHOWN_NS
        self._rest_until_ns = now_ns + self._rest_ns
        most_bps = picture_bps if self.cap_bps is None else min(picture_bps, self.cap_bps)
        self.cap_bps = max(LEAST_BPS, BACK_OFF * (most_bps + sound_bps) - sound_bps)

    def _begin_anew(self) -> None:
        """What the delay is now is the line's own."""
        self._delays = deque([self._delays[-1]])
        self._tries = 0
