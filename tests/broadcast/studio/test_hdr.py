"""Films of high dynamic range: what they say is light, and that light is what the program shows."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace, ColorTrc

from broadcast.studio.canvas import Box, Canvas, Seat
from broadcast.studio.hdr import LARGEST, Flattener
from broadcast.studio.reels import Film
from streams.frames import NS_PER_MS
from tests.broadcast.studio.test_colours import BARS, BT709, numbers, shown

Values = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
"""Of light (BT.2087 2)."""
KR, KB = 0.2627, 0.0593
PAPER = 203.0
"""cd/m² of what is white on paper (BT.2408)."""
LEVELS = 5
SIZE, FPS = (640, 360), 60


def pq(light: Values) -> Values:
    """BT.2100 table 4, from cd/m²."""
    power = (light / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def hlg(light: Values) -> Values:
    """BT.2100 table 5, on a screen of 1000 cd/m²."""
    luminance = (light @ np.array([KR, 1 - KR - KB, KB]))[..., None]
    scene = light / 1000 * np.maximum(luminance / 1000, 1e-9) ** (1 / 1.2 - 1)
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * np.maximum(scene, 0)), high)


KINDS = pytest.mark.parametrize(
    ("transfer", "signal"), [("smpte2084", pq), ("arib-std-b67", hlg)], ids=["PQ", "HLG"]
)
Signal = Callable[[Values], Values]


def film_of(path: Path, light: Values, transfer: str, signal: Signal, count: int = 1) -> Path:
    """Bars of that light (cd/m²; R, G, B of BT.709 in each row), as a telephone keeps them."""
    red, green, blue = signal(light @ TO_BT2020.T).T
    y = KR * red + (1 - KR - KB) * green + KB * blue
    u, v = (blue - y) / (2 * (1 - KB)), (red - y) / (2 * (1 - KR))
    coded = (64 + 876 * y, 512 + 896 * u, 512 + 896 * v)
    frame = av.VideoFrame(*SIZE, "yuv420p10le")
    for plane, values in zip(frame.planes, coded, strict=True):
        rows = np.frombuffer(memoryview(plane), np.uint16).reshape(-1, plane.line_size // 2)
        bar = np.minimum(np.arange(plane.width) * len(light) // plane.width, len(light) - 1)
        rows[:, : plane.width] = values.round().astype(np.uint16)[bar]
    says = f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    with av.open(path, "w") as container:
        stream = container.add_stream(
            "libx264", FPS, options={"preset": "ultrafast", "crf": "6", "x264-params": says}
        )
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p10le"
        for number in range(count):
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def as_shown(path: Path) -> Canvas:
    film = Film(path)
    picture = next(piece.picture for piece in film.from_(0) if piece.picture is not None)
    canvas = Canvas(1280, 720)
    Seat(Box(0, 0, 1280, 720)).paint(canvas, picture)
    film.close()
    return canvas


def planes(canvas: Canvas) -> Sequence[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    return canvas.y, canvas.u, canvas.v


@KINDS
def test_its_colours_are_those_that_were_filmed(
    tmp_path: Path, transfer: str, signal: Signal
) -> None:
    light = (np.array(BARS) / 255) ** 2.4 * PAPER
    canvas = as_shown(film_of(tmp_path / "film.mp4", light, transfer, signal))
    apart = np.abs(shown(planes(canvas)) - numbers(BT709))
    assert apart[3:].max() <= LEVELS, "grey, and a face"
    assert apart.max() < 30, "colours at the edge of what BT.709 has"


@KINDS
def test_what_is_brighter_than_paper_keeps_its_steps(
    tmp_path: Path, transfer: str, signal: Signal
) -> None:
    light = np.array([100, 203, 300, 450, 900])[:, None] * np.ones(3)
    luma = shown(planes(as_shown(film_of(tmp_path / "film.mp4", light, transfer, signal))))[:, 0]
    assert abs(luma[0] - 179) <= LEVELS
    assert np.diff(luma[1:]).min() >= 2
    assert luma[-1] <= 236


def test_no_more_is_made_than_two_cores_can() -> None:
    frame = av.VideoFrame(3840, 2160, "yuv420p10le")
    frame.color_trc, frame.colorspace = ColorTrc.SMPTE2084, Colorspace.BT2020
    flat = Flattener().flat(frame)
    assert (flat.width, flat.height, flat.format.name) == (*LARGEST, "yuv420p")


def test_of_60_pictures_a_second_half_are_made(tmp_path: Path) -> None:
    """Two cores would not make them all."""
    path = film_of(tmp_path / "film.mp4", np.full((1, 3), 100.0), "arib-std-b67", hlg, count=12)
    film = Film(path)
    count = sum(piece.picture is not None for piece in film.from_(0))
    film.close()
    assert count == 6


def test_none_is_made_that_is_long_before_its_beginning(tmp_path: Path) -> None:
    """Where ten seconds lie between two keyframes, half a minute would go by until it begins."""
    path = film_of(tmp_path / "film.mp4", np.full((1, 3), 100.0), "arib-std-b67", hlg, count=60)
    film = Film(path)
    made = [piece.at_ns for piece in film.from_(800 * NS_PER_MS) if piece.picture is not None]
    film.close()
    assert 600 * NS_PER_MS <= made[0] <= 800 * NS_PER_MS
    assert made[-1] > 900 * NS_PER_MS
