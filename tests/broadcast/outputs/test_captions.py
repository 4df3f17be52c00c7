"""WebVTT beside a recording, as text."""

import pytest

from broadcast.outputs.captions import (
    Cue,
    cues_of,
    in_master,
    lines,
    playlist,
    update,
    webvtt,
)
from broadcast.outputs.playlist import Entry, Pace

PACE = Pace(2, 0.2)
START_MS = 1_780_000_000_000
ENTRIES = [
    Entry("00000000.m4s", 2.0, START_MS, "init-0.mp4"),
    Entry("00000001.m4s", 2.0, START_MS + 2000),
    Entry("00000002.m4s", 2.0, START_MS + 60_000, "init-1.mp4", discontinuity=True),
]


def at(seconds: float, text: str = "Thưa Hội đồng") -> Cue:
    return Cue(START_MS + round(seconds * 1000), text)


def texts(cues: list[Cue]) -> list[list[str]]:
    return [[cue.text for cue in cues_of(cues, ENTRIES, number)] for number in range(3)]


def test_a_cue_is_in_the_file_of_the_segment_in_which_it_begins() -> None:
    cues = [at(0, "a"), at(1.999, "b"), at(2, "c"), at(4.04, "d"), at(30, "lost"), at(61, "e")]
    assert texts(cues) == [["a", "b"], ["c", "d"], ["e"]]


def test_what_still_stands_after_a_hole_is_shown_then() -> None:
    """Typed while the studio was away: for the rest of its time, from the first picture on."""
    cues = [at(53, "gone"), at(57, "short"), at(58.5, "stands" * 9)]
    found = cues_of(cues, ENTRIES, 2)
    assert [cue.text for cue in found] == ["stands" * 9]
    assert "\n00:00:00.000 --> 00:00:03.010 " in webvtt(found, ENTRIES[2], 0)


def test_times_count_from_the_segment_and_its_clock() -> None:
    written = webvtt([at(2.5, "Một < hai & ba --> bốn")], ENTRIES[1], 90_000 * 7 + (1 << 33))
    assert written == (
        "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:630000,LOCAL:00:00:00.000\n\n"
        "00:00:00.500 --> 00:00:03.000 line:-6\nMột &lt; hai &amp; ba --&gt; bốn\n"
    )
    assert webvtt([], ENTRIES[0], 0).startswith("WEBVTT\n")


@pytest.mark.parametrize(("letters", "line"), [(1, -6), (56, -7), (150, -8), (240, -10)])
def test_the_last_line_ends_above_the_names(letters: int, line: int) -> None:
    """They are broken into lines by the player; the first one's place is told."""
    assert f" line:{line}\n" in webvtt([at(2.5, "a" * letters)], ENTRIES[1], 0)


def test_a_long_line_stands_longer_within_bounds() -> None:
    shown = [at(0, "a" * letters).shown_ms for letters in (1, 60, 300)]
    assert shown == [2500, 4900, 7000]


def test_the_playlist_follows_the_recordings() -> None:
    written = playlist(lines(ENTRIES), PACE, ended=True)
    assert written.count("#EXTINF:2.00000,\n") == 3
    assert "#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME" in written
    assert "00000002.vtt\n" in written
    assert written.endswith("#EXT-X-ENDLIST\n")


def test_live_it_reaches_back_to_the_start_and_its_end_alone_is_told_again() -> None:
    many = [*ENTRIES, *(Entry(f"{n:08d}.m4s", 2.0, START_MS + n * 2000) for n in range(3, 21_600))]
    whole = playlist(lines(many[:500]) + lines(many, 500), PACE, ended=False)
    assert whole == playlist(lines(many), PACE, ended=False)
    assert "#EXT-X-MEDIA-SEQUENCE:0\n" in whole
    assert "CAN-SKIP-UNTIL=12.0\n" in whole
    assert whole.count(".vtt\n") == len(many)
    assert "ENDLIST" not in whole
    news = update(many, PACE)
    assert f"#EXT-X-SKIP:SKIPPED-SEGMENTS={len(many) - 6}\n" in news
    assert news.count(".vtt\n") == 6
    assert whole.endswith(news[news.index("#EXTINF") :])
    assert len(news) < 600
    assert "SKIP:" not in update(ENTRIES[:2], PACE), "nothing is old enough"


def test_a_master_playlist_names_them_beside_each_rendition() -> None:
    master = (
        "#EXTM3U\n#EXT-X-VERSION:7\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=2,RESOLUTION=1280x720\nlive.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=1\nsound/live.m3u8\n"
    )
    lines = in_master(master, "vi", "Phụ đề").splitlines()
    assert lines[2].startswith('#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions"')
    assert 'URI="captions/list.m3u8"' in lines[2]
    assert lines[3].endswith('RESOLUTION=1280x720,SUBTITLES="captions"')
    assert lines[5].endswith('BANDWIDTH=1,SUBTITLES="captions"')
    assert in_master("#EXTM3U\n", "vi", "x") == "#EXTM3U\n"
