"""The encoding thread: composed pictures in, packets out, in order.

Its queue is bounded by the canvases there are: when it is behind, the frame clock finds none free
and leaves a frame out.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import av
from av.video.reformatter import VideoReformatter

from broadcast.studio.canvas import Canvas
from broadcast.studio.clock import segment_of
from broadcast.studio.encoders import H264Encoder
from config.settings import Program
from streams.frames import NS_PER_S, Codec, Feed, Packet

CANVASES = 8
"""A third of a second of 25 pictures each second, made when first needed."""

FORCED_INTERVAL_NS = NS_PER_S
"""However many viewers ask, one extra keyframe a second: each costs ten ordinary frames."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One tick's pictures. `slate` is there while the public may not see the room."""

    room: Canvas
    slate: Canvas | None
    pts: int
    public: bool


class KeyframeRule:
    """When a feed's next frame must be a keyframe: first, at each segment of the grid, when the
    public is let in or put out, and when asked for, at most once a second."""

    def __init__(self, segment_ms: int) -> None:
        self._segment_ms = segment_ms
        self._segment: int | None = None
        self._public = False
        self._asked = False
        self._forced_ns = 0

    def ask(self) -> None:
        """From any thread."""
        self._asked = True

    def next(self, pts: int, now_ns: int, *, public: bool) -> bool:
        """Whether this frame is one. Once for each, in order; `pts` at `VIDEO_CLOCK_RATE`."""
        segment = segment_of(pts, self._segment_ms)
        due = segment != self._segment or public != self._public
        forced = self._asked and now_ns - self._forced_ns >= FORCED_INTERVAL_NS
        self._segment, self._public = segment, public
        if forced:
            self._forced_ns = now_ns
        if due or forced:
            self._asked = False
        return due or forced


class Ladder:
    """One feed's picture in every size, with the same keyframes at the same times."""

    def __init__(self, program: Program, feed: str) -> None:
        self._feed = feed
        self._renditions = [
            (rendition.width, rendition.height, VideoReformatter(), H264Encoder(rendition))
            for rendition in program.renditions()
        ]

    def encode(
        self, frame: av.VideoFrame, pts: int, *, key: bool, public: bool
    ) -> Iterator[Packet]:
        """The whole one first. Each is made of the next larger: that costs least. Averaging areas
        costs what bilinear does, and the smallest is 2.4 dB nearer to a bicubic one made of the
        whole (`bench/quality.py`)."""
        for number, (width, height, scaler, encoder) in enumerate(self._renditions):
            if number:
                frame = scaler.reformat(frame, width, height, interpolation="AREA", threads=1)
            data = encoder.encode(frame, pts, key=key)
            yield Packet(self._feed, Codec.H264, pts, key, public, data, number)


class Canvases:
    """At most `CANVASES`. One thread takes, another gives back."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size, self._made = size, 0
        self._free: deque[Canvas] = deque()

    def take(self) -> Canvas | None:
        """The one given back last, as the processor's cache still has it; None if all are out."""
        try:
            return self._free.pop()
        except IndexError:
            return self._another()

    def _another(self) -> Canvas | None:
        if self._made == CANVASES:
            return None
        self._made += 1
        return Canvas(*self._size)

    def give_back(self, canvas: Canvas) -> None:
        self._free.append(canvas)


class VideoEncoding:
    """Room and public ladder; the public one lives only while it is needed."""

    def __init__(
        self, program: Program, segment_ms: int, send: Callable[[Sequence[Packet]], None]
    ) -> None:
        self._program, self._segment_ms, self._send = program, segment_ms, send
        size = program.width, program.height
        self._rooms, self._slates = Canvases(size), Canvases(size)
        self._shots: queue.SimpleQueue[Shot | None] = queue.SimpleQueue()
        self._room = Ladder(program, Feed.ROOM)
        self._slate: Ladder | None = None
        self._room_rule = KeyframeRule(segment_ms)
        self._slate_rule = KeyframeRule(segment_ms)
        self._thread = threading.Thread(target=self._run, name="encoder")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Encodes what was offered, then ends."""
        self._shots.put(None)
        self._thread.join()

    def ask_keyframe(self, feed: str) -> None:
        """From any thread. For a site's own feed the room's picture is meant."""
        (self._slate_rule if feed == Feed.PUBLIC else self._room_rule).ask()

    def room_canvas(self) -> Canvas | None:
        """A free one, or None while the encoder is behind."""
        return self._rooms.take()

    def slate_canvas(self) -> Canvas | None:
        return self._slates.take()

    def offer(self, shot: Shot) -> None:
        self._shots.put(shot)

    def _run(self) -> None:
        while (shot := self._shots.get()) is not None:
            packets = self._encode_room(shot)
            if shot.slate is not None:
                packets += self._encode_slate(shot.slate, shot.pts)
            elif shot.public:
                self._slate = None
            self._send(packets)

    def _encode_room(self, shot: Shot) -> list[Packet]:
        key = self._room_rule.next(shot.pts, time.monotonic_ns(), public=shot.public)
        packets = list(self._room.encode(shot.room.frame, shot.pts, key=key, public=shot.public))
        self._rooms.give_back(shot.room)
        return packets

    def _encode_slate(self, canvas: Canvas, pts: int) -> list[Packet]:
        fresh = self._slate is None
        if self._slate is None:
            self._slate = Ladder(self._program, Feed.PUBLIC)
        key = self._slate_rule.next(pts, time.monotonic_ns(), public=True) or fresh
        packets = list(self._slate.encode(canvas.frame, pts, key=key, public=True))
        self._slates.give_back(canvas)
        return packets
