"""The last ten minutes of a line: the worst of each step, bounded, with the gaps in it."""

from dataclasses import replace

from streams.frames import SiteId
from streams.lines import DownLine, Line
from web.history import STEP_MS, STEPS, History

SITE = SiteId("muong-lay")
UP = Line("H264", 320, 180, 120_400.0, 0.0, 40.0, 2.0, True, True, 0)
DOWN = DownLine(0, 0, 3e6, 0.2, 41.0, 1_600_000.0, 0)
START_MS = 1_000_000 * STEP_MS


def test_a_step_keeps_the_worst_and_the_mean_rate() -> None:
    history = History()
    looks = [UP, replace(UP, loss_percent=7.04, rtt_ms=90.0, bitrate_bps=60_400.0)]
    for number, line in enumerate(looks):
        history.note({SITE: line}, {SITE: DOWN}, START_MS + number * 500)
    told = history.of(SITE, START_MS + 1000)
    assert told["ends_at_ms"] == START_MS + STEP_MS
    assert told["line"][-1] == "poor"
    assert (told["rtt_ms"][-1], told["up_loss"][-1], told["down_loss"][-1]) == (90, 7.0, 0.2)
    assert (told["up_bps"][-1], told["down_bps"][-1]) == (90_000, 1_600_000)
    assert told["line"][:-1] == [None] * (STEPS - 1)


def test_an_outage_is_a_gap_that_says_lost() -> None:
    history = History()
    for step in range(6):
        here = {} if 2 <= step < 4 else {SITE: UP}
        history.note(here, {}, START_MS + step * STEP_MS)
    told = history.of(SITE, START_MS + 5 * STEP_MS)
    assert told["line"][-6:] == ["good", "good", "lost", "lost", "good", "good"]
    assert told["rtt_ms"][-4:] == [None, None, 40, 40]
    assert told["down_bps"][-6:] == [None] * 6


def test_a_site_that_never_came_has_an_empty_one() -> None:
    told = History().of(SITE, START_MS)
    assert {len(told[name]) for name in ("line", "rtt_ms", "up_bps")} == {STEPS}
    assert set(told["line"]) == {None}


def test_it_never_holds_more_than_its_steps() -> None:
    history = History()
    for step in range(3 * STEPS):
        history.note({SITE: UP}, {}, START_MS + step * STEP_MS)
    told = history.of(SITE, START_MS + (3 * STEPS - 1) * STEP_MS)
    assert told["line"] == ["good"] * STEPS
    assert told["step_ms"] * STEPS == 600_000, "ten minutes"


def test_who_was_away_for_all_of_it_is_forgotten() -> None:
    history = History()
    history.note({SITE: UP}, {}, START_MS)
    for step in range(1, STEPS + 1):
        history.note({}, {}, START_MS + step * STEP_MS)
    assert set(history.of(SITE, START_MS + STEPS * STEP_MS)["line"]) == {None}


def test_a_clock_that_is_put_back_goes_on_where_it_was() -> None:
    history = History()
    history.note({SITE: UP}, {}, START_MS)
    history.note({SITE: replace(UP, rtt_ms=500.0)}, {}, START_MS - 20 * STEP_MS)
    told = history.of(SITE, START_MS)
    assert (told["rtt_ms"][-1], told["line"][-1]) == (500, "poor")
