"""How often each site's still is renewed, and that its colours are the picture's; virtual time."""

import io
from collections import Counter
from contextlib import closing
from itertools import pairwise

import av
import numpy as np
import pytest
from PIL import Image

from broadcast.overlay.render import Renderer
from broadcast.program import ProgramState
from broadcast.studio.canvas import Canvas
from broadcast.studio.composer import Composer
from broadcast.studio.onair import OnAir, follow
from broadcast.studio.overlays import Board
from broadcast.studio.picturetrack import Picture
from broadcast.studio.senses import Senses
from broadcast.studio.sources import Source, Sources
from broadcast.studio.stills import (
    PREVIEW_NAME,
    PREVIEW_SIZE,
    SITE_SIZE,
    TICK_NS,
    JpegEncoder,
    Stills,
)
from streams.frames import NS_PER_S, SiteId
from streams.wire import Still

SECONDS, PICTURES_PER_S = 4, 5
"""Of standby sites there are so many that they send few pictures."""
BEGAN_NS = 1000 * NS_PER_S


class Multiview:
    """The stills of so many sites, without their thread."""

    def __init__(self, count: int) -> None:
        self.sent: list[Still] = []
        sources = Sources(lambda _: None)
        for number in range(count):
            sources.adopt(Source(SiteId(f"s{number}"), lambda _: None))
        self._sites = sources.all()
        board = Board(Renderer(*PREVIEW_SIZE))
        composer = Composer(PREVIEW_SIZE, sources, board, lambda track, _: track.newest)
        self.stills = Stills(sources, composer, self._on_air, self.sent.append, Senses())
        self._frame = av.VideoFrame(320, 180, "yuv420p")

    def close(self) -> None:
        self.stills.close()

    @staticmethod
    def _on_air() -> OnAir:
        return follow(None, ProgramState(), BEGAN_NS)

    def show(self, frame: av.VideoFrame) -> None:
        self._frame = frame

    def run(self) -> list[list[str]]:
        """Whose stills were sent in each tick of `SECONDS`."""
        ticks: list[list[str]] = []
        for tick in range(SECONDS * NS_PER_S // TICK_NS):
            now_ns = BEGAN_NS + tick * TICK_NS
            for site in self._sites:
                media_ns = now_ns // (NS_PER_S // PICTURES_PER_S)
                site.picture.show(Picture(self._frame, media_ns, now_ns))
            self.sent.clear()
            self.stills.tick(now_ns)
            ticks.append([still.name for still in self.sent])
        return ticks


@pytest.mark.parametrize(("count", "least_per_s"), [(3, 2.5), (60, 2.5), (150, 1.25)])
def test_each_site_has_its_still_at_least_once_a_second(count: int, least_per_s: float) -> None:
    with closing(Multiview(count)) as multiview:
        ticks = multiview.run()
    assert all(PREVIEW_NAME in names for names in ticks), "the preview is not kept waiting"
    shown = Counter(name for names in ticks for name in names if name != PREVIEW_NAME)
    assert len(shown) == count
    assert min(shown.values()) >= SECONDS * least_per_s
    for name in shown:
        when = [place for place, names in enumerate(ticks) if name in names]
        assert max(b - a for a, b in pairwise([0, *when])) * TICK_NS <= NS_PER_S
    even = len(shown) * least_per_s * TICK_NS / NS_PER_S
    assert max(len(names) for names in ticks) <= 2 + 1.1 * even, "spread over the ticks"


def test_a_site_that_sends_nothing_new_costs_nothing() -> None:
    with closing(Multiview(1)) as multiview:
        multiview.run()
        multiview.sent.clear()
        for tick in range(10):
            multiview.stills.tick(BEGAN_NS + SECONDS * NS_PER_S + tick * TICK_NS)
    names = [still.name for still in multiview.sent]
    assert (names.count("s0"), names.count(PREVIEW_NAME)) == (1, 10), "its last picture, once"


@pytest.mark.parametrize(
    ("ycc", "rgb"),
    [
        ((16, 128, 128), (0, 0, 0)),
        ((235, 128, 128), (255, 255, 255)),
        ((63, 102, 240), (255, 0, 0)),  # ITU-R BT.709, limited range
        ((32, 240, 118), (0, 0, 255)),
    ],
)
def test_the_colours_are_those_of_the_picture(
    ycc: tuple[int, int, int], rgb: tuple[int, int, int]
) -> None:
    canvas = Canvas(*SITE_SIZE)
    canvas.y[:], canvas.u[:], canvas.v[:] = ycc
    with closing(JpegEncoder(*SITE_SIZE)) as encoder:
        image = Image.open(io.BytesIO(encoder.encode(canvas.frame)))
    assert np.asarray(image).reshape(-1, 3).mean(axis=0) == pytest.approx(rgb, abs=4)


def test_a_picture_that_nothing_can_read_costs_its_own_still_alone() -> None:
    with closing(Multiview(2)) as multiview:
        multiview.show(av.VideoFrame(320, 180, "gbrap32le"))
        ticks = multiview.run()
    assert {name for names in ticks for name in names} == {PREVIEW_NAME}
