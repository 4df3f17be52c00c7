"""The low-latency playlist says what lies in the files as they grow, and never takes it back."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import m3u8
import pytest

from broadcast.outputs.edge import KEPT_SEGMENTS, Edge, pace_of
from broadcast.outputs.playlist import Playlist, parse
from broadcast.outputs.recovery import INDEX
from tests import media
from tests.broadcast.outputs import streams
from tests.broadcast.outputs.growing import SETTINGS, Growing, growing

PACE = pace_of(streams.PROGRAM, SETTINGS)
Record = Callable[..., Growing]


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """Makes recordings in the test's folder, and lets go of their files at its end."""
    with ExitStack() as stack:
        yield lambda seconds, from_s=streams.EPOCH_S: stack.enter_context(
            growing(tmp_path, seconds, from_s)
        )


def listed(folder: Path) -> Playlist:
    found = parse((folder / INDEX).read_text())
    assert found is not None
    return found


def part_uris(text: str) -> list[str]:
    rows = m3u8.loads(text)
    return [part.uri for segment in rows.segments for part in segment.parts]


def test_each_part_is_there_as_soon_as_it_is_written(tmp_path: Path, record: Record) -> None:
    recording, edge = record(3), Edge(tmp_path, PACE)
    edge.refresh()
    for number in range(12):
        segment, part = divmod(number, 5)
        assert not edge.has(segment, part)
        assert edge.may_come(segment, part) or part == 0
        recording.grow(1)
        assert edge.refresh()
        assert not edge.refresh()
        assert edge.has(segment, part)
        assert not edge.has(segment, None)
        assert edge.part(segment, part)
        segment, part = divmod(number + 1, 5)
        assert f'PRELOAD-HINT:TYPE=PART,URI="{segment:08}.{part}.m4s"' in edge.text(delta=False)


def test_parts_are_the_segment(tmp_path: Path, record: Record) -> None:
    recording, edge = record(3), Edge(tmp_path, PACE)
    recording.grow(7)
    edge.refresh()
    parts = b"".join(edge.part(0, number) or b"" for number in range(5))
    assert parts == (tmp_path / "00000000.m4s").read_bytes()
    init = (tmp_path / "init-0.mp4").read_bytes()
    tail = (edge.part(1, 0) or b"") + (edge.part(1, 1) or b"")
    assert [mark for _, mark in media.decode(init + tail).marks()] == [
        media.Mark(1, number) for number in range(25, 35)
    ]


def test_what_players_are_promised(tmp_path: Path, record: Record) -> None:
    recording, edge = record(3), Edge(tmp_path, PACE)
    recording.grow(7)
    edge.refresh()
    told = m3u8.loads(edge.text(delta=False))
    control = told.server_control
    assert control.can_block_reload == "YES"
    assert control.part_hold_back >= 3 * told.part_inf.part_target
    assert control.can_skip_until >= 6 * told.target_duration
    durations = [part.duration for segment in told.segments for part in segment.parts]
    assert max(durations) <= told.part_inf.part_target
    assert min(durations) >= 0.85 * told.part_inf.part_target
    first = told.segments[0]
    assert first.program_date_time.timestamp() == pytest.approx(streams.EPOCH_S, abs=0.001)
    assert [part.independent == "YES" for part in first.parts] == [True] + [False] * 4


def test_only_the_newest_have_parts(tmp_path: Path, record: Record) -> None:
    recording, edge = record(10), Edge(tmp_path, PACE)
    recording.grow(46)
    edge.refresh()
    text = edge.text(delta=False)
    assert len(m3u8.loads(text).segments) >= 9
    assert min(part_uris(text)) == f"{9 - KEPT_SEGMENTS:08}.0.m4s"
    assert edge.part(0, 0) is None
    parts = b"".join(edge.older_part(0, number) or b"" for number in range(6))
    assert parts == (tmp_path / "00000000.m4s").read_bytes()
    assert edge.older_part(9, 0) is None


def test_whoever_comes_late_is_told_the_same(tmp_path: Path, record: Record) -> None:
    """As after a restart of the server."""
    recording, edge = record(10), Edge(tmp_path, PACE)
    for _ in range(48):
        recording.grow(1)
        edge.refresh()
    late = Edge(tmp_path, PACE)
    late.refresh()
    for delta in (False, True):
        assert late.text(delta=delta) == edge.text(delta=delta)


def test_a_delta_update_is_small_and_complete(tmp_path: Path, record: Record) -> None:
    recording, edge = record(10), Edge(tmp_path, PACE)
    recording.grow(47)
    edge.refresh()
    whole, delta = edge.text(delta=False), edge.text(delta=True)
    assert "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n" in delta
    head, _, rest = delta.partition("#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n")
    assert whole.startswith(head)
    assert whole.endswith(rest)
    assert whole.removesuffix(rest).count("#EXTINF") == 3


def test_a_part_beyond_a_segment_s_last_is_the_next_one_s_first(
    tmp_path: Path, record: Record
) -> None:
    """6.2.5.2: also while the next one is not begun."""
    recording, edge = record(3), Edge(tmp_path, PACE)
    recording.grow(5)
    recording.recorder.finish_segment()
    edge.refresh()
    assert edge.has(0, None)
    assert edge.has(0, 4)
    assert not edge.has(0, 5)
    assert edge.last == (0, 4)
    recording.grow(1)
    edge.refresh()
    assert edge.has(0, 5)
    assert edge.last == (1, 0)


def test_how_far_ahead_a_player_may_ask(tmp_path: Path, record: Record) -> None:
    recording, edge = record(3), Edge(tmp_path, PACE)
    edge.refresh()
    assert edge.last is None
    recording.grow(7)
    edge.refresh()
    asked = [(1, 15), (1, 16), (2, None), (2, 13), (2, 14), (3, None), (0, 99)]
    assert PACE.ahead_parts == 14
    assert [one for one in asked if edge.is_ahead(*one)] == [(1, 16), (2, 14), (3, None)]


def test_a_restart_of_the_studio_is_marked_while_its_segment_is_open(
    tmp_path: Path, record: Record
) -> None:
    recording, edge = record(3), Edge(tmp_path, PACE)
    recording.grow(7)
    edge.refresh()
    recording.recorder.abandon()
    again = record(3, streams.EPOCH_S + 5)
    again.grow(2)
    edge.refresh()
    text = edge.text(delta=False)
    assert [entry.duration_s for entry in listed(tmp_path).entries] == pytest.approx([1.0, 0.4])
    tail = text.partition("00000001.m4s\n")[2]
    assert tail.startswith('#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-1.mp4"\n')
    assert 'URI="00000002.1.m4s"' in tail
    again.grow(4)
    edge.refresh()
    assert edge.text(delta=False).count("#EXT-X-DISCONTINUITY") == 1


def test_the_end_is_told(tmp_path: Path, record: Record) -> None:
    recording, edge = record(3), Edge(tmp_path, PACE)
    recording.grow(7)
    edge.refresh()
    recording.recorder.end()
    edge.refresh()
    text = edge.text(delta=False)
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert "PRELOAD-HINT" not in text
    assert "REPORT" not in edge.text("#EXT-X-RENDITION-REPORT", delta=False)
    assert edge.has(99, 0)


def test_what_has_its_end_is_told_whole(tmp_path: Path, record: Record) -> None:
    """Also to a player that asks for a delta update (6.2.5.1)."""
    recording, edge = record(10), Edge(tmp_path, PACE)
    recording.grow(47)
    edge.refresh()
    assert "SKIP:" in edge.text(delta=True)
    recording.recorder.end()
    edge.refresh()
    assert edge.text(delta=True) == edge.text(delta=False)
