"""How fast a line takes pictures that are spread over time (`streams.downlink.pacer`). Pure."""

from streams.bandwidth.congestion import Congestion

TURN_NS = 2_000_000_000
"""A keyframe comes in each."""
GROWTH, CAREFUL_GROWTH = 1.5, 1.1
"""In each turn, and for some after a second burst."""
CAREFUL_TURNS = 6
SLOWER = 2.0
"""Of what the whole program needs, after a first burst: a hiccup of ours looks like one, and who is
paced costs three times as much to serve. A second one is the line's."""
QUEUE_NS = 40_000_000
LOSS = 0.02
FREE = 10.0
"""Of what the whole program needs: beyond it nothing waits any more."""


class Pace:
    """The rate for pictures: faster with each keyframe that met no queue, if nothing is known
    against it."""

    def __init__(self) -> None:
        self.rate_bps: float | None = None
        """None: nothing waits."""
        self._turn_ns = 0
        self._careful = 0
        """Turns to go."""
        self._told = self._lost = 0

    def limit(self, rate_bps: float) -> None:
        """From now on it is so fast: another rendition begins, or the line was full."""
        self.rate_bps = rate_bps

    def turn(self, line: Congestion, usual_loss: float, free_bps: float, now_ns: int) -> None:
        """`free_bps`: a rate of which `FREE` times makes waiting needless."""
        if now_ns - self._turn_ns < TURN_NS:
            return
        peak_ns, line.peak_ns, self._turn_ns = line.peak_ns, 0, now_ns
        told, lost = line.told - self._told, line.lost - self._lost
        self._told, self._lost = line.told, line.lost
        burst = peak_ns > QUEUE_NS or lost > (usual_loss + LOSS) * told
        if burst and self.rate_bps is None:
            self.rate_bps = SLOWER * free_bps
        elif burst and self.rate_bps is not None:
            self.rate_bps, self._careful = max(free_bps, self.rate_bps / 2), CAREFUL_TURNS
        elif self.rate_bps is not None:
            self.rate_bps *= CAREFUL_GROWTH if self._careful else GROWTH
            self._careful = max(0, self._careful - 1)
            if self.rate_bps > FREE * free_bps:
                self.rate_bps = None
