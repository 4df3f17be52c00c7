"""The least that a program costs: what must be decoded, composed and encoded, by the studio's parts
and nothing around them, on one thread. In real time, as a live program comes, caches are cold at
each picture; as fast as it goes they are not.
"""

import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Iterator

import av

from bench.heads import FPS, talking_head
from broadcast.layout import Layout
from broadcast.overlay.render import Renderer
from broadcast.program import Overlay, Scene
from broadcast.studio.canvas import Canvas, Seat, boxes_of
from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import AacEncoder, H264Encoder, Samples
from broadcast.studio.opus import OpusDecoder
from config.settings import Program
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE, SiteId

HEADS = (1, 2)
SCENE = Scene(Layout.PICTURE_IN_PICTURE, (SiteId("first"), SiteId("second")))
BLOCKS = AUDIO_CLOCK_RATE // BLOCK_SAMPLES // FPS
"""Of sound for each picture."""


class Site:
    """Decodes one head's pictures and sound, again and again."""

    def __init__(self, seed: int) -> None:
        coded = talking_head(seed)
        self._pictures = itertools.cycle([one.data for one in coded if one.codec.is_video])
        self._sounds = itertools.cycle([one.data for one in coded if not one.codec.is_video])
        self._decoder = av.CodecContext.create("h264", "r")
        self._decoder.thread_count = 1
        self._opus = OpusDecoder(1)

    def picture(self) -> av.VideoFrame | None:
        """None where the decoder holds it back."""
        return next(iter(self._decoder.decode(av.Packet(next(self._pictures)))), None)

    def block(self) -> Samples:
        return self._opus.decode(next(self._sounds))


class Parts:
    """A program of both, picture by picture, with an overlay; `cores` of each part."""

    def __init__(self, program: Program, overlay: Overlay) -> None:
        size = program.width, program.height
        self._sites = [Site(seed) for seed in HEADS]
        self._seats = [Seat(box) for box in boxes_of(SCENE, *size)]
        self._canvas, self._encoder, self._aac = Canvas(*size), H264Encoder(program), AacEncoder()
        self._drawn = Renderer(*size).render(overlay, 0)
        self._spent_ns: Counter[str] = Counter()
        self._count = 0

    @contextlib.contextmanager
    def _part(self, name: str) -> Iterator[None]:
        began_ns = time.thread_time_ns()
        yield
        self._spent_ns[name] += time.thread_time_ns() - began_ns

    def step(self) -> None:
        """One picture and its sound."""
        number, self._count = self._count, self._count + 1
        with self._part("decoding"):
            pictures = [site.picture() for site in self._sites]
        with self._part("composing"):
            for seat, picture in zip(self._seats, pictures, strict=True):
                if picture is not None:
                    seat.paint(self._canvas, picture)
            if self._drawn is not None:
                self._canvas.blend(self._drawn)
        with self._part("x264"):
            pts = number * VIDEO_CLOCK_RATE // FPS
            self._encoder.encode(self._canvas.frame, pts, key=number % (2 * FPS) == 0)
        with self._part("sound"):
            for block in range(number * BLOCKS, (number + 1) * BLOCKS):
                one, other = (site.block() for site in self._sites)
                self._aac.encode((one + other).repeat(2, axis=0), block * BLOCK_SAMPLES)

    def cores(self) -> dict[str, float]:
        seconds = self._count / FPS
        return {name: ns / 1e9 / seconds for name, ns in self._spent_ns.items()}


def measured(program: Program, overlay: Overlay, seconds: int, *, live: bool) -> dict[str, float]:
    """Cores of each part."""
    parts, began = Parts(program, overlay), time.monotonic()
    for number in range(seconds * FPS):
        if live:
            time.sleep(max(0.0, began + number / FPS - time.monotonic()))
        parts.step()
    return parts.cores()


def told(program: Program, overlay: Overlay, seconds: int) -> str:
    """All of it as a line."""
    live, fast = (measured(program, overlay, seconds, live=one) for one in (True, False))
    each = ", ".join(f"{name} {cores:.3f} ({fast[name]:.3f})" for name, cores in live.items())
    return (
        f"its parts alone on one thread, in real time (as fast as they go): {each}; "
        f"all {sum(live.values()):.3f} ({sum(fast.values()):.3f}) core"
    )
