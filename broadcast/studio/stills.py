"""Small JPEGs for the operator's page: each site as it comes in, and the preview composed.

A thread of its own, of no importance: when it is late, stills are fewer.
"""

import threading
import time
from collections.abc import Callable
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from broadcast.program import ProgramState
from broadcast.studio.canvas import Box, Canvas, Seat
from broadcast.studio.composer import LOST_NS, Composer, View
from broadcast.studio.onair import OnAir
from broadcast.studio.senses import Senses
from broadcast.studio.sources import Source, Sources
from streams.frames import SiteId
from streams.wire import Still

SITE_SIZE = (256, 144)
PREVIEW_SIZE = (512, 288)
PREVIEW_NAME = "@preview"

TICK_S = 0.2
"""Between two stills of the preview."""
SITE_S = 0.4
"""Between two of a site; 0.0015 of a core for each."""
STILLS_PER_S = 60
"""For all sites together: up to sixty have one a second or more."""

SENSE_S = 1.0
"""Between two looks at a site while nobody sees its stills: whether it is black or frozen is to be
known when somebody does."""

JPEG_SCALE = 5
"""1 best … 31 worst: about 6 kB for a face at 256×144."""
_FF_QP2LAMBDA = 118


class JpegEncoder:
    """JPEGs of one size, in the full-range BT.601 that JFIF means."""

    def __init__(self, width: int, height: int) -> None:
        context = av.CodecContext.create("mjpeg", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = width, height
        context.pix_fmt = "yuvj420p"
        context.time_base = Fraction(1, 25)
        context.thread_count = 1
        context.options = {
            "flags": "+qscale",
            "global_quality": str(JPEG_SCALE * _FF_QP2LAMBDA),
        }
        self._context = context
        self._reformatter = VideoReformatter()
        self._count = 0

    def encode(self, frame: av.VideoFrame) -> bytes:
        full_range = self._reformatter.reformat(
            frame,
            format="yuvj420p",
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU601,
            src_color_range=ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )
        self._count += 1
        full_range.pts, full_range.time_base = self._count, Fraction(1, 25)
        return b"".join(bytes(packet) for packet in self._context.encode(full_range))


def preview_view(state: ProgramState) -> View:
    return View(state.preview, state.slate, (), state.site_names)


class Stills:
    """Owns its canvases and encoders; `composer` is for canvases of `PREVIEW_SIZE`."""

    def __init__(
        self,
        sources: Sources,
        composer: Composer,
        on_air: Callable[[], OnAir | None],
        send: Callable[[Still], None],
        senses: Senses,
    ) -> None:
        self._senses = senses
        self._sources, self._composer, self._on_air, self._send = sources, composer, on_air, send
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stills")
        self._canvas, self._jpeg = Canvas(*SITE_SIZE), JpegEncoder(*SITE_SIZE)
        self._preview, self._preview_jpeg = Canvas(*PREVIEW_SIZE), JpegEncoder(*PREVIEW_SIZE)
        self._seat = Seat(Box(0, 0, *SITE_SIZE))
        self._sent: dict[SiteId, tuple[float, int]] = {}
        """When a site's last still was sent, and of which picture."""
        self._watched = True

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def watch(self, *, watched: bool) -> None:
        """From any thread: whether any page shows stills. None is made for nobody."""
        if watched and not self._watched:
            self._sent.clear()
        self._watched = watched

    def _run(self) -> None:
        while not self._stop.wait(TICK_S):
            watched, sites = self._watched, self._sources.all()
            interval_s = max(SITE_S if watched else SENSE_S, len(sites) / STILLS_PER_S)
            for source in sites:
                self._site(source, interval_s, watched=watched)
            if watched and (snapshot := self._on_air()) is not None:
                self._compose_preview(snapshot.state)

    def _site(self, source: Source, interval_s: float, *, watched: bool) -> None:
        """Looks at the site's newest picture, if it is due and another than the last, and sends it
        to those who watch."""
        now, picture = time.monotonic(), source.picture.newest
        sent_at, last = self._sent.get(source.site, (0.0, 0))
        if picture is None or picture.media_ns == last or now - sent_at < interval_s - TICK_S / 2:
            return
        if time.monotonic_ns() - source.picture.received_ns > LOST_NS:
            return
        self._sent[source.site] = now, picture.media_ns
        self._canvas.clear()
        self._seat.paint(self._canvas, picture.frame)
        self._senses.of(source.site).see(self._canvas.y, time.monotonic_ns())
        if watched:
            self._send(Still(source.site, self._jpeg.encode(self._canvas.frame)))

    def _compose_preview(self, state: ProgramState) -> None:
        now_ns = time.monotonic_ns()
        self._composer.follow(preview_view(state), now_ns)
        self._composer.compose(self._preview, now_ns)
        self._send(Still(PREVIEW_NAME, self._preview_jpeg.encode(self._preview.frame)))
