"""How each site's line was, minute by minute, kept for as long as the session's recording: one file
for each session, `lines/<session>.jsonl` in the data folder.

The loop notes; a thread writes once a minute. A crash costs the minute that ran.
"""

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from broadcast.session.model import Phase, SessionState
from streams.frames import SiteId
from streams.lines import DownLine, Line
from web.outside import LineQuality, line_quality

PLACE = "lines"
"""In the data folder."""
MINUTE_MS = 60_000
LOOK_MS = 5_000
"""A look that comes later than that says nothing of the time before it."""
WAITING = 10
"""Minutes that a slow disk may be behind. Policy: those that come then are not kept, and told."""
FIGURES = ("rtt_ms", "up_loss", "down_loss", "up_bps", "down_bps")
WORDS: tuple[LineQuality, ...] = ("good", "fair", "poor", "lost")

_UNDER_WAY = {Phase.LIVE, Phase.PAUSED}
_log = logging.getLogger(__name__)


class SiteMinute(NamedTuple):
    """One site in one minute, or in a part of it."""

    seconds: tuple[float, ...]
    """How long its line was each of WORDS; lost is also: not there."""
    means: tuple[float | None, ...]
    """Of each of FIGURES; None: not known."""


@dataclass(frozen=True, slots=True)
class Minute:
    at_ms: int
    """Its beginning, in epoch milliseconds as if the clock had not been set since the session was
    prepared: `clock_set_ms` of the session's state makes it one of the state's times."""
    viewers: int
    """Public pages that were open, at most."""
    sites: Mapping[SiteId, SiteMinute]


@dataclass(slots=True)
class _Site:
    ms: dict[LineQuality, int] = field(default_factory=lambda: dict.fromkeys(WORDS, 0))
    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0.0))
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))

    def add(self, line: Line | None, down: DownLine | None, span_ms: int) -> None:
        self.ms[line_quality(line, down)] += span_ms
        known: dict[str, float | None] = {}
        if line is not None:
            known |= {
                "rtt_ms": line.rtt_ms, "up_loss": line.loss_percent, "up_bps": line.bitrate_bps,
            }  # fmt: skip
        if down is not None:
            known |= {"down_loss": down.loss_percent, "down_bps": down.sent_bps}
        for name, value in known.items():
            if value is not None:
                self.sums[name] += value
                self.counts[name] += 1

    def whole(self) -> SiteMinute:
        means = (
            round(self.sums[name] / self.counts[name], 1) if self.counts[name] else None
            for name in FIGURES
        )
        return SiteMinute(tuple(self.ms[word] / 1000 for word in WORDS), tuple(means))


@dataclass(slots=True)
class _Running:
    session: str
    number: int
    """Of the minute, since the epoch."""
    viewers: int = 0
    sites: dict[SiteId, _Site] = field(default_factory=dict)

    def whole(self) -> Minute:
        sites = {site: one.whole() for site, one in self.sites.items()}
        return Minute(self.number * MINUTE_MS, self.viewers, sites)


class LineBook:
    """`run` writes what `note` was told. `folder` is ours alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._now: _Running | None = None
        self._looked_ms: int | None = None
        self._whole: asyncio.Queue[tuple[str, Minute]] = asyncio.Queue(WAITING)

    def note(
        self,
        state: SessionState,
        lines: Mapping[SiteId, Line],
        returns: Mapping[SiteId, DownLine],
        viewers: int,
        now_ms: int,
        steady_ms: int,
    ) -> None:
        """One look. Under way each site counts, there or not; before, those that are there. Who
        was put out of a closed part has no line to speak of."""
        last_ms, self._looked_ms = self._looked_ms, steady_ms
        span_ms = steady_ms - last_ms if last_ms is not None else LOOK_MS + 1
        number = (now_ms - state.clock_set_ms) // MINUTE_MS
        if self._now is not None and (self._now.session, self._now.number) != (state.id, number):
            self._hand_over()
        if span_ms > LOOK_MS or state.phase is Phase.ENDED:
            return
        sites = state.sites.keys() if state.phase in _UNDER_WAY else state.sites.keys() & lines
        if self._now is None:
            self._now = _Running(state.id, number)
        self._now.viewers = max(self._now.viewers, viewers)
        for site in sites - state.put_out:
            noted = self._now.sites.setdefault(site, _Site())
            noted.add(lines.get(site), returns.get(site), span_ms)

    def _hand_over(self) -> None:
        now, self._now = self._now, None
        if now is None or not now.sites:
            return
        try:
            self._whole.put_nowait((now.session, now.whole()))
        except asyncio.QueueFull:
            _log.warning("a minute of the lines is not kept: the disk does not keep up")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            session, minute = await self._whole.get()
            try:
                await asyncio.to_thread(self._append, session, minute)
            except OSError as error:
                _log.error("a minute of the lines cannot be kept: %s", error)

    def close(self) -> None:
        """Writes what is left; blocking, and after `run`."""
        self._hand_over()
        try:
            while not self._whole.empty():
                self._append(*self._whole.get_nowait())
        except OSError as error:
            _log.error("the last minute of the lines cannot be kept: %s", error)

    def _append(self, session: str, minute: Minute) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps([minute.at_ms, minute.viewers, minute.sites], separators=(",", ":"))
        with open(self._path(session), "ab", opener=_for_us_alone) as file:
            # In front: what a power cut tore must not take this with it.
            file.write(f"\n{text}".encode())

    def read(self, session: str) -> list[Minute]:
        """In order; blocking. A line that a power cut tore is left out. Raises `OSError`."""
        try:
            lines = self._path(session).read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return []
        found: list[Minute] = []
        for line in lines:
            minute = _minute(line)
            if minute is not None and found and found[-1].at_ms == minute.at_ms:
                found[-1] = _one_of(found[-1], minute)
            elif minute is not None:
                found.append(minute)
        return found

    def _path(self, session: str) -> Path:
        return self._folder / f"{session}.jsonl"


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _minute(line: str) -> Minute | None:
    try:
        at_ms, viewers, sites = json.loads(line)
        return Minute(
            at_ms,
            viewers,
            {
                SiteId(site): SiteMinute(tuple(seconds), tuple(means))
                for site, (seconds, means) in sites.items()
            },
        )
    except (ValueError, TypeError, AttributeError):
        return None


def _one_of(first: Minute, second: Minute) -> Minute:
    """A minute in which the server was started anew."""
    sites = dict(first.sites)
    for site, one in second.sites.items():
        sites[site] = _whole_of(sites[site], one) if site in sites else one
    return Minute(first.at_ms, max(first.viewers, second.viewers), sites)


def _whole_of(first: SiteMinute, second: SiteMinute) -> SiteMinute:
    """Its means are those of the longer part, where that knows them."""
    shorter, longer = sorted((first, second), key=lambda one: sum(one.seconds))
    seconds = zip(first.seconds, second.seconds, strict=True)
    means = zip(longer.means, shorter.means, strict=True)
    return SiteMinute(
        tuple(map(sum, seconds)), tuple(one if one is not None else other for one, other in means)
    )
