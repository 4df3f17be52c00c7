"""The speaker's clock: a table."""

from itertools import pairwise

import pytest

from broadcast.overlay.ticking import Tone, read

START = 1_700_000_000_123
MINUTE = 60_000


@pytest.mark.parametrize(
    ("elapsed_ms", "limit_ms", "reading", "tone"),
    [
        (-500, 3 * MINUTE, "03:00", Tone.RUNNING),
        (0, 3 * MINUTE, "03:00", Tone.RUNNING),
        (1, 3 * MINUTE, "03:00", Tone.RUNNING),
        (1000, 3 * MINUTE, "02:59", Tone.RUNNING),
        (149_999, 3 * MINUTE, "00:31", Tone.RUNNING),
        (150_000, 3 * MINUTE, "00:30", Tone.WARNING),
        (179_001, 3 * MINUTE, "00:01", Tone.WARNING),
        (179_999, 3 * MINUTE, "00:01", Tone.WARNING),
        (180_000, 3 * MINUTE, "00:00", Tone.OVER),
        (180_999, 3 * MINUTE, "00:00", Tone.OVER),
        (181_000, 3 * MINUTE, "+0:01", Tone.OVER),
        (192_500, 3 * MINUTE, "+0:12", Tone.OVER),
        (13 * MINUTE, 3 * MINUTE, "+10:00", Tone.OVER),
        (64 * MINUTE, 3 * MINUTE, "+1:01:00", Tone.OVER),
        (0, 65 * MINUTE, "1:05:00", Tone.RUNNING),
        (0, 0, "00:00", Tone.OVER),
    ],
)
def test_what_it_reads(elapsed_ms: int, limit_ms: int, reading: str, tone: Tone) -> None:
    got = read(START + elapsed_ms, START, limit_ms)
    assert (got.reading, got.tone, got.paused) == (reading, tone, False)


def test_a_pause_stands_still_and_is_not_counted() -> None:
    paused = [read(START + ms, START, 3 * MINUTE, START + 30_000, 5_000) for ms in (30_000, 99_000)]
    assert paused[0] == paused[1]
    assert (paused[0].reading, paused[0].paused) == ("02:35", True)
    assert read(START + 60_000, START, 3 * MINUTE, None, 30_000).reading == "02:30"


def test_a_second_is_neither_skipped_nor_shown_twice() -> None:
    moments = range(START, START + 200_000, 100)
    readings = [read(at_ms, START, 3 * MINUTE).reading for at_ms in moments]
    changes = [a for a, b in pairwise(readings) if a != b]
    assert len(changes) == len(set(changes)) == 199
    assert all(readings.count(reading) == 10 for reading in changes[1:] if reading != "00:00")


def test_the_bar_runs_from_full_to_empty() -> None:
    moments = (0, 1, 1000, 1999, 2000, 9999, 10_000, 50_000)
    left = [read(START + ms, START, 10_000).left_percent for ms in moments]
    assert left == [100, 100, 90, 90, 80, 10, 0, 0]


def test_the_picture_changes_once_a_second() -> None:
    moments = range(START, START + 61_000, 50)
    assert len({read(at_ms, START, MINUTE) for at_ms in moments}) == 61
