"""Cuts the public packets into parts and segments. Pure: packets in, parts out.

A part is complete when a later picture has come (only then is its last picture's duration known)
and the sound has reached the same moment. A segment begins at the first keyframe past each mark of
the grid, so that both encoders of the program, and every run of the studio, cut at the same places.
"""

from collections import deque
from dataclasses import dataclass, field

from broadcast.outputs.fmp4 import (
    AAC_SAMPLES,
    ParameterSets,
    Sample,
    split_access_unit,
    video_time,
)
from streams.frames import VIDEO_CLOCK_RATE, Codec, Packet

GAP = VIDEO_CLOCK_RATE // 2
"""A hole of half a second in the picture ends the segment and is marked as a discontinuity."""

SOUND_PATIENCE = 5 * VIDEO_CLOCK_RATE // 2
"""A part waits so long for its sound (2.5 s); then it goes without. Who mixes on a starved machine
makes up for what is up to two seconds late (`studio/sound.py`)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some 200 ms of the program; times are program time."""

    video: tuple[Sample, ...]
    audio: tuple[Sample, ...]
    starts_segment: bool
    discontinuity: bool
    """Does not continue the last part; or the parameter sets changed."""
    parameters: ParameterSets

    @property
    def start(self) -> int:
        return self.video[0].time

    @property
    def end(self) -> int:
        return self.video[-1].time + self.video[-1].duration


@dataclass(slots=True)
class _Group:
    """A part in the making."""

    starts_segment: bool
    discontinuity: bool
    parameters: ParameterSets
    frames: list[tuple[int, bool, bytes]] = field(default_factory=list)
    end: int = 0


class Cutter:
    """`segment_ms` and `part_ms` as in the settings; `frame` is the usual distance of pictures."""

    def __init__(self, segment_ms: int, part_ms: int, frame: int) -> None:
        self._segment = segment_ms * VIDEO_CLOCK_RATE // 1000
        self._part = part_ms * VIDEO_CLOCK_RATE // 1000
        self._frame = frame
        self._group: _Group | None = None
        self._closed: deque[_Group] = deque()
        self._audio: deque[Sample] = deque()
        self._feed = ""
        self._last = 0

    def add(self, packet: Packet) -> list[Part]:
        """The parts that this packet completes."""
        if packet.codec is Codec.H264:
            self._add_video(packet)
        else:
            sample = Sample(packet.pts, AAC_SAMPLES, True, packet.data)
            self._audio.append(sample)
        return self._complete()

    def flush(self) -> list[Part]:
        """Everything that is left; the next packet begins anew, with a discontinuity."""
        self._break()
        return [self._part_of(group) for group in _drain(self._closed)]

    def _break(self) -> None:
        if self._group is not None:
            self._close(self._group, self._last + self._frame)
            self._group = None

    def _close(self, group: _Group, end: int) -> None:
        group.end = end
        self._closed.append(group)

    def _add_video(self, packet: Packet) -> None:
        pts = packet.pts
        parameters, data = split_access_unit(packet.data)
        group = self._group
        if group is not None and not 0 < pts - self._last < GAP:
            self._break()
            group = None
        fresh = group is None
        if not packet.key and (fresh or packet.feed != self._feed):
            # Cannot be decoded here: it belongs to pictures that this recording does not have.
            return
        if group is None:
            if parameters is None:
                return
            group = _Group(True, True, parameters)
        else:
            group = self._split(group, packet, parameters or group.parameters)
        group.frames.append((pts, packet.key, data))
        self._group, self._feed, self._last = group, packet.feed, pts

    def _split(self, group: _Group, packet: Packet, parameters: ParameterSets) -> _Group:
        """The part that the picture is in; closes the one before if it begins another."""
        changed = parameters != group.parameters
        first = group.frames[0][0]
        segment = packet.key and packet.pts // self._segment != self._last // self._segment
        part = packet.pts // self._part != first // self._part
        if not (segment or part or changed):
            return group
        self._close(group, packet.pts)
        return _Group(segment or changed, changed, parameters)

    def _complete(self) -> list[Part]:
        parts = []
        while self._closed:
            end = self._closed[0].end
            heard = self._audio and video_time(self._audio[-1].time) >= end
            if not heard and self._last - end < SOUND_PATIENCE:
                break
            parts.append(self._part_of(self._closed.popleft()))
        return parts

    def _part_of(self, group: _Group) -> Part:
        times = [time for time, _, _ in group.frames] + [group.end]
        video = tuple(
            Sample(time, after - time, key, data)
            for (time, key, data), after in zip(group.frames, times[1:], strict=True)
        )
        audio = []
        while self._audio and video_time(self._audio[0].time) < group.end:
            sample = self._audio.popleft()
            # Sound from before a gap, or from before the first keyframe, has no picture.
            if video_time(sample.time + AAC_SAMPLES) > times[0]:
                audio.append(sample)
        return Part(
            video, tuple(audio), group.starts_segment, group.discontinuity, group.parameters
        )


def _drain(groups: deque[_Group]) -> list[_Group]:
    drained = list(groups)
    groups.clear()
    return drained
