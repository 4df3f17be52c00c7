"""Is loss ours? Only if less of it is lost when less is sent. Pure.

Wireless lines lose a fifth whatever they carry, and a policer or a short queue loses what is too
much, without any delay: only a trial tells them apart. A probe that was carried tells too.
"""

import math
from enum import Enum

from streams.bandwidth.congestion import Congestion
from streams.frames import NS_PER_MS

WINDOW_NS = 2_000 * NS_PER_MS
"""Also long enough for the switch to less, at a keyframe."""
FEW = 20
"""Packets that say nothing yet."""
LOSSY = 0.1
"""Beyond the usual loss, and beyond chance: worth a trial."""
OURS = 0.6
"""Loss that fell below so much of what it was when less was sent was ours."""
LOSSY_FROM, LOSSY_TO = 0.08, 0.04
"""Pictures of ten packets seldom come whole beyond the one; below the other they do again."""
REST_NS, MAX_REST_NS = 10_000 * NS_PER_MS, 160_000 * NS_PER_MS
"""After a trial that showed nothing; doubled each time. A line that became thin is found out within
minutes, however often it was in vain before."""
REDUNDANT_FROM, REDUNDANT_TO = 0.03, 0.01
"""Loss from which sound is sent twice, and below which no longer."""
REDUNDANT_NS = 10_000 * NS_PER_MS


class Redundance:
    """Whether sound is to be sent twice."""

    def __init__(self) -> None:
        self.on = False
        self._lossy_ns = 0

    def turn(self, loss: float, now_ns: int) -> bool:
        """Whether that changed."""
        if loss > REDUNDANT_TO:
            self._lossy_ns = now_ns
        lately = now_ns - self._lossy_ns < REDUNDANT_NS
        before, self.on = self.on, loss > REDUNDANT_FROM or (self.on and lately)
        return self.on != before


class Finding(Enum):
    NOTHING = "nothing"
    TRY_LESS = "try less"
    OURS = "ours"
    NOT_OURS = "not ours"


class Losses:
    def __init__(self) -> None:
        self.usual: float | None = None
        """What the line loses of anything; None before the first probe or trial."""
        self.trying = False
        self.lossy = False
        """So much is lost, ours or not, that pictures of few packets are better."""
        self._smooth = 0.0
        self._before = 0.0
        self._windows = 0
        self._told = self._lost = self._since_ns = 0
        self._rest_until_ns, self._rest_ns = 0, REST_NS

    def begin_anew(self, line: Congestion, now_ns: int) -> None:
        """What was lost until now does not count."""
        self._told, self._lost, self._since_ns = line.told, line.lost, now_ns

    def turn(self, line: Congestion, now_ns: int, *, may_try: bool) -> Finding:
        """`may_try`: whether less could be sent, and nothing else is going on."""
        if now_ns - self._since_ns < WINDOW_NS:
            return Finding.NOTHING
        told = line.told - self._told
        loss = (line.lost - self._lost) / told if told >= FEW else None
        self.begin_anew(line, now_ns)
        if loss is None:
            return Finding.NOTHING
        self._smooth += (loss - self._smooth) / 2
        self.lossy = self._smooth > (LOSSY_TO if self.lossy else LOSSY_FROM)
        if self.trying:
            return self._judge(loss, now_ns)
        if self.usual is None:
            return Finding.NOTHING
        if loss < self.usual:
            self.usual += (loss - self.usual) / 4
        chance = 2 * math.sqrt(loss * (1 - loss) / told)
        if may_try and now_ns > self._rest_until_ns and loss > self.usual + LOSSY + chance:
            self.trying, self._before, self._windows = True, loss, 0
            return Finding.TRY_LESS
        return Finding.NOTHING

    def _judge(self, loss: float, now_ns: int) -> Finding:
        """By the second window; in the first it was still being switched."""
        self._windows += 1
        if self._windows < 2:
            return Finding.NOTHING
        self.trying = False
        if loss < OURS * self._before:
            return Finding.OURS
        self.usual = loss
        self._rest_until_ns = now_ns + self._rest_ns
        self._rest_ns = min(MAX_REST_NS, 2 * self._rest_ns)
        return Finding.NOT_OURS
