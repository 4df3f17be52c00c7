"""The encoding thread: composed pictures in, packets out, in order.

Its queue is bounded by the canvases there are: when it is behind, the frame clock finds none free
and leaves a frame out.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from broadcast.studio.canvas import Canvas
from broadcast.studio.clock import NS_PER_S, segment_of
from broadcast.studio.encoders import H264Encoder
from config.settings import Program
from streams.frames import Codec, Feed, Packet

CANVASES = 4
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
    public is let in, and when asked for, at most once a second."""

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
        segment = segment_of(pts, self._segment_ms)
        due = segment != self._segment or (public and not self._public)
        forced = self._asked and now_ns - self._forced_ns >= FORCED_INTERVAL_NS
        self._segment, self._public = segment, public
        if forced:
            self._forced_ns = now_ns
        if due or forced:
            self._asked = False
        return due or forced


class VideoEncoding:
    """Room and public encoder; the public one lives only while it is needed."""

    def __init__(
        self, program: Program, segment_ms: int, send: Callable[[Sequence[Packet]], None]
    ) -> None:
        self._program, self._segment_ms, self._send = program, segment_ms, send
        self._free: queue.SimpleQueue[Canvas] = queue.SimpleQueue()
        self._free_slates: queue.SimpleQueue[Canvas] = queue.SimpleQueue()
        for _ in range(CANVASES):
            self._free.put(Canvas(program.width, program.height))
            self._free_slates.put(Canvas(program.width, program.height))
        self._shots: queue.SimpleQueue[Shot | None] = queue.SimpleQueue()
        self._room = H264Encoder(program)
        self._slate: H264Encoder | None = None
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
        return _take(self._free)

    def slate_canvas(self) -> Canvas | None:
        return _take(self._free_slates)

    def offer(self, shot: Shot) -> None:
        self._shots.put(shot)

    def _run(self) -> None:
        while (shot := self._shots.get()) is not None:
            packets = [self._encode_room(shot)]
            if shot.slate is not None:
                packets.append(self._encode_slate(shot.slate, shot.pts))
            elif shot.public:
                self._slate = None
            self._send(packets)

    def _encode_room(self, shot: Shot) -> Packet:
        key = self._room_rule.next(shot.pts, time.monotonic_ns(), public=shot.public)
        data = self._room.encode(shot.room.frame, shot.pts, key=key)
        self._free.put(shot.room)
        return Packet(Feed.ROOM, Codec.H264, shot.pts, key, shot.public, data)

    def _encode_slate(self, canvas: Canvas, pts: int) -> Packet:
        fresh = self._slate is None
        if self._slate is None:
            self._slate = H264Encoder(self._program)
        key = self._slate_rule.next(pts, time.monotonic_ns(), public=True) or fresh
        data = self._slate.encode(canvas.frame, pts, key=key)
        self._free_slates.put(canvas)
        return Packet(Feed.PUBLIC, Codec.H264, pts, key, True, data)


def _take(canvases: "queue.SimpleQueue[Canvas]") -> Canvas | None:
    try:
        return canvases.get_nowait()
    except queue.Empty:
        return None
