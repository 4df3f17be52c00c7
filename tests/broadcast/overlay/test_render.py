"""What is drawn: seen as properties of the picture, not as golden pixels."""

import os
import threading
import unicodedata
import weakref
from functools import cache
from itertools import combinations, product
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.layout import INSET_SHARES, Corner, Inset, Layout, Rect, seats_of
from broadcast.overlay.contents import NAMES
from broadcast.overlay.fit import measure
from broadcast.overlay.render import Drawn, Renderer
from broadcast.program import Overlay
from tests.broadcast.overlay.samples import HOSTILE, NOW_MS, USUAL, filled_with, usual

SIZES = ((1280, 720), (1920, 1080), (640, 360), (320, 180), (854, 480), (1024, 768), (720, 1280))
TOGETHER = ("lower_third", "agenda", "queue", "clock", "live", "logo")
FULL = ("slate", "signal_lost")
IN_SEATS = ("signal_lost", "seat_title")
INSET = seats_of(Layout.PICTURE_IN_PICTURE)[1]
SEATS = tuple({seat for layout in Layout for seat in seats_of(layout)})


@cache
def renderer(width: int = 1280, height: int = 720) -> Renderer:
    return Renderer(width, height)


def draw(overlay: Overlay, box: Rect | None = None, **size: int) -> Drawn:
    drawn = renderer(**size).render(overlay, NOW_MS, box)
    assert drawn is not None
    return drawn


def edges(drawn: Drawn) -> tuple[int, int, int, int]:
    return drawn.x, drawn.y, drawn.x + drawn.width, drawn.y + drawn.height


def overlap(a: Drawn, b: Drawn) -> bool:
    ax, ay, a_right, a_bottom = edges(a)
    bx, by, b_right, b_bottom = edges(b)
    return ax < b_right and bx < a_right and ay < b_bottom and by < a_bottom


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_planes_fit_together(name: str, size: tuple[int, int]) -> None:
    drawn = draw(usual(name), width=size[0], height=size[1])
    assert all(edge % 2 == 0 for edge in edges(drawn))
    assert drawn.y_plane.shape == drawn.alpha.shape == (drawn.height, drawn.width)
    half = (drawn.height // 2, drawn.width // 2)
    assert drawn.u_plane.shape == drawn.v_plane.shape == drawn.alpha_chroma.shape == half
    planes = (drawn.y_plane, drawn.u_plane, drawn.v_plane, drawn.alpha, drawn.alpha_chroma)
    assert all(plane.dtype == np.uint8 and plane.flags.c_contiguous for plane in planes)
    assert not any(plane.flags.writeable for plane in planes)


@pytest.mark.parametrize("name", NAMES)
def test_premultiplied_planes_stay_in_limited_range(name: str) -> None:
    drawn = draw(usual(name))
    alpha, half = drawn.alpha.astype(int), drawn.alpha_chroma.astype(int)
    assert (drawn.y_plane <= alpha * 235 / 255 + 1).all()
    assert (drawn.y_plane >= alpha * 16 / 255 - 1).all()
    for plane in (drawn.u_plane, drawn.v_plane):
        assert (plane <= half * 240 / 255 + 1).all()
        assert (plane >= half * 16 / 255 - 1).all()


@pytest.mark.parametrize(
    ("text", "size"), [(None, size) for size in SIZES] + list(product(HOSTILE, SIZES[::3]))
)
def test_overlays_keep_to_the_safe_area_and_do_not_touch(
    text: str | None, size: tuple[int, int]
) -> None:
    width, height = size
    drawn = []
    for name in TOGETHER:
        overlay = usual(name) if text is None else filled_with(name, text)
        picture = renderer(width, height).render(overlay, NOW_MS)
        if picture is not None:
            drawn.append(picture)
            x, y, right, bottom = edges(picture)
            assert x >= 0.05 * width - 2, name
            assert y >= 0.05 * height - 2, name
            assert right <= 0.95 * width + 2, name
            assert bottom <= 0.95 * height + 2, name
    assert not any(overlap(a, b) for a, b in combinations(drawn, 2))


def test_they_leave_a_speaker_and_the_inset_free() -> None:
    corner = (INSET.x * 1280, 0, 1280, (INSET.y + INSET.height) * 720)
    face = (520, 100, 800, 480)
    for name in TOGETHER:
        x, y, right, bottom = edges(draw(filled_with(name, "Ẵ" * 300)))
        for free in (face, corner):
            assert x >= free[2] or right <= free[0] or y >= free[3] or bottom <= free[1], name


@pytest.mark.parametrize("corner", list(Corner))
@pytest.mark.parametrize("share", INSET_SHARES)
def test_no_face_in_an_inset_is_covered_by_what_is_always_on(corner: Corner, share: float) -> None:
    """Agenda and queue are lists that somebody chose to show, in the middle of each side."""
    inset = Inset(corner, share).rect()
    free = Rect(inset.x * 1280, inset.y * 720, inset.width * 1280, inset.height * 720)
    for name in ("lower_third", "clock", "live", "logo"):
        x, y, right, bottom = edges(draw(filled_with(name, "Ẵ" * 300)))
        beside = x >= free.x + free.width or right <= free.x
        assert beside or y >= free.y + free.height or bottom <= free.y, name


@pytest.mark.parametrize("name", FULL)
@pytest.mark.parametrize("size", SIZES)
def test_a_slate_covers_everything(name: str, size: tuple[int, int]) -> None:
    drawn = draw(usual(name), width=size[0], height=size[1])
    assert edges(drawn) == (0, 0, *size)
    assert (drawn.alpha == 255).all()
    assert (drawn.alpha_chroma == 255).all()


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize("text", ["Điểm cầu huyện Mường Nhé", *HOSTILE])
def test_what_is_drawn_in_a_seat_stays_in_it(seat: Rect, text: str) -> None:
    for name in IN_SEATS:
        drawn = renderer().render(Overlay(name, {"site": text}), NOW_MS, seat)
        if drawn is None:
            assert name == "seat_title"
            continue
        x, y, right, bottom = edges(drawn)
        assert x >= round(seat.x * 1280) - 1
        assert y >= round(seat.y * 720) - 1
        assert right <= round((seat.x + seat.width) * 1280) + 1
        assert bottom <= round((seat.y + seat.height) * 720) + 1
        if name == "signal_lost":
            assert (drawn.alpha == 255).all()


@pytest.mark.parametrize("mode", ["waiting", "pause", "closed", "ended", "title"])
def test_every_slate_is_another_picture(mode: str) -> None:
    others = {"waiting", "pause", "closed", "ended", "title"} - {mode}
    mine = draw(Overlay("slate", {**USUAL["slate"], "mode": mode}))
    for other in others:
        theirs = draw(Overlay("slate", {**USUAL["slate"], "mode": other}))
        assert (mine.y_plane != theirs.y_plane).any()


@pytest.mark.parametrize(
    ("name", "box"), [(name, None) for name in NAMES] + [(name, INSET) for name in IN_SEATS]
)
@pytest.mark.parametrize("text", ["Lò Thị Ếm, Điện Biên", *HOSTILE])
def test_no_text_is_cut_off_by_its_picture(name: str, box: Rect | None, text: str) -> None:
    """Every line lies within the template's own viewBox, marks above and below included."""
    root = ElementTree.fromstring(renderer().svg(filled_with(name, text), NOW_MS, box))
    left, top, width, height = (float(number) for number in root.attrib["viewBox"].split())
    texts = [
        node for node in root.iter("{http://www.w3.org/2000/svg}text") if "font-size" in node.attrib
    ]
    for node in texts:
        size, weight = float(node.attrib["font-size"]), int(node.attrib["font-weight"])
        length = measure(node.text or "", size, weight)
        x = float(node.attrib["x"])
        start = x - length * {"start": 0, "middle": 0.5, "end": 1}[node.attrib["text-anchor"]]
        assert start >= left
        assert start + length <= left + width + 0.01
        y = float(node.attrib["y"]) + _offset(root, node)
        assert y - 0.98 * size >= top
        assert y + 0.25 * size <= top + height


def _offset(root: ElementTree.Element, node: ElementTree.Element) -> float:
    """Of the group that moves it down, if there is one."""
    for group in root.iter("{http://www.w3.org/2000/svg}g"):
        if node in list(group) and group.attrib.get("transform", "").startswith("translate(0 "):
            return float(group.attrib["transform"].removeprefix("translate(0 ").rstrip(")"))
    return 0.0


@pytest.mark.parametrize(
    "name", ["Ém", "Lường Thị Ngoãn", "Nguyễn Hoàng Phương Thảo Quỳnh Anh Ngọc Điệp"]
)
def test_the_ink_of_a_name_is_as_wide_as_it_was_measured(name: str) -> None:
    """What Pillow measures is what librsvg draws, so what is fitted is not cut."""
    drawn = draw(Overlay("lower_third", {"name": name, "title": "", "site": "x"}))
    bar = drawn.y_plane[40:]
    columns = np.flatnonzero((bar > 190).any(axis=0))
    # The first 8 columns are the golden strip.
    ink = columns[columns > 10]
    size = 40 if len(name) < 30 else None
    assert ink[0] >= 28
    assert ink[-1] < drawn.width - 30
    if size is not None:
        assert ink[-1] - ink[0] == pytest.approx(measure(name, size, 700), rel=0.04, abs=9)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("clock", "live")])
def test_composed_and_decomposed_text_give_one_picture(name: str) -> None:
    text = "Nguyễn Thị Ếm – Mường Ảng, Điện Biên"
    fresh = Renderer(1280, 720)
    pictures = [
        fresh.render(filled_with(name, unicodedata.normalize(form, text)), NOW_MS)
        for form in ("NFC", "NFD")
    ]
    assert pictures[0] is not None
    assert pictures[0] is pictures[1]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NAMES), st.text(max_size=80))
def test_no_text_breaks_a_template(name: str, text: str) -> None:
    renderer().render(filled_with(name, text), NOW_MS)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NAMES), st.text(max_size=300))
def test_every_template_is_well_formed_whatever_the_text(name: str, text: str) -> None:
    root = ElementTree.fromstring(renderer().svg(filled_with(name, text), NOW_MS))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    known = {"rect", "path", "circle", "ellipse", "text", "g", "defs", "stop", "clipPath"}
    tags = {str(node.tag).rpartition("}")[2] for node in root.iter()}
    assert tags <= known | {"svg", "linearGradient", "radialGradient"}


@pytest.mark.parametrize("name", NAMES)
def test_no_fields_at_all_are_no_harm(name: str) -> None:
    drawn = renderer().render(Overlay(name), NOW_MS)
    assert (drawn is None) == (name in ("lower_third", "seat_title"))


def test_an_unknown_overlay_is_said_so() -> None:
    with pytest.raises(LookupError, match="`ticker`"):
        renderer().render(Overlay("ticker"), NOW_MS)


def test_the_same_content_is_drawn_once() -> None:
    fresh = Renderer(640, 360)
    first = fresh.render(usual("clock"), NOW_MS)
    assert fresh.render(usual("clock"), NOW_MS + 400) is first
    assert fresh.render(usual("clock"), NOW_MS + 1000) is not first
    seat = Rect(0, 0, 0.5, 0.5)
    assert fresh.render(usual("seat_title"), 0, seat) is not fresh.render(usual("seat_title"), 0)


def test_nothing_is_kept_of_a_reading_that_is_over() -> None:
    fresh, kept = Renderer(320, 180), list[weakref.ref[Drawn]]()
    for second in range(30):
        shown = fresh.render(usual("clock"), NOW_MS + 1000 * second)
        assert shown is not None
        kept.append(weakref.ref(shown))
    assert [one() for one in kept if one() is not None] == [shown]


def test_threads_draw_the_same_picture() -> None:
    pictures: list[Drawn | None] = []

    def work() -> None:
        pictures.append(Renderer(640, 360).render(usual("lower_third"), NOW_MS))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    here = Renderer(640, 360).render(usual("lower_third"), NOW_MS)
    assert here is not None
    for picture in pictures:
        assert picture is not None
        assert (picture.y_plane == here.y_plane).all()


def test_the_environment_is_left_alone() -> None:
    renderer()
    assert "diemcau" not in os.environ.get("FONTCONFIG_FILE", "")
