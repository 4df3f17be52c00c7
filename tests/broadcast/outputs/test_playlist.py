"""The playlist as text: a foreign parser reads it; what a crash cut short is left out."""

import m3u8
from hypothesis import given
from hypothesis import strategies as st

from broadcast.outputs.playlist import END, Entry, header, lines, parse

ENTRIES = (
    Entry("00000000.m4s", 2.0, 1_790_000_000_000, "init-0.mp4"),
    Entry("00000001.m4s", 1.52, 1_790_000_002_000),
    Entry("00000002.m4s", 2.0, 1_790_000_010_123, "init-1.mp4", discontinuity=True),
)
TEXT = header(2000) + "".join(map(lines, ENTRIES))


def test_a_foreign_parser_reads_it() -> None:
    playlist = m3u8.loads(TEXT + END)
    assert playlist.target_duration == 2
    assert playlist.playlist_type == "event"
    assert playlist.is_endlist
    assert playlist.is_independent_segments
    assert [segment.uri for segment in playlist.segments] == [entry.name for entry in ENTRIES]
    assert [segment.duration for segment in playlist.segments] == [2.0, 1.52, 2.0]
    assert [segment.discontinuity for segment in playlist.segments] == [False, False, True]
    assert [segment.init_section.uri for segment in playlist.segments] == [
        "init-0.mp4",
        "init-0.mp4",
        "init-1.mp4",
    ]
    moments = [segment.program_date_time.timestamp() for segment in playlist.segments]
    assert moments == [entry.wall_ms / 1000 for entry in ENTRIES]


def test_no_segment_is_longer_than_the_target_says() -> None:
    assert "#EXT-X-TARGETDURATION:2\n" in header(1500)


def test_what_was_written_is_read_back() -> None:
    parsed = parse(TEXT)
    assert parsed is not None
    assert parsed.entries == ENTRIES
    assert not parsed.ended
    assert parsed.length == len(TEXT)
    assert parsed.init == "init-1.mp4"
    assert parsed.duration_s == 5.52
    ended = parse(TEXT + END)
    assert ended is not None
    assert ended.ended


@given(st.integers(0, len(TEXT) + len(END)))
def test_wherever_it_was_cut_whole_entries_are_left(at: int) -> None:
    parsed = parse((TEXT + END)[:at])
    if parsed is None:
        assert at < len(header(2000))
        return
    assert parsed.entries == ENTRIES[: len(parsed.entries)]
    mended = TEXT[: parsed.length]
    assert mended == header(2000) + "".join(map(lines, parsed.entries)) or not parsed.entries


def test_garbage_is_no_playlist() -> None:
    assert parse("") is None
    assert parse("<html>") is None


def test_what_a_disk_garbled_ends_it_there() -> None:
    """A studio that cannot open its recording would start again and again."""
    for right, wrong in (("2026-09-21T14:13:22", "2026-99-21T14:13:22"), ("1.52000", "1.52.00")):
        parsed = parse(TEXT.replace(right, wrong))
        assert parsed is not None
        assert parsed.entries == ENTRIES[:1]
