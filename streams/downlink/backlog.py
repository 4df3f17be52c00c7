"""Which sound of the program is too old to be sent. Pure: time is an argument.

Where the relay, or the studio's mixing thread, was held up for seconds, all of their sound comes at
once. A player that is given it plays it late, and for long after that what follows. So of a backlog
the newest part alone is sent: what is older stays without numbers, and only the times in the
packets tell of the gap, as if the room had been silent (DTX).
"""

STALE_NS = 250_000_000
"""So much later than the earliest, sound is the end of a backlog; a stall that is shorter leaves
out nothing."""
FRESH_NS = 60_000_000
"""And from this on it is sent again."""
LOOK_NS = 200_000_000
"""So often we look whether the backlog gets shorter. Where it does not, nothing newer waits: sound
is made later now, or by another clock, and what comes is what there is."""
NOTHING_YET_NS = 1 << 80


class Backlog:
    """How old sound is, is from its program time to now, with any zero. From `early_ns` to
    `late_ns` it is sent, and nothing need be asked here: that is nearly all of it."""

    def __init__(self) -> None:
        self.early_ns, self.late_ns = NOTHING_YET_NS, 0
        self._looked_ns = self._was_ns = 0
        """The last look, and how old the sound was then."""

    def leaves_out(self, age_ns: int, now_ns: int) -> bool:
        """Whether sound that is earlier or later than that is not sent."""
        if age_ns < self.early_ns:
            return self._send_from(age_ns)
        if self.early_ns < self.late_ns:
            self.late_ns = self.early_ns
            self._looked_ns, self._was_ns = now_ns, age_ns
        elif age_ns <= self.early_ns + FRESH_NS:
            return self._send_from(self.early_ns)
        elif now_ns - self._looked_ns >= LOOK_NS:
            if self._was_ns - age_ns < (now_ns - self._looked_ns) // 2:
                return self._send_from(age_ns)
            self._looked_ns, self._was_ns = now_ns, age_ns
        return True

    def _send_from(self, early_ns: int) -> bool:
        self.early_ns, self.late_ns = early_ns, early_ns + STALE_NS
        return False
