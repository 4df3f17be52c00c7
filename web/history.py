"""How each site's line was in the last ten minutes. Pure: the time is an argument.

Bounded: a step of 5 s keeps the worst that was seen in it, and a site keeps 120 steps. A site that
was away for all of them is forgotten.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.frames import SiteId
from streams.lines import DownLine, Line
from web.outside import LineQuality, line_quality

STEP_MS = 5_000
SPAN_MS = 600_000
STEPS = SPAN_MS // STEP_MS
_ORDER: tuple[LineQuality, ...] = ("good", "fair", "poor", "lost")
_RATES = frozenset({"up_bps", "down_bps"})
COLUMNS = {"rtt_ms": 0, "up_loss": 1, "down_loss": 1, "up_bps": -3, "down_bps": -3}
"""What is kept of each step, and to how many digits it is told."""


@dataclass(slots=True)
class _Step:
    number: int
    """Since the epoch, in steps."""
    line: LineQuality
    figures: dict[str, float]
    """Those of COLUMNS that are known."""
    looks: dict[str, int] = field(default_factory=dict)

    def add(self, line: LineQuality, figures: Mapping[str, float]) -> None:
        """The worst word, the highest loss and round trip, the mean rate."""
        self.line = max(self.line, line, key=_ORDER.index)
        for name, value in figures.items():
            looks = self.looks[name] = self.looks.get(name, 0) + 1
            known = self.figures.get(name, value)
            mean = known + (value - known) / looks
            self.figures[name] = mean if name in _RATES else max(known, value)


class History:
    def __init__(self) -> None:
        self._steps: dict[SiteId, deque[_Step]] = {}

    def note(
        self, lines: Mapping[SiteId, Line], returns: Mapping[SiteId, DownLine], now_ms: int
    ) -> None:
        """One look at all lines. Sites that were here before and are not now are lost."""
        number = now_ms // STEP_MS
        for site in self._steps.keys() | lines.keys():
            line, down = lines.get(site), returns.get(site)
            step = self._step(site, number)
            step.add(line_quality(line, down), _figures(line, down))
        self._forget()

    def _step(self, site: SiteId, number: int) -> _Step:
        """The present one; a clock that was put back goes on in the newest."""
        steps = self._steps.setdefault(site, deque(maxlen=STEPS))
        if not steps or steps[-1].number < number:
            steps.append(_Step(number, "good", {}))
        return steps[-1]

    def _forget(self) -> None:
        gone = [
            site
            for site, steps in self._steps.items()
            if len(steps) == STEPS and not any(step.figures for step in steps)
        ]
        for site in gone:
            del self._steps[site]

    def of(self, site: SiteId, now_ms: int) -> dict[str, Any]:
        """As pages get it (PROTOCOL.md): columns of STEPS values, the present step last; null
        where nothing is known."""
        last = now_ms // STEP_MS
        numbers = range(last - STEPS + 1, last + 1)
        steps = {step.number: step for step in self._steps.get(site, ())}
        return {
            "step_ms": STEP_MS,
            "ends_at_ms": (last + 1) * STEP_MS,
            "line": [steps[n].line if n in steps else None for n in numbers],
            **{
                name: [
                    round(value, digits)
                    if (value := _value(steps.get(n), name)) is not None
                    else None
                    for n in numbers
                ]
                for name, digits in COLUMNS.items()
            },
        }


def _value(step: _Step | None, name: str) -> float | None:
    return step.figures.get(name) if step is not None else None


def _figures(line: Line | None, down: DownLine | None) -> dict[str, float]:
    figures: dict[str, float | None] = {}
    if line is not None:
        figures |= {"rtt_ms": line.rtt_ms, "up_loss": line.loss_percent, "up_bps": line.bitrate_bps}
    if down is not None:
        figures |= {"down_loss": down.loss_percent, "down_bps": down.sent_bps}
    return {name: value for name, value in figures.items() if value is not None}
