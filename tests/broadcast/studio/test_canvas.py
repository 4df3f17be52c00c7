"""Where pictures go, in which shape, and how drawings lie over them."""

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.layout import Corner, Inset, Layout
from broadcast.overlay.planes import Drawn
from broadcast.program import Scene
from broadcast.studio.canvas import BACKGROUND, CROP_LIMIT, Box, Canvas, Seat, boxes_of, fit

even = st.integers(1, 1000).map(lambda n: 2 * n)
sizes = st.tuples(st.integers(16, 4000), st.integers(16, 2200))


@given(sizes, even, even, even, even)
def test_a_picture_keeps_its_shape_and_its_box(
    size: tuple[int, int], x: int, y: int, width: int, height: int
) -> None:
    box = Box(x, y, width, height)
    place = fit(*size, box)
    crop = place.crop
    assert box.x <= place.x
    assert place.x + crop.width <= box.x + box.width
    assert box.y <= place.y
    assert place.y + crop.height <= box.y + box.height
    assert crop.x + crop.width <= place.width
    assert crop.y + crop.height <= place.height
    numbers = (place.x, place.y, place.width, place.height, *vars_of(crop))
    assert all(number % 2 == 0 and number >= 0 for number in numbers)
    if min(place.width, place.height) > 20:
        stretched = (place.width / size[0]) / (place.height / size[1])
        assert stretched == pytest.approx(1, rel=0.12), "rounding to even pixels, no more"


CAMERAS = [(1920, 1080), (1280, 720), (640, 360), (320, 180), (640, 480), (720, 576), (1280, 960)]
PHONES = [(720, 1280), (480, 640)]


@pytest.mark.parametrize("camera", [*CAMERAS, *PHONES])
@pytest.mark.parametrize("layout", [one for one in Layout if one is not Layout.SLATE])
@pytest.mark.parametrize("inset", [0.15, 0.27, 0.45])
def test_a_face_is_never_drawn_wide_or_narrow(
    camera: tuple[int, int], layout: Layout, inset: float
) -> None:
    """In no seat, of no camera, more than nobody sees; and what is cut off is less than a tenth."""
    scene = Scene(layout, inset=Inset(Corner.TOP_LEFT, inset))
    for box in boxes_of(scene, 1280, 720):
        place = fit(*camera, box)
        stretched = (place.width / camera[0]) / (place.height / camera[1])
        assert stretched == pytest.approx(1, abs=0.02)
        shown = place.crop.width * place.crop.height / (place.width * place.height)
        assert shown > 0.89


def vars_of(box: Box) -> tuple[int, int, int, int]:
    return box.x, box.y, box.width, box.height


def test_nearly_the_same_shape_fills_the_box() -> None:
    place = fit(640, 400, Box(0, 0, 640, 360))
    assert (place.crop.width, place.crop.height) == (640, 360)
    assert place.height == 400


def test_another_shape_keeps_dark_bars() -> None:
    place = fit(480, 640, Box(0, 0, 640, 360))
    assert CROP_LIMIT < 4 / 3
    assert (place.width, place.height) == (270, 360)
    assert place.x == 184


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (512, 288), (854, 480)])
def test_seats_lie_within_the_picture(layout: Layout, size: tuple[int, int]) -> None:
    for box in boxes_of(Scene(layout), *size):
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= size[0]
        assert box.y + box.height <= size[1]
        assert all(number % 2 == 0 for number in vars_of(box))


@pytest.mark.parametrize("layout", [Layout.GRID_4, Layout.GRID_9, Layout.SIDE_BY_SIDE])
def test_neighbours_do_not_touch(layout: Layout) -> None:
    boxes = boxes_of(Scene(layout), 1280, 720)
    for n, box in enumerate(boxes):
        wider = Box(box.x - 2, box.y - 2, box.width + 4, box.height + 4)
        assert not any(wider.meets(other) for other in boxes[n + 1 :])


@pytest.mark.parametrize("size", [(64, 36), (1366, 766), (322, 182)])
def test_the_frame_has_the_memory_of_the_planes(size: tuple[int, int]) -> None:
    """Also where PyAV pads the lines, and where the height is no multiple of four."""
    canvas = Canvas(*size)
    canvas.clear()
    canvas.y[-2:, -2:], canvas.u[-1, -1], canvas.v[-1, -1] = 200, 30, 40
    again = canvas.frame.to_ndarray()
    width, height = size
    assert (again[0, 0], again[height - 1, width - 1]) == (BACKGROUND[0], 200)
    chroma = again[height:].reshape(2, height // 2, width // 2)
    assert list(chroma[:, 0, 0]) == list(BACKGROUND[1:])
    assert list(chroma[:, -1, -1]) == [30, 40]


def picture(width: int, height: int, luma: int) -> av.VideoFrame:
    planar = np.full((height * 3 // 2, width), 128, np.uint8)
    planar[:height] = luma
    return av.VideoFrame.from_ndarray(planar, "yuv420p")


def test_a_seat_shows_its_picture_and_nothing_outside() -> None:
    canvas, seat = Canvas(320, 180), Seat(Box(100, 40, 160, 90))
    canvas.clear()
    seat.paint(canvas, picture(640, 360, 150))
    inside = canvas.y[40:130, 100:260]
    assert abs(int(inside.min()) - 150) <= 1
    assert abs(int(inside.max()) - 150) <= 1
    outside = canvas.y.copy()
    outside[40:130, 100:260] = BACKGROUND[0]
    assert np.all(outside == BACKGROUND[0])


def test_a_new_picture_of_another_size_is_fitted_anew() -> None:
    canvas, seat = Canvas(320, 180), Seat(Box(0, 0, 320, 180))
    for size, luma in (((640, 360), 60), ((180, 320), 90), ((321, 181), 120)):
        canvas.clear()
        seat.paint(canvas, picture(*size, luma) if size[0] % 2 == 0 else odd(luma))
        assert abs(int(canvas.y[90, 160]) - luma) <= 1


def odd(luma: int) -> av.VideoFrame:
    """A camera's odd size."""
    return picture(640, 360, luma).reformat(321, 181)


def test_full_range_pictures_come_out_limited() -> None:
    canvas, seat = Canvas(64, 36), Seat(Box(0, 0, 64, 36))
    full = picture(64, 36, 16).reformat(format="yuvj420p", src_color_range=1, dst_color_range=2)
    assert full.to_ndarray()[0, 0] == 0
    seat.paint(canvas, full)
    assert abs(int(canvas.y[10, 10]) - 16) <= 1


def drawn(width: int, height: int, luma: int, alpha: int, x: int = 10, y: int = 20) -> Drawn:
    planes = [
        np.full((height // step, width // step), value * alpha // 255, np.uint8)
        for step, value in ((1, luma), (2, 128), (2, 128))
    ]
    alphas = [np.full((height // step, width // step), alpha, np.uint8) for step in (1, 2)]
    return Drawn(x, y, *planes, *alphas)


@given(st.integers(0, 255), st.integers(16, 235), st.integers(16, 235))
def test_blending_is_exact_to_one_step(alpha: int, over: int, under: int) -> None:
    canvas = Canvas(64, 48)
    canvas.clear()
    canvas.y[:] = under
    canvas.blend(drawn(20, 10, over, alpha))
    expected = under * (255 - alpha) / 255 + over * alpha // 255
    assert abs(int(canvas.y[25, 15]) - expected) <= 1
    assert canvas.y[19, 15] == canvas.y[30, 15] == under
    assert abs(int(canvas.u[12, 7]) - (BACKGROUND[1] * (255 - alpha) + 128 * alpha) / 255) <= 1.5
