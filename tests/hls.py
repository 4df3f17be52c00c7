"""Reads a playlist back as a player does, and checks what a player relies on."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import av
import m3u8

from tests.media import Clip, decode
from tests.server import Server

TORN_S = 0.2
"""One part: the least that a segment has which a kill cut off."""
APART_S = 0.04
BEGINS_APART_S = 0.12
"""Where a recording begins, or begins anew: on a busy machine sound may come a little after."""
Fetch = Callable[[str], bytes]
"""The bytes at a path relative to the playlist. Raises `OSError` if there are none."""


@dataclass(frozen=True, slots=True)
class Times:
    """Of one stream in one segment, in seconds of the media's own clock."""

    presented: tuple[float, ...]
    decoded: tuple[float, ...]
    first_is_key: bool
    end: float


@dataclass(frozen=True, slots=True)
class Segment:
    uri: str
    duration_s: float
    """As the playlist says."""
    at_s: float
    """EXT-X-PROGRAM-DATE-TIME, as epoch seconds."""
    discontinuity: bool
    init: bytes
    media: bytes

    def clip(self) -> Clip:
        return decode(self.init + self.media)

    def times(self, kind: str) -> Times | None:
        """`kind`: video or audio. None where there is none of it."""
        with av.open(io.BytesIO(self.init + self.media), "r") as container:
            stream = next(s for s in container.streams if s.type == kind)
            packets = [p for p in container.demux(stream) if p.size]
        if not packets:
            return None
        base = float(packets[0].time_base)
        shown = [(p.pts * base, (p.duration or 0) * base) for p in packets if p.pts is not None]
        return Times(
            tuple(sorted(at_s for at_s, _ in shown)),
            tuple(p.dts * base for p in packets if p.dts is not None),
            packets[0].is_keyframe,
            max(at_s + long_s for at_s, long_s in shown),
        )


@dataclass(frozen=True, slots=True)
class Recording:
    text: str
    ended: bool
    segments: tuple[Segment, ...]

    @property
    def duration_s(self) -> float:
        return sum(segment.duration_s for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Names:
    init: str
    media: str


def names(text: str) -> list[Names]:
    """The files of each segment, in order."""
    return [Names(row.init_section.uri, row.uri) for row in m3u8.loads(text).segments]


def read(text: str, fetch: Fetch) -> Recording:
    """The whole of it, every segment fetched."""
    playlist = m3u8.loads(text)
    inits: dict[str, bytes] = {}
    segments = []
    for row in playlist.segments:
        if row.init_section.uri not in inits:
            inits[row.init_section.uri] = fetch(row.init_section.uri)
        segments.append(
            Segment(
                row.uri,
                row.duration,
                row.current_program_date_time.timestamp(),
                row.discontinuity,
                inits[row.init_section.uri],
                fetch(row.uri),
            )
        )
    return Recording(text, bool(playlist.is_endlist), tuple(segments))


def served(server: Server, room: str = "archive") -> Recording:
    """A server's own recording, as a player gets it over HTTP; `room`: `live` or `archive`."""

    def fetch(name: str) -> bytes:
        answer = server.get(f"/{room}/{server.session}/{name}")
        assert answer.status == 200, name
        return answer.body

    return read(fetch("index.m3u8").decode(), fetch)


def faults(recording: Recording) -> list[str]:
    """What would make a player stumble, in words; empty if all is well."""
    found: list[str] = []
    ends: dict[str, float] = {}
    for segment in recording.segments:
        if segment.discontinuity:
            ends.clear()
        limit_s = APART_S if ends else BEGINS_APART_S
        video, audio = segment.times("video"), segment.times("audio")
        if video is None:
            found.append(f"{segment.uri}: no picture")
            continue
        if audio is None and segment.duration_s >= TORN_S:  # less is what a kill left
            found.append(f"{segment.uri}: no sound")
        for kind, times in (("video", video), ("audio", audio)):
            if times is not None:
                found += [f"{segment.uri}: {fault}" for fault in _stream_faults(kind, times, ends)]
        if not video.first_is_key:
            found.append(f"{segment.uri}: does not begin with a keyframe")
        apart = abs(video.presented[0] - audio.presented[0]) if audio is not None else 0.0
        if apart > limit_s:
            found.append(f"{segment.uri}: sound and picture begin {apart * 1000:.0f} ms apart")
        length = video.end - video.presented[0]
        if abs(length - segment.duration_s) > 0.05:
            found.append(f"{segment.uri}: lasts {length:.3f} s, not {segment.duration_s:.3f} s")
    return found


def _stream_faults(kind: str, times: Times, ends: dict[str, float]) -> list[str]:
    """`ends` holds where the segment before ended, and is brought up to date."""
    found = []
    if list(times.decoded) != sorted(set(times.decoded)):
        found.append(f"{kind} goes back in time")
    before = ends.get(kind)
    if before is not None and abs(times.presented[0] - before) > 0.05:
        found.append(f"{kind} begins {times.presented[0] - before:+.3f} s from the end before")
    ends[kind] = times.end
    return found
