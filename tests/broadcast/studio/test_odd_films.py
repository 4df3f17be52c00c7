"""Films as people bring them."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from broadcast.studio.shows import LEAD_NS
from tests import media
from tests.broadcast.studio.test_player import Table

LEAD_MS = LEAD_NS // 1_000_000


def test_a_film_of_120_pictures_a_second_moves(tmp_path: Path) -> None:
    path, fps = tmp_path / "fast.mp4", 120
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", fps, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number, planes in enumerate(media.numbered(5, 3 * fps)):
            container.mux(stream.encode(media.frame_of(planes, number, Fraction(1, fps))))
        container.mux(stream.encode(None))
    table = Table(path)
    table.follow(started_at_ms=0)
    seen = []
    for at_ms in range(LEAD_MS + 1000, LEAD_MS + 2500, 40):
        table.turn_to(at_ms)
        seen.append((table.number or 0) - (at_ms - LEAD_MS) * fps / 1000)
    assert max(np.abs(seen)) < 0.05 * fps
