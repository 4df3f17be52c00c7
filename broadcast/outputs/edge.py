"""The live end of a recording, for players that want it soon (draft-pantos-hls-rfc8216bis).

It is read from the recording's own files as they grow: nothing is promised that does not lie
there, and whoever writes need not know that somebody reads.
"""

import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from broadcast.outputs import playlist
from broadcast.outputs.fmp4 import AAC_SAMPLES, fragments, origin_of
from broadcast.outputs.playlist import Entry, Pace, Piece
from broadcast.outputs.recovery import INDEX, init_name, segment_name
from config.settings import Program, Recording
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE

RECENT_SEGMENTS = 60
"""Of a plain window: two minutes, so that who was away for a moment finds his place again."""
KEPT_SEGMENTS = 4
"""Whose parts are listed, and held in memory for all players: at 2.5 Mbit/s 2.5 MB."""

PART_NAME = re.compile(r"(\d{8})\.(\d{1,4})\.m4s")


def part_name(segment: int, part: int) -> str:
    return f"{segment:08}.{part}.m4s"


def pace_of(program: Program, recording: Recording) -> Pace:
    """Parts end with a picture: the longest is the setting rounded up to whole pictures; and where
    the sound is alone, with the AAC frame that goes on beyond it."""
    pictures = math.ceil(recording.part_ms * program.fps / 1000)
    frame_s = AAC_SAMPLES / AUDIO_CLOCK_RATE
    return Pace(recording.segment_ms / 1000, pictures / program.fps + frame_s)


@dataclass(slots=True)
class _Segment:
    """What has been read of one."""

    number: int
    path: Path
    pieces: list[Piece] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    start: int = 0
    end: int = 0
    closed: bool = False
    _size: int = 0

    def read(self) -> bool:
        """The parts that were added; False if there were none."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._size)
                added = file.read()
        except FileNotFoundError:
            return False
        found = list(fragments(added))
        for one in found:
            if not self.pieces:
                self.start = one.start
            name = part_name(self.number, len(self.pieces))
            self.pieces.append(Piece(name, (one.end - one.start) / VIDEO_CLOCK_RATE, one.key))
            self.data.append(added[one.at : one.to])
            self.end = one.end
        if found:
            self._size += found[-1].to
        return bool(found)


class Edge:
    """Of one recording. `refresh` on any one thread at a time; it blocks, but shortly."""

    def __init__(self, folder: Path, pace: Pace) -> None:
        self._folder, self._pace = folder, pace
        self._start_over(0)

    def _start_over(self, inode: int) -> None:
        self._inode, self._size, self._rest = inode, 0, ""
        self._older = ""
        """The lines of all entries but those that have parts."""
        self._entries: list[Entry] = []
        self._segments: dict[int, _Segment] = {}
        self._inits, self._origin_s = 0, 0
        self.ended = False

    def refresh(self) -> bool:
        """Reads what was added; whether there was anything. Raises `OSError`."""
        news = self._read_index()
        count = len(self._entries)
        for number in range(max(0, count - KEPT_SEGMENTS), count + 1):
            news |= self._follow(number, listed=number < count)
        for number in [one for one in self._segments if one < count - KEPT_SEGMENTS]:
            del self._segments[number]
        return news

    def _read_index(self) -> bool:
        with (self._folder / INDEX).open("rb") as file:
            stat = self._folder.joinpath(INDEX).stat()
            if stat.st_ino != self._inode or stat.st_size < self._size:
                self._start_over(stat.st_ino)
            file.seek(self._size)
            added = file.read()
        if not added:
            return False
        self._size += len(added)
        self._take(self._rest + added.decode("utf-8", "replace"))
        return True

    def _take(self, text: str) -> None:
        if not self._entries and (whole := playlist.parse(text)) is not None:
            entries, at = list(whole.entries), whole.length
        else:
            entries, at = playlist.read_entries(text, 0)
        leaving = max(0, len(self._entries) - KEPT_SEGMENTS)
        self._entries += entries
        left = max(0, len(self._entries) - KEPT_SEGMENTS)
        # In one piece: a relay that is started again in the twelfth hour reads 21,600 at once.
        self._older += "".join(map(playlist.lines, self._entries[leaving:left]))
        self.ended = text.startswith(playlist.END, at)
        # Until its first entry the header is looked at again.
        self._rest = text[at:] if self._entries else text

    def _follow(self, number: int, *, listed: bool) -> bool:
        segment = self._segments.get(number)
        if segment is None:
            path = self._folder / segment_name(number)
            if not listed and not path.exists():
                return False
            segment = self._segments[number] = _Segment(number, path)
            self._find_init()
        if segment.closed:
            return False
        segment.closed = listed
        return segment.read()

    def _find_init(self) -> None:
        """The newest: that of the segment that is open."""
        while (path := self._folder / init_name(self._inits)).exists():
            self._origin_s = origin_of(path.read_bytes()) or 0
            self._inits += 1

    def has(self, segment: int, part: int | None) -> bool:
        """Whether the playlist names that part, or without one that whole segment (6.2.5.2). A part
        after a segment's last is the next one's first."""
        if self.ended:
            return True
        found, closed = self._segments.get(segment), segment < len(self._entries)
        if part is None or found is None:
            return closed
        return part < len(found.pieces) or (closed and self.has(segment + 1, 0))

    def is_ahead(self, segment: int, part: int | None) -> bool:
        """Further than a player may ask (6.2.5.2)."""
        count = len(self._entries)
        if part is None or segment < count:
            return segment > count + 1
        return segment > count + 1 or part >= len(self._pieces(segment)) + self._pace.ahead_parts

    @property
    def last(self) -> tuple[int, int] | None:
        """The newest part's segment and number; None before the first. From any thread."""
        count = len(self._entries)
        found = ((number, len(self._pieces(number))) for number in (count, count - 1))
        return next(((number, parts - 1) for number, parts in found if parts), None)

    def part(self, segment: int, part: int) -> bytes | None:
        """None if it is not there yet, or is not held any more."""
        found = self._segments.get(segment)
        return found.data[part] if found is not None and part < len(found.data) else None

    def older_part(self, segment: int, part: int) -> bytes | None:
        """Of a segment whose parts are listed no more: a player's playlist may be some seconds old.
        Blocking. None if there never was one. Raises `OSError`."""
        if segment >= len(self._entries):
            return None
        found = _Segment(segment, self._folder / segment_name(segment))
        found.read()
        return found.data[part] if part < len(found.data) else None

    def names_init(self, name: str) -> bool:
        """Whether the playlist does: also that of the segment that is open."""
        return any(name == init_name(number) for number in range(self._inits))

    def may_come(self, segment: int, part: int) -> bool:
        """Whether it is the one that the playlist hints at."""
        return not self.ended and (segment, part) == self._hinted()

    def _hinted(self) -> tuple[int, int]:
        """The next one's segment and number. A segment is closed as the next begins, 200 ms after
        its last part; that none will follow in it shows before, by its length."""
        number = len(self._entries)
        found = self._segments.get(number)
        if found is None:
            return number, 0
        full = (
            found.end - found.start > (self._pace.grid_s - self._pace.part_s / 2) * VIDEO_CLOCK_RATE
        )
        return (number + 1, 0) if full else (number, len(found.pieces))

    def text(self, reports: str = "", *, delta: bool) -> str:
        """The whole playlist, or without what a player that asks for a delta update knows; one that
        has its end is told whole (6.2.5.1). `reports`: of the other renditions."""
        count = len(self._entries)
        skipped = self._skippable() if delta and not self.ended else 0
        first = max(0, count - KEPT_SEGMENTS)
        if skipped:
            older = playlist.skip(skipped) + "".join(
                playlist.lines(entry) for entry in self._entries[skipped:first]
            )
        else:
            older = self._older
        newer = "".join(
            playlist.lines_with(self._entries[number], self._pieces(number))
            for number in range(max(first, skipped), count)
        )
        end = playlist.END if self.ended else self._open_end() + reports
        return playlist.low_latency_header(self._pace) + older + newer + end

    def recent_text(self) -> str:
        """A window over the end, without parts, of the same size after a minute and a day."""
        first = max(0, len(self._entries) - RECENT_SEGMENTS)
        window = list(self._entries[first:])
        gaps = sum(entry.discontinuity for entry in self._entries[:first])
        if window and window[0].init is None:
            named = (entry.init for entry in reversed(self._entries[:first]) if entry.init)
            window[0] = replace(window[0], init=next(named, None))
        text = "".join(playlist.lines(entry) for entry in window)
        header = playlist.recent_header(self._pace.segment_s, first, gaps)
        return header + text + (playlist.END if self.ended else "")

    def _pieces(self, number: int) -> list[Piece]:
        found = self._segments.get(number)
        return found.pieces if found is not None else []

    def _open_end(self) -> str:
        number = len(self._entries)
        pieces = self._pieces(number)
        following = playlist.hint(part_name(*self._hinted()))
        if not pieces:
            return following
        start = self._segments[number].start
        wall_ms = self._origin_s * 1000 + start * 1000 // VIDEO_CLOCK_RATE
        newest = init_name(self._inits - 1)
        changed = newest != next((e.init for e in reversed(self._entries) if e.init), None)
        gap = changed and number > 0
        entry = Entry(segment_name(number), 0, wall_ms, newest if changed else None, gap)
        return playlist.head_of(entry) + playlist.pieces_lines(pieces) + following

    def _skippable(self) -> int:
        """How many segments end longer ago than the skip boundary."""
        room_s, at = float(self._pace.skip_s), len(self._entries)
        while at and room_s > 0:
            at -= 1
            room_s -= self._entries[at].duration_s
        return at
