"""One MP4 of a recording, or of a piece of it: its own segments one after the other, nothing
encoded anew, with times that begin at zero and go on over every gap.

Its length is known before its first byte, and an index (`sidx`) stands in front, so that it can be
sent as it is made and players can jump in it; and the chapters, by their names.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from broadcast.archive.chapters import Chapter
from broadcast.outputs.fmp4 import (
    VIDEO_TRACK,
    box,
    boxes,
    full_box,
    whole_fragments,
)
from broadcast.outputs.playlist import Entry, Playlist
from broadcast.outputs.vault import PLAIN, Envelope
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE

LEAD = VIDEO_CLOCK_RATE // 25
"""Sound may begin a little before its picture, and no time may be below zero."""
EXACT = 15
"""1/90000 s: what both tracks can be moved by exactly, five samples of the sound's eight."""
MAX_INDEXED = 65_535
MAX_MARKS = 255
"""What `chpl` can count; where there are more, the items alone are told."""
MAX_TITLE_BYTES = 255
_SAP = 0x90000000
"""Begins with a keyframe (14496-12 8.16.3)."""


class FilmError(ValueError):
    """What was asked for cannot be one film. `code` is that of a sentence in the catalogues."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def piece(listed: Playlist, from_s: float = 0.0, to_s: float | None = None) -> list[Entry]:
    """The segments that hold that time of the recording. Each names its init segment."""
    return [entry for _, entry in _within(listed, from_s, to_s)]


def _within(listed: Playlist, from_s: float, to_s: float | None) -> Iterator[tuple[float, Entry]]:
    """With the second of the recording at which each begins."""
    at, init = 0.0, None
    for entry in listed.entries:
        init = entry.init or init
        end = at + entry.duration_s
        if end > from_s and (to_s is None or at < to_s):
            yield at, replace(entry, init=init)
        at = end


@dataclass(frozen=True, slots=True)
class Mark:
    """A chapter, as players list it."""

    second: float
    title: str


def marks_of(
    chapters: Iterable[Chapter], listed: Playlist, from_s: float = 0.0, to_s: float | None = None
) -> list[Mark]:
    """The chapters of a piece, by its own time; what it begins in the midst of stands first."""
    held = list(_within(listed, from_s, to_s))
    if not held:
        return []
    begin_s, end_s = held[0][0], held[-1][0] + held[-1][1].duration_s
    found = [one for one in chapters if one.end_s > begin_s and one.start_s < end_s]
    if len(found) > MAX_MARKS:
        found = [one for one in found if one.kind == "item"][:MAX_MARKS]
    return [Mark(max(0.0, one.start_s - begin_s), one.title) for one in found]


@dataclass(frozen=True, slots=True)
class Film:
    """Ready to be sent."""

    head: bytes
    entries: tuple[Entry, ...]
    folder: Path
    envelope: Envelope
    size: int
    """Bytes, of the whole."""

    def tag(self) -> str:
        """The same for the same bytes, for who goes on where a download broke off. On a thread: of
        a day's segments it takes 12 ms."""
        told = repr((self.folder.name, self.entries, self.size))
        return sha256(self.head + told.encode()).hexdigest()

    def pieces(self) -> Iterator[bytes]:
        """In order. Raises `OSError`."""
        yield self.head
        end, sequence = LEAD, 0
        for entry in self.entries:
            data = bytearray(self.envelope.open((self.folder / entry.name).read_bytes()))
            whole = whole_fragments(data)
            if whole is not None:
                begins = end + (LEAD if entry.discontinuity and sequence else 0)
                shift = round((begins - whole.start) / EXACT) * EXACT
                sequence = _move(data, shift, sequence)
                end = whole.end + shift
            yield bytes(data)


def film(
    folder: Path, entries: Sequence[Entry], envelope: Envelope = PLAIN, marks: Sequence[Mark] = ()
) -> Film:
    """Raises `OSError`, and `FilmError` where there is nothing or the picture changed its size."""
    if not entries:
        raise FilmError("nothing_there")
    names = list(dict.fromkeys(entry.init for entry in entries if entry.init))
    inits = [envelope.open((folder / name).read_bytes()) for name in names]
    if any(_shape(init) != _shape(inits[0]) for init in inits):
        raise FilmError("two_shapes")
    sizes = [(folder / entry.name).stat().st_size - envelope.head_bytes for entry in entries]
    head = _with_chapters(_shape(inits[0]), marks)
    if len(entries) <= MAX_INDEXED:
        head += _index([entry.duration_s for entry in entries], sizes)
    return Film(head, tuple(entries), folder, envelope, len(head) + sum(sizes))


def _shape(init: bytes) -> bytes:
    """Without when it was made."""
    for kind, body, end in boxes(init):
        if kind == b"moov":
            for inner, start, _ in boxes(init, body, end):
                if inner == b"mvhd":
                    return init[: start + 4] + bytes(16) + init[start + 20 :]
    raise FilmError("nothing_there")


def _with_chapters(init: bytes, marks: Sequence[Mark]) -> bytes:
    """As `chpl`, which is Nero's and in no standard, and what players and FFmpeg read."""
    if not marks:
        return init
    rows = b"".join(_chapter(mark) for mark in marks)
    told = box(b"udta", full_box(b"chpl", 1, 0, struct.pack("!IB", 0, len(marks)), rows))
    (begin, end) = next((at, end) for kind, at, end in boxes(init) if kind == b"moov")
    return init[: begin - 8] + box(b"moov", init[begin:end], told) + init[end:]


def _chapter(mark: Mark) -> bytes:
    """In units of 100 ns."""
    title = mark.title.encode()[:MAX_TITLE_BYTES].decode("utf-8", "ignore").encode()
    at = round((mark.second + LEAD / VIDEO_CLOCK_RATE) * 10_000_000)
    return struct.pack("!QB", at, len(title)) + title


def _index(durations_s: Sequence[float], sizes: Sequence[int]) -> bytes:
    rows = b"".join(
        struct.pack("!III", size, round(duration_s * VIDEO_CLOCK_RATE), _SAP)
        for duration_s, size in zip(durations_s, sizes, strict=True)
    )
    head = struct.pack("!IIQQHH", VIDEO_TRACK, VIDEO_CLOCK_RATE, LEAD, 0, 0, len(sizes))
    return full_box(b"sidx", 1, 0, head, rows)


def _move(data: bytearray, shift: int, sequence: int) -> int:
    """Moves every fragment in time and numbers it; the last number."""
    for kind, body, end in boxes(data):
        if kind != b"moof":
            continue
        sequence += 1
        for inner, start, stop in boxes(data, body, end):
            if inner == b"mfhd":
                struct.pack_into("!I", data, start + 4, sequence)
            elif inner == b"traf":
                _move_track(data, start, stop, shift)
    return sequence


def _move_track(data: bytearray, at: int, end: int, shift: int) -> None:
    inner = {kind: start for kind, start, _ in boxes(data, at, end)}
    (track,) = struct.unpack_from("!I", data, inner[b"tfhd"] + 4)
    place = inner[b"tfdt"] + 4
    (time,) = struct.unpack_from("!Q", data, place)
    rate = VIDEO_CLOCK_RATE if track == VIDEO_TRACK else AUDIO_CLOCK_RATE
    struct.pack_into("!Q", data, place, max(0, time + shift * rate // VIDEO_CLOCK_RATE))
