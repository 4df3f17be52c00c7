"""Typed captions as WebVTT beside the recording (RFC 8216, 3.5): a playlist of small files, one for
each segment, each cue in the file of the segment in which it begins. Pure.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from broadcast.outputs.playlist import END, EVENT, Entry, Pace, date_line, server_control, skip

FOLDER = "captions"
"""Under the stream's own address; `INDEX` is its playlist there."""
INDEX = "list.m3u8"
SHOWN_MS = (2500, 7000)
"""A cue stands for as long as its words take to be read, within these bounds."""
READ_MS = 1000, 65
"""To find a line, and for each of its letters (15 letters a second, as subtitlers reckon)."""
SLACK_MS = 50
"""Playlists round: a moment just past the end of the last segment is in it."""
WRAP = 1 << 33
"""MPEG-2 timestamps wrap (RFC 8216, 3.5)."""
NAMES_LINES = 5
"""So many lines from below reach over the lower third and the clock: Chromium's are 5.8 % of the
picture's height, and ours end at 26 %."""
LINE_LETTERS = 55
"""What at least goes into one of its lines, whatever the screen: it breaks them by itself."""


@dataclass(frozen=True, slots=True)
class Cue:
    start_ms: int
    """Unix time."""
    text: str

    @property
    def shown_ms(self) -> int:
        find_ms, letter_ms = READ_MS
        return min(max(find_ms + letter_ms * len(self.text), SHOWN_MS[0]), SHOWN_MS[1])


def in_master(master: str, language: str, name: str) -> str:
    """The master playlist with captions beside each of its renditions."""
    group = (
        f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="{FOLDER}",NAME="{name}",LANGUAGE="{language}",'
        f'DEFAULT=NO,AUTOSELECT=YES,URI="{FOLDER}/{INDEX}"\n'
    )
    mark = "#EXT-X-STREAM-INF:"
    head, found, rest = master.partition(mark)
    if not found:
        return master
    lines = (found + rest).splitlines()
    joined = (f'{one},SUBTITLES="{FOLDER}"' if one.startswith(mark) else one for one in lines)
    return head + group + "\n".join(joined) + "\n"


def lines(entries: Sequence[Entry], first: int = 0) -> str:
    """Of the entries from `first` on; what stands before can be put before them."""
    return "".join(
        _lines(entry, dated=number == 0) for number, entry in enumerate(entries[first:], first)
    )


def playlist(body: str, pace: Pace, *, ended: bool) -> str:
    """Of all segments, whose `lines` are given: live, too, one goes back to the start."""
    return _head(pace, ended=ended) + body + (END if ended else "")


def update(entries: Sequence[Entry], pace: Pace) -> str:
    """For a player that has the playlist of before: the end alone. That of a whole day is a
    megabyte, and is asked for every two seconds."""
    room_s, first = float(pace.skip_s), len(entries)
    while first and room_s > 0:
        first -= 1
        room_s -= entries[first].duration_s
    said = skip(first) if first else ""
    return _head(pace, ended=False) + said + lines(entries, first)


def _head(pace: Pace, *, ended: bool) -> str:
    """With what the picture's playlist says, of the live end or of the archive (6.2.4)."""
    return (
        "#EXTM3U\n"
        "#EXT-X-VERSION:9\n"
        f"#EXT-X-TARGETDURATION:{pace.segment_s}\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        f"{EVENT if ended else server_control(pace)}"
    )


def _lines(entry: Entry, *, dated: bool) -> str:
    """The date only where the others do not follow from it."""
    gap = "#EXT-X-DISCONTINUITY\n" if entry.discontinuity else ""
    date = date_line(entry) if dated or entry.discontinuity else ""
    return f"{gap}{date}#EXTINF:{entry.duration_s:.5f},\n{name_of(entry)}\n"


def name_of(entry: Entry) -> str:
    return entry.name.partition(".")[0] + ".vtt"


def cues_of(cues: Sequence[Cue], entries: Sequence[Entry], number: int) -> Sequence[Cue]:
    """Those that begin in this segment, and after a hole those that still stand as it begins;
    `cues` are in order of their start."""
    entry = entries[number]
    begins_ms, end_ms = entry.wall_ms, _end_ms(entry)
    if number + 1 < len(entries):
        end_ms = min(end_ms, max(begins_ms, entries[number + 1].wall_ms))
    if number and entry.discontinuity:
        begins_ms = min(begins_ms, max(_end_ms(entries[number - 1]), begins_ms - SHOWN_MS[1]))
    first, last = (bisect_left(cues, at, key=_start) for at in (begins_ms, end_ms))
    return [cue for cue in cues[first:last] if cue.start_ms + cue.shown_ms > entry.wall_ms]


def _end_ms(entry: Entry) -> int:
    return entry.wall_ms + round(entry.duration_s * 1000) + SLACK_MS


def _start(cue: Cue) -> int:
    return cue.start_ms


def webvtt(cues: Sequence[Cue], entry: Entry, begins_at: int) -> str:
    """One file. `begins_at`: the segment's first decode time, in ticks of 90 kHz."""
    head = f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{begins_at % WRAP},LOCAL:00:00:00.000\n"
    return head + "".join(_cue(cue, cue.start_ms - entry.wall_ms) for cue in cues)


def _cue(cue: Cue, at_ms: int) -> str:
    times = f"{_clock(at_ms)} --> {_clock(at_ms + cue.shown_ms)}"
    first = NAMES_LINES + -(-len(cue.text) // LINE_LETTERS)
    return f"\n{times} line:-{first}\n{_escaped(cue.text)}\n"


def _clock(ms: int) -> str:
    seconds, rest = divmod(max(0, ms), 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def _escaped(text: str) -> str:
    """No tag, no arrow, no line of its own (WebVTT, 4.2.1)."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return " ".join(safe.split())
