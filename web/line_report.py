"""What the book of the lines says of a session (`web.line_book`), site by site: how good each line
was, when it was away and who spoke there then. Pure.

A session that began counts from then on, and without its breaks; before, the rehearsal does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from broadcast.archive.minutes import Minutes
from broadcast.session.model import Site
from web.line_book import FIGURES, MINUTE_MS, WORDS, Minute, SiteMinute
from web.outside import LineQuality

LASTED_S = 3
"""What is shorter does not make a minute poor."""
AWAY_S = 1
"""What is shorter is a page that was loaded anew."""


@dataclass(frozen=True, slots=True)
class Away:
    """Times of the session's state, to the minute; how long in all, to the second."""

    start_ms: int
    end_ms: int
    seconds: float
    speakers: tuple[str, ...]
    """Who had the floor there, in public."""


@dataclass(frozen=True, slots=True)
class Run:
    """Minutes of the same word, counted from the first."""

    first: int
    count: int
    word: LineQuality


@dataclass(frozen=True, slots=True)
class SiteReport:
    site: Site
    here_s: float
    away_s: float
    shares: dict[LineQuality, int]
    """Per cent of the time that it was there; of "lost" of all the time."""
    means: dict[str, float | None]
    """Of FIGURES, while it was there."""
    away: tuple[Away, ...]
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Report:
    rehearsal: bool
    """The session has not begun."""
    start_ms: int | None
    """None: nothing is known."""
    count: int
    """Minutes from the first to the last."""
    viewers: int
    turns: int
    spoken_ms: int
    sites: tuple[SiteReport, ...]

    @property
    def end_ms(self) -> int:
        return (self.start_ms or 0) + self.count * MINUTE_MS


@dataclass(frozen=True, slots=True)
class _Turn:
    start_ms: int
    end_ms: int
    name: str


def report_of(book: Sequence[Minute], minutes: Minutes) -> Report:
    """`minutes`: those of the session, which tell who spoke in public."""
    state = minutes.state
    known = list(_counting(book, minutes))
    start_ms = min((at_ms for at_ms, _ in known), default=None)
    end_ms = max((at_ms + MINUTE_MS for at_ms, _ in known), default=0)
    spoken = [line for part in minutes.parts for line in part.lines if line.kind is not None]
    sites = []
    for site in state.sites.values():
        turns = [
            _Turn(line.at_ms, line.until_ms, line.name) for line in spoken if line.site == site.name
        ]
        seen = {at_ms: one.sites[site.id] for at_ms, one in known if site.id in one.sites}
        sites.append(_site(site, seen, start_ms or 0, turns))
    return Report(
        rehearsal=state.started_at_ms is None,
        start_ms=start_ms,
        count=(end_ms - start_ms) // MINUTE_MS if start_ms is not None else 0,
        viewers=max((one.viewers for _, one in known), default=0),
        turns=len(spoken),
        spoken_ms=sum(line.lasted_ms for line in spoken),
        sites=tuple(sites),
    )


def on_the_clock(book: Sequence[Minute], minutes: Minutes) -> Iterator[tuple[int, Minute]]:
    """Each with its beginning by the clock as it was set last, as the minutes have it."""
    set_ms = sum(step.by_ms for step in minutes.clock_sets)
    return ((one.at_ms + set_ms, one) for one in book)


def _counting(book: Sequence[Minute], minutes: Minutes) -> Iterator[tuple[int, Minute]]:
    begun_ms = minutes.state.started_at_ms
    for at_ms, one in on_the_clock(book, minutes):
        early = begun_ms is not None and at_ms + MINUTE_MS <= begun_ms
        resting = any(
            begin <= at_ms and (end is None or at_ms + MINUTE_MS <= end)
            for begin, end in minutes.breaks
        )
        if not early and not resting:
            yield at_ms, one


def _site(
    site: Site, seen: dict[int, SiteMinute], start_ms: int, turns: Sequence[_Turn]
) -> SiteReport:
    seconds = {word: sum(one.seconds[at] for one in seen.values()) for at, word in enumerate(WORDS)}
    away_s = seconds.pop("lost")
    here_s = sum(seconds.values())
    shares: dict[LineQuality, int] = {
        word: round(100 * value / here_s) if here_s else 0 for word, value in seconds.items()
    }
    shares["lost"] = round(100 * away_s / (here_s + away_s)) if away_s else 0
    return SiteReport(
        site,
        here_s,
        away_s,
        shares,
        {name: _mean(seen, at) for at, name in enumerate(FIGURES)},
        tuple(_away(seen, turns)),
        tuple(_runs(seen, start_ms)),
    )


def _mean(seen: dict[int, SiteMinute], at: int) -> float | None:
    """Each minute counts by how long the site was there in it."""
    known = [
        (value, sum(one.seconds[:-1]))
        for one in seen.values()
        if (value := one.means[at]) is not None
    ]
    weight = sum(here_s for _, here_s in known)
    return sum(value * here_s for value, here_s in known) / weight if weight else None


def _away(seen: dict[int, SiteMinute], turns: Sequence[_Turn]) -> Iterator[Away]:
    """Minutes that follow each other are one time."""
    gone = [at_ms for at_ms, one in sorted(seen.items()) if one.seconds[-1] >= AWAY_S]
    for _, group in groupby(enumerate(gone), key=lambda one: one[1] // MINUTE_MS - one[0]):
        minutes = [at_ms for _, at_ms in group]
        start_ms, end_ms = minutes[0], minutes[-1] + MINUTE_MS
        speakers = [one.name for one in turns if one.start_ms < end_ms and start_ms < one.end_ms]
        seconds = sum(seen[at_ms].seconds[-1] for at_ms in minutes)
        yield Away(start_ms, end_ms, seconds, tuple(dict.fromkeys(speakers)))


def _runs(seen: dict[int, SiteMinute], start_ms: int) -> Iterator[Run]:
    words = [((at_ms - start_ms) // MINUTE_MS, _word(one)) for at_ms, one in sorted(seen.items())]
    for (word, _), group in groupby(
        enumerate(words), key=lambda one: (one[1][1], one[1][0] - one[0])
    ):
        numbers = [number for _, (number, _) in group]
        yield Run(numbers[0], len(numbers), word)


def _word(one: SiteMinute) -> LineQuality:
    """The worst that lasted; of a piece of a minute what there was most of."""
    lasted = [word for word, seconds in zip(WORDS, one.seconds, strict=True) if seconds >= LASTED_S]
    if lasted:
        return lasted[-1]
    return max(zip(one.seconds, WORDS, strict=True))[1]
