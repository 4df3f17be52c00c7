"""Steering of who has no transport-wide feedback: by his own estimate (REMB) and his loss. Pure.

Slow and careful both ways: such estimates follow what is sent, and doubt it at each keyframe.
"""

from collections.abc import Sequence

from streams.bandwidth.renditions import Level

TURN_NS = 1_000_000_000
PATIENCE = 3
"""Turns that a line must look too thin for what it gets."""
TOO_THIN = 0.8
"""An estimate below so much of what is sent."""
LOSSY, CLEAN = 0.12, 0.02
REST_NS = 10_000_000_000
MAX_REST_NS = 160_000_000_000


class RembSteering:
    def __init__(self, levels: Sequence[Level]) -> None:
        self.level = 0
        self.rtt_ns: int | None = None
        self._levels = levels
        self._lost = {True: 0.0, False: 0.0}
        self._remb_bps: int | None = None
        self._thin = 0
        self._turn_ns = self._rest_until_ns = self._raised_ns = 0
        self._rest_ns = REST_NS

    @property
    def loss(self) -> float:
        """Of pictures or sound, whichever fares worse."""
        return max(self._lost.values())

    @property
    def estimate_bps(self) -> float:
        needs = self._levels[self.level].need_bps
        return needs if self._remb_bps is None else float(self._remb_bps)

    def on_receiver_report(self, video: bool, fraction_lost: float, rtt_ns: int | None) -> None:
        self._lost[video] += (fraction_lost - self._lost[video]) / 2
        if rtt_ns is not None:
            self.rtt_ns = rtt_ns

    def on_remb(self, bps: int) -> None:
        self._remb_bps = bps

    def tick(self, now_ns: int) -> None:
        """A turn each `TURN_NS`; sooner it does nothing. It moves `level` by one at most."""
        if now_ns - self._turn_ns < TURN_NS:
            return
        self._turn_ns = now_ns
        needs = self._levels[self.level].need_bps
        too_thin = self._remb_bps is not None and self._remb_bps < TOO_THIN * needs
        self._thin = self._thin + 1 if too_thin or self.loss > LOSSY else 0
        if self._thin >= PATIENCE and self.level < len(self._levels) - 1:
            self._lower(now_ns)
        elif self._thin or self.loss > CLEAN:
            self._rest_until_ns = max(self._rest_until_ns, now_ns + TURN_NS)
        elif self.level and now_ns > self._rest_until_ns:
            self.level -= 1
            self._raised_ns, self._rest_until_ns = now_ns, now_ns + self._rest_ns

    def _lower(self, now_ns: int) -> None:
        if self._raised_ns and now_ns - self._raised_ns < REST_NS:
            self._rest_ns = min(MAX_REST_NS, 2 * self._rest_ns)
        self.level += 1
        self._thin = 0
        self._rest_until_ns = now_ns + self._rest_ns
