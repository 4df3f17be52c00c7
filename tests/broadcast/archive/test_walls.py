"""The machine's clock is set while it is recorded: chapters and minutes are where they were."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from broadcast.archive.chapters import chapters_of
from broadcast.archive.minutes import minutes_of
from broadcast.archive.verify import to_be_recorded
from broadcast.archive.walls import Segment, walls
from broadcast.outputs.playlist import Entry
from broadcast.session.commands import ChooseItem, EndSession, EndTurn, GiveTurn, WriteNote
from broadcast.session.model import RequestKind
from broadcast.session.one_clock import steps_in
from broadcast.session.written import Caption, CaptionId, Written
from tests.broadcast.session.clocks import HOUR_MS
from tests.broadcast.session.hearing import Hearing
from web.captions import Recording

SPEECH = RequestKind.SPEECH
FIRST_S, THEN_S = 40, 100
"""When the clock is set, in seconds of the recording."""
SEGMENT_S = 4
GAP_AT_S, GAP_S = 120, 20
"""When the studio was away, and for how long."""


def held(sets: Sequence[int]) -> tuple[Hearing, list[Segment]]:
    """A session and its recording, in which a segment that has begun keeps its time."""
    hearing = Hearing("bao-cao")
    start_ms, due = hearing.now_ms, list(sets)
    hearing.after(9).do(ChooseItem(item="thao-luan"))
    hearing.after(20).do(GiveTurn(delegate="an", kind=SPEECH))
    for by_ms in due[:1]:
        hearing.after(9).set_clock(by_ms)
    hearing.after(29 if sets else 38).do(WriteNote(text="Ghi nhận"))
    for by_ms in due[1:]:
        hearing.after(30).set_clock(by_ms)
    hearing.after(59 if len(sets) < 2 else 29).do(EndTurn())
    hearing.after(60).do(EndSession())
    length_s = (hearing.now_ms - start_ms - sum(sets)) // 1000
    return hearing, [
        Segment(start_ms + at_s * 1000 + _set_by(at_s, sets), SEGMENT_S * 1000)
        for at_s in range(0, length_s, SEGMENT_S)
        if not GAP_AT_S <= at_s < GAP_AT_S + GAP_S
    ]


def _set_by(at_s: int, sets: Sequence[int]) -> int:
    """In whole seconds, as the studio has it."""
    known = sum(by for when_s, by in zip((FIRST_S, THEN_S), sets, strict=False) if when_s < at_s)
    return round(known / 1000) * 1000


@pytest.mark.parametrize(
    "sets",
    [(-HOUR_MS,), (HOUR_MS,), (-HOUR_MS, HOUR_MS), (-90_000,), (5_300, -20_400), (-3000, -3000)],
)
def test_all_is_where_it_was(sets: tuple[int, ...]) -> None:
    plain, recorded = held(())
    hearing, segments = held(sets)
    expected = chapters_of(plain.log, recorded)
    found = chapters_of(hearing.log, segments)
    assert [one.title for one in found] == [one.title for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.start_s == pytest.approx(other.start_s, abs=0.8)
        assert one.end_s == pytest.approx(other.end_s, abs=0.8)
    minutes, before = minutes_of(hearing.log, segments), minutes_of(plain.log, recorded)
    for line, was in zip(minutes.parts[1].lines, before.parts[1].lines, strict=True):
        assert line.lasted_ms == was.lasted_ms
        assert line.at_ms == was.at_ms + sum(sets), "by the last clock"
        assert line.second == pytest.approx(was.second, abs=0.8)
    assert [one.by_ms for one in minutes.clock_sets] == list(sets)
    assert minutes.clock_sets[-1].new_at_ms == steps_in(hearing.log)[-1].new_at_ms


@pytest.mark.parametrize("by_ms", [-HOUR_MS, HOUR_MS])
def test_nothing_was_to_be_recorded_twice_or_not_at_all(by_ms: int) -> None:
    hearing, segments = held((by_ms,))
    (span,) = to_be_recorded(hearing.log, 0)
    starts = walls(segments, steps_in(hearing.log))
    assert span.start_ms == starts[0]
    gaps = [b - a - SEGMENT_S * 1000 for a, b in pairwise(starts)]
    assert sorted(gaps)[-2:] == [0, GAP_S * 1000], "what was missed is missed"


@pytest.mark.parametrize("by_ms", [-90_000, HOUR_MS])
def test_a_caption_stands_where_it_was_typed(tmp_path: Path, by_ms: int) -> None:
    hearing, segments = held((by_ms,))
    before, after = hearing.state.clock_sets[0].new_at_ms - 9000, hearing.now_ms - 30_000
    entries = [
        Entry(f"{n:08}.m4s", one.duration_ms / 1000, one.wall_ms) for n, one in enumerate(segments)
    ]
    captions = {
        CaptionId(text): Caption(CaptionId(text), text, at_ms, 0, public=True)
        for text, at_ms in (("trước", before), ("sau", after))
    }
    state = replace(hearing.state, written=Written(captions=captions))
    recording = Recording(tmp_path, entries)
    recording.follow(state, over=True)
    for entry in entries:
        (tmp_path / entry.name).touch()
    found = {
        text: number
        for number in range(len(entries))
        for text in captions
        if text in recording.file(number)
    }
    assert found == {"trước": (FIRST_S - 9) // SEGMENT_S, "sau": len(entries) - 30 // SEGMENT_S - 1}
