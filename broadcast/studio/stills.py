"""Small JPEGs for the operator's page: each site as it comes in, and the preview composed.

A thread of its own, of no importance: when it is late, stills are fewer.
"""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Sequence

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from PIL import Image

from broadcast.program import ProgramState
from broadcast.studio.canvas import Box, Canvas, Seat, UnscalableError
from broadcast.studio.composer import LOST_NS, Composer, View
from broadcast.studio.onair import OnAir
from broadcast.studio.senses import Senses
from broadcast.studio.sources import Source, Sources
from streams.frames import NS_PER_S, SiteId
from streams.wire import Still

SITE_SIZE = (256, 144)
PREVIEW_SIZE = (512, 288)
PREVIEW_NAME = "@preview"

TICK_NS = NS_PER_S // 5
"""Between two stills of the preview."""
REST_NS = TICK_NS // 4
"""However late it is: others are more important."""
SITE_NS = 2 * TICK_NS
"""Between two of a site; 0.0013 of a core for each."""
STILLS_PER_S = 200
"""For all sites together (0.1 of a core): 150 have more than one a second each."""

SENSE_NS = NS_PER_S
"""Between two looks at a site while nobody sees its stills: whether it is black or frozen is to be
known when somebody does."""

JPEG_QUALITY = 75
"""About 6 kB for a face at 256×144."""

log = logging.getLogger(__name__)


class JpegEncoder:
    """JPEGs of one size, by libjpeg-turbo: half the time of FFmpeg's, and half the octets."""

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self._reformatter = VideoReformatter()
        # Into a file: only then does Pillow let go of the interpreter's lock while it encodes.
        self._file = os.fdopen(os.memfd_create("still"), "r+b", buffering=0)

    def encode(self, frame: av.VideoFrame) -> bytes:
        """A whole JPEG of a picture that has the program's colours and this size."""
        rgb = self._reformatter.reformat(
            frame,
            format="rgb0",
            src_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.MPEG,
            threads=1,
        ).planes[0]
        pixels, row = np.frombuffer(memoryview(rgb), np.uint8), rgb.line_size
        image = Image.frombuffer("RGB", self._size, pixels, "raw", "RGBX", row, 1)
        self._file.seek(0)
        self._file.truncate()
        image.save(self._file, "JPEG", quality=JPEG_QUALITY)
        self._file.seek(0)
        return self._file.read()

    def close(self) -> None:
        self._file.close()


class Turns:
    """Whose picture is looked at in this tick. Pure; times are CLOCK_MONOTONIC.

    Each site has its turn once in `interval_ns`, spread evenly: no tick has more than its share,
    so the preview is not kept waiting and nothing bursts over the wire.
    """

    def __init__(self) -> None:
        self._last: dict[SiteId, tuple[int, int]] = {}
        """When each was looked at, and which picture it was."""

    def forget(self) -> None:
        self._last.clear()

    def due(self, sources: Sequence[Source], now_ns: int, least_ns: int) -> list[Source]:
        """Those with another picture than the last time, longest waiting first."""
        interval_ns = max(least_ns, len(sources) * NS_PER_S // STILLS_PER_S)
        share = math.ceil(len(sources) * TICK_NS / interval_ns)
        # A tick may be a little early.
        wait_ns = interval_ns - TICK_NS // 2
        ready: list[tuple[int, int, Source]] = []
        for source in sources:
            picture, (looked_ns, shown) = source.picture.newest, self._last.get(source.site, (0, 0))
            if picture is None or picture.media_ns == shown:
                continue
            if now_ns - looked_ns >= wait_ns:
                ready.append((looked_ns, picture.media_ns, source))
        ready.sort(key=lambda one: one[0])
        for _, shown, source in ready[:share]:
            self._last[source.site] = now_ns, shown
        return [source for _, _, source in ready[:share]]


def preview_view(state: ProgramState) -> View:
    return View(state.preview, state.slate, (), state.site_names, signer=state.signer)


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
        self._turns = Turns()
        self._watched = True

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:  # it was started
            self._thread.join()
        self._jpeg.close()
        self._preview_jpeg.close()

    def watch(self, *, watched: bool) -> None:
        """From any thread: whether any page shows stills. None is made for nobody."""
        if watched and not self._watched:
            self._turns.forget()
        self._watched = watched

    def _run(self) -> None:
        due_ns = time.monotonic_ns()
        while not self._stop.wait(max(0, due_ns - time.monotonic_ns()) / NS_PER_S):
            self.tick(time.monotonic_ns())
            due_ns = max(due_ns + TICK_NS, time.monotonic_ns() + REST_NS)

    def tick(self, now_ns: int) -> None:
        """Looks at those sites whose turn it is, and sends to those who watch; on the thread."""
        watched = self._watched
        least_ns = SITE_NS if watched else SENSE_NS
        for source in self._turns.due(self._sources.all(), now_ns, least_ns):
            self._site(source, now_ns, watched=watched)
        if watched and (snapshot := self._on_air()) is not None:
            self._compose_preview(snapshot.state, now_ns)

    def _site(self, source: Source, now_ns: int, *, watched: bool) -> None:
        picture = source.picture.newest
        if picture is None or now_ns - source.picture.received_ns > LOST_NS:
            return
        self._canvas.clear()
        try:
            self._seat.paint(self._canvas, picture.frame, picture.aspect)
        except UnscalableError as error:
            log.debug("%s: no still of it: %s", source.site, error)
            return
        self._senses.of(source.site).see(self._canvas.y, now_ns)
        if watched:
            self._send(Still(source.site, self._jpeg.encode(self._canvas.frame)))

    def _compose_preview(self, state: ProgramState, now_ns: int) -> None:
        self._composer.follow(preview_view(state), now_ns)
        self._composer.compose(self._preview, now_ns)
        self._send(Still(PREVIEW_NAME, self._preview_jpeg.encode(self._preview.frame)))
