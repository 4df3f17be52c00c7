"""The playlist of a recording (RFC 8216): text in, text out. Pure.

It only ever grows, by whole entries, and is valid after each; live, rewind and archive read it.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from broadcast.interpreters import ORIGINAL

EVENT = "#EXT-X-PLAYLIST-TYPE:EVENT\n"
END = "#EXT-X-ENDLIST\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """One listed segment."""

    name: str
    duration_s: float
    wall_ms: int
    """Unix time of its first picture."""
    init: str | None = None
    """Named where it changes: at the start, and after a discontinuity."""
    discontinuity: bool = False


@dataclass(frozen=True, slots=True)
class Playlist:
    """What a file says; a line that a crash cut short is not part of it."""

    entries: tuple[Entry, ...]
    ended: bool
    length: int
    """Characters up to the end of the last whole entry (or header)."""

    @property
    def duration_s(self) -> float:
        return sum(entry.duration_s for entry in self.entries)

    @property
    def init(self) -> str | None:
        """The one in force at the end."""
        return next((e.init for e in reversed(self.entries) if e.init), None)


def header(segment_ms: int) -> str:
    """Durations are rounded to whole seconds before they are held against the target (4.3.3.1)."""
    return (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        f"#EXT-X-TARGETDURATION:{-(-segment_ms // 1000)}\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        f"{EVENT}"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
    )


def lines(entry: Entry) -> str:
    """What one more segment adds to the file."""
    return "".join(
        (
            "#EXT-X-DISCONTINUITY\n" if entry.discontinuity else "",
            f'#EXT-X-MAP:URI="{entry.init}"\n' if entry.init else "",
            date_line(entry),
            f"#EXTINF:{entry.duration_s:.5f},\n",
            f"{entry.name}\n",
        )
    )


def date_line(entry: Entry) -> str:
    """Its moment in UTC, to the millisecond (4.4.4.6)."""
    moment = datetime.fromtimestamp(entry.wall_ms / 1000, UTC)
    return f"#EXT-X-PROGRAM-DATE-TIME:{moment:%Y-%m-%dT%H:%M:%S}.{entry.wall_ms % 1000:03}Z\n"


_ENTRY = re.compile(
    r"(?P<gap>\#EXT-X-DISCONTINUITY\n)?"
    r'(?:\#EXT-X-MAP:URI="(?P<init>[^"\n]+)"\n)?'
    r"\#EXT-X-PROGRAM-DATE-TIME:(?P<moment>\S+)\n"
    r"\#EXTINF:(?P<duration>[\d.]+),\n"
    r"(?P<name>[^#\n]+)\n"
)
_HEADER = re.compile(r"#EXTM3U\n(?:#EXT-X-(?!DISCONTINUITY|MAP|PROGRAM|ENDLIST)[^\n]+\n)+")


def parse(text: str) -> Playlist | None:
    """What `header` and `lines` wrote; None if not even the header is whole."""
    head = _HEADER.match(text)
    if head is None:
        return None
    entries, at = read_entries(text, head.end())
    return Playlist(tuple(entries), text.startswith(END, at), at)


def read_entries(text: str, at: int) -> tuple[list[Entry], int]:
    """The whole entries from there on, and where they end."""
    entries = []
    while (match := _ENTRY.match(text, at)) is not None:
        try:
            entries.append(_entry(match))
        except ValueError:  # no date, no number: a disk that lost a bit
            break
        at = match.end()
    return entries, at


def _entry(match: re.Match[str]) -> Entry:
    moment = datetime.fromisoformat(match["moment"])
    wall_ms = round(moment.timestamp() * 1000)
    return Entry(
        match["name"], float(match["duration"]), wall_ms, match["init"], bool(match["gap"])
    )


# Renditions (RFC 8216, 4.3.4.2).


@dataclass(frozen=True, slots=True)
class Variant:
    """One rendition, as a player chooses it."""

    uri: str
    peak_bps: int
    """Of any segment."""
    average_bps: int
    codecs: str
    size: tuple[int, int] | None = None
    """None: sound alone."""
    fps: int = 0


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound in another language."""

    language: str
    """BCP 47."""
    name: str
    uri: str


def master(variants: Sequence[Variant], sounds: Sequence[Sound] = ()) -> str:
    """The whole one first: that is what a player takes that does not choose. What is heard in the
    room lies in the variants themselves, so it has no address (RFC 8216, 4.3.4.2.1)."""
    group = ',AUDIO="sound"' if sounds else ""
    return (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        + (_media(ORIGINAL.code, ORIGINAL.name, "DEFAULT=YES") if sounds else "")
        + "".join(_media(one.language, one.name, f'URI="{one.uri}"') for one in sounds)
        + "".join(
            f"#EXT-X-STREAM-INF:BANDWIDTH={one.peak_bps},AVERAGE-BANDWIDTH={one.average_bps},"
            f'CODECS="{one.codecs}"{_shape(one)}{group}\n{one.uri}\n'
            for one in variants
        )
    )


def _media(language: str, name: str, rest: str) -> str:
    return (
        f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",LANGUAGE="{language}",NAME="{name}",'
        f'AUTOSELECT=YES,CHANNELS="2",{rest}\n'
    )


def _shape(one: Variant) -> str:
    if one.size is None:
        return ""
    return f",RESOLUTION={one.size[0]}x{one.size[1]},FRAME-RATE={one.fps:.3f}"


def recent_header(segment_s: int, first: int, gaps: int) -> str:
    """Of a window: its first segment's number, and how many discontinuities came before it."""
    return (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        f"#EXT-X-TARGETDURATION:{segment_s}\n"
        f"#EXT-X-MEDIA-SEQUENCE:{first}\n"
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{gaps}\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
    )


# Low latency (draft-pantos-hls-rfc8216bis): the same segments, and the newest ones' parts.


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a segment, as a player may ask for it."""

    name: str
    duration_s: float
    key: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """What a player is promised, in seconds."""

    grid_s: float
    """How long a segment is that begins and ends as it should."""
    part_s: float
    """No part is longer, of no rendition: all say the same of themselves (6.2.4)."""

    @property
    def segment_s(self) -> int:
        """The target duration, in whole seconds."""
        return math.ceil(self.grid_s)

    @property
    def skip_s(self) -> int:
        """How old a segment is that a delta update leaves out: six target durations (4.4.3.8)."""
        return 6 * self.segment_s

    @property
    def ahead_parts(self) -> int:
        """How many parts beyond the last a player may ask for: three seconds' (6.2.5.2)."""
        return math.ceil(3 / min(self.part_s, 1.0))


HOLD_BACK_PARTS = 4.5
"""How far behind the end players stay; three is the least (4.4.3.8), and has no room for jitter."""


def server_control(pace: Pace) -> str:
    """One for all playlists that a player may choose from, captions too (6.2.4)."""
    return (
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,"
        f"PART-HOLD-BACK={HOLD_BACK_PARTS * pace.part_s:.5f},CAN-SKIP-UNTIL={pace.skip_s:.1f}\n"
    )


def low_latency_header(pace: Pace) -> str:
    """All that stands before the first entry of a playlist that tells of parts (4.4.3)."""
    return (
        "#EXTM3U\n"
        "#EXT-X-VERSION:9\n"
        f"#EXT-X-TARGETDURATION:{pace.segment_s}\n"
        f"{server_control(pace)}"
        f"#EXT-X-PART-INF:PART-TARGET={pace.part_s:.5f}\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
    )


def skip(segments: int) -> str:
    """A delta update (4.4.5.2) says only how many it leaves out."""
    return f"#EXT-X-SKIP:SKIPPED-SEGMENTS={segments}\n"


def pieces_lines(pieces: Sequence[Piece]) -> str:
    """A line for each part (4.4.4.9)."""
    return "".join(
        f'#EXT-X-PART:DURATION={piece.duration_s:.5f},URI="{piece.name}"'
        f"{',INDEPENDENT=YES' if piece.key else ''}\n"
        for piece in pieces
    )


def hint(name: str) -> str:
    """What comes next: whoever asks for it waits for it."""
    return f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{name}"\n'


def report(uri: str, segment: int, part: int) -> str:
    """How far another rendition has come, for whoever changes to it (4.4.5.4)."""
    return f'#EXT-X-RENDITION-REPORT:URI="{uri}",LAST-MSN={segment},LAST-PART={part}\n'


def lines_with(entry: Entry, pieces: Sequence[Piece]) -> str:
    """An entry whose parts can still be asked for; they stand before its duration."""
    head, mark, tail = lines(entry).partition("#EXTINF:")
    return head + pieces_lines(pieces) + mark + tail


def head_of(entry: Entry) -> str:
    """Of a segment that is not closed yet: everything but its duration and name."""
    return lines(entry).partition("#EXTINF:")[0]
