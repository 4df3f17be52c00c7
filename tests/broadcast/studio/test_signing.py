"""The sign-language interpreter's box, as the composer makes it tick by tick.

The clock is a number; pictures and drawings are made at the tick (`test_composer.Bench`).
"""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from broadcast.interpreters import SIGNER_BOTTOM, SIGNER_SHARES, Signer
from broadcast.layout import INSET_TOP, Corner, Inset, Layout
from broadcast.overlay.planes import Drawn
from broadcast.program import Overlay, Scene, Transition, TransitionKind, clear_of
from broadcast.studio.canvas import BACKGROUND, Box, Canvas, area_of, box_of, fit
from broadcast.studio.composer import LOST_NS, View
from broadcast.studio.overlays import Request
from broadcast.studio.signing import FADE_NS, SIDES, around
from streams.frames import NS_PER_S
from tests import media
from tests.broadcast.studio.test_composer import (
    SITES,
    SIZE,
    SLATE,
    THIRD,
    TICK_NS,
    Bench,
    full,
    view,
)

SIGNER = Signer(SITES[4])
FADE_TICKS = FADE_NS // TICK_NS + 2
CLOCK = Overlay(
    "clock", {"kind": "question", "started_at_ms": 0, "limit_ms": 60_000, "warn_ms": 30_000}
)
QUEUE = Overlay(
    "queue",
    {
        "rows": [
            {"number": n, "name": "Lò Thị Ếm", "site": "Huyện Mường Ảng", "kind": "question"}
            for n in (1, 2, 3)
        ],
        "more": 4,
    },
)
AGENDA = Overlay(
    "agenda",
    {
        "items": [
            {"number": n, "title": "Báo cáo về kinh tế, xã hội", "state": "current"}
            for n in range(4)
        ],
    },
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def signed(scene: Scene, *overlays: Overlay, signer: Signer | None = SIGNER) -> View:
    return replace(view(scene, *overlays), signer=signer)


def area(signer: Signer = SIGNER) -> tuple[slice, slice]:
    box = box_of(signer.rect, *SIZE)
    return slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)


def shown(bench: Bench, what: View, ticks: int = FADE_TICKS) -> media.Picture:
    for _ in range(ticks):
        picture = bench.tick(what)
    return picture


def level(picture: media.Picture, signer: Signer = SIGNER) -> float:
    """Of the box below code and bar: the site's own."""
    return float(picture[area(signer)][-20:].mean())


@pytest.mark.parametrize("layout", list(Layout))
def test_it_stands_over_every_layout(bench: Bench, layout: Layout) -> None:
    scene = Scene(layout, SITES[: min(4, layout.seats)])
    bare = bench.tick(view(scene))
    picture = shown(bench, signed(scene))
    assert level(picture) == pytest.approx(70 + 12 * 4, abs=2), "his colour fills the box"
    assert level(bare) != pytest.approx(level(picture), abs=8)


def test_it_fades_in_and_out_and_goes_with_no_trace(bench: Bench) -> None:
    bare = bench.tick(view(full(0)))
    levels = [level(bench.tick(signed(full(0)))) for _ in range(FADE_TICKS)]
    assert levels == sorted(levels)
    assert levels[0] < levels[4] < levels[-1]
    assert abs(levels[0] - level(bare)) < (levels[-1] - level(bare)) / 2
    out = [level(bench.tick(signed(full(0), signer=None))) for _ in range(FADE_TICKS)]
    assert out == sorted(out, reverse=True)
    assert out[-1] == pytest.approx(level(bare), abs=0.5)


def test_no_transition_touches_it(bench: Bench) -> None:
    steady = level(shown(bench, signed(full(0))))
    wish = Transition(TransitionKind.DISSOLVE, 1000)
    for _ in range(25):
        picture = bench.tick(replace(signed(full(1)), transition=wish))
        assert level(picture) == pytest.approx(steady, abs=2)


def test_when_his_line_dies_it_fades_out_and_returns_by_itself(bench: Bench) -> None:
    bare = level(bench.tick(view(full(0))))
    there = level(shown(bench, signed(full(0))))
    bench.gone = (SIGNER.site,)
    shown(bench, signed(full(0)), LOST_NS // TICK_NS - 2)
    assert level(bench.tick(signed(full(0)))) == pytest.approx(there, abs=2), "2 s of patience"
    assert level(shown(bench, signed(full(0)))) == pytest.approx(bare, abs=0.5)
    bench.gone = ()
    assert level(shown(bench, signed(full(0)))) == pytest.approx(there, abs=2)


def test_he_goes_on_signing_beside_the_card_of_a_lost_site_and_over_the_slate() -> None:
    bench = Bench(slate_after_s=4)
    there = level(shown(bench, signed(full(0))))
    bench.gone = SITES[:4]
    for ticks in (25 * 4, 25 * 6):
        picture = shown(bench, signed(full(0)), ticks)
        assert level(picture) == pytest.approx(there, abs=2)


@pytest.mark.parametrize("name", ["slate", "signal_lost"])
def test_the_words_in_the_middle_leave_him_room(bench: Bench, name: str) -> None:
    long = "Phiên giải trình trực tuyến về quản lý, sử dụng đất đai tại các huyện vùng cao"
    covered = False
    for corner in Corner:
        for share in (*SIGNER_SHARES, SIGNER.share):
            signer = Signer(SITES[4], corner, share)
            texts = {"mode": "title", "title": long, "text": long, "subtitle": "", "site": long}
            free, told = (Overlay(name, {**texts, "clear": clear}) for clear in (0.0, signer.clear))
            bench.board.ask(tuple(Request.of(one) for one in (free, told)))
            bench.board.draw()
            words = [drawing(bench, one).y_plane for one in (told, free)]
            where = area(signer)
            ink = [int(plane[where].max()) for plane in words]
            assert ink[0] < 100, (corner, share, "no white letter under the box")
            covered = covered or ink[1] > 100
    assert covered, "which there would be else"


def drawing(bench: Bench, overlay: Overlay) -> Drawn:
    drawn = bench.board.drawing(Request.of(overlay).key)
    assert drawn is not None
    return drawn


@pytest.mark.parametrize("corner", list(Corner))
@pytest.mark.parametrize("share", [*SIGNER_SHARES, SIGNER.share])
def test_nothing_that_is_drawn_lies_under_it(bench: Bench, corner: Corner, share: float) -> None:
    box = box_of(Signer(SITES[4], corner, share).rect, *SIZE)
    assert box.x >= 0.029 * SIZE[0]
    assert box.x + box.width <= 0.971 * SIZE[0]
    overlays = (AGENDA, QUEUE, THIRD, CLOCK, Overlay("live"), Overlay("logo", {"text": ""}))
    bench.board.ask(tuple(Request.of(one) for one in overlays))
    bench.board.draw()
    drawings = [drawing(bench, overlay) for overlay in overlays]
    alone = [around([drawn], box, SIZE)[0] for drawn in drawings]
    together = [one for one in around(drawings, box, SIZE) if one is not None]
    for laid in (*alone, *together):
        assert laid is not None, "each alone has a place"
        assert not area_of(laid).meets(box)
        assert laid.x % 2 == laid.y % 2 == 0
        assert 0 <= laid.x <= SIZE[0] - laid.width
        assert 0 <= laid.y <= SIZE[1] - laid.height
    assert not any(area_of(a).meets(area_of(b)) for a, b in combinations(together, 2))
    assert alone[2:] == drawings[2:], "all but the lists have their places for themselves"
    assert len(together) >= len(drawings) - 1


def test_a_queue_beside_it_is_the_same_queue(bench: Bench) -> None:
    bare = shown(bench, signed(full(0)), 40)
    picture = shown(bench, signed(full(0), QUEUE), 40)
    (laid,) = around([drawing(bench, QUEUE)], box_of(SIGNER.rect, *SIZE), SIZE)
    assert laid is not None
    changed = np.abs(picture.astype(int) - bare) > 30
    inside = changed[laid.y : laid.y + laid.height, laid.x : laid.x + laid.width]
    assert np.count_nonzero(inside) > 2000
    assert level(picture) == pytest.approx(level(bare), abs=2)


@pytest.mark.parametrize("corner", list(Corner))
@pytest.mark.parametrize(
    "inset", [Inset(one, share) for one in Corner for share in (0.2, 0.36, 0.45)]
)
def test_an_inset_makes_way_to_the_other_side(corner: Corner, inset: Inset) -> None:
    for share in SIGNER_SHARES:
        signer = Signer(SITES[4], corner, share)
        scene = clear_of(Scene(Layout.PICTURE_IN_PICTURE, SITES[:2], inset), signer)
        assert not scene.seats[1].meets(signer.rect)
        assert scene.inset.share == inset.share
        assert scene.inset.corner.top == inset.corner.top
        if not inset.rect().meets(signer.rect):
            assert scene.inset == inset


def test_it_lies_above_lower_third_and_clock_and_below_the_live_mark() -> None:
    for corner in Corner:
        rect = Signer(SITES[4], corner, SIGNER_SHARES[1]).rect
        assert rect.y >= INSET_TOP - 1e-9
        assert rect.y + rect.height <= SIGNER_BOTTOM + 1e-9


def test_another_interpreter_takes_the_place_and_another_place_is_taken_at_once(
    bench: Bench,
) -> None:
    shown(bench, signed(full(0)))
    left = replace(SIGNER, corner=Corner.BOTTOM_LEFT)
    bare = 70
    picture = bench.tick(signed(full(0), signer=left))
    assert level(picture, SIGNER) == pytest.approx(bare, abs=2)
    steady = level(shown(bench, signed(full(0), signer=left)), left)
    assert level(picture, left) == pytest.approx(steady, abs=2)
    other = Signer(SITES[2], left.corner)
    faded = [level(bench.tick(signed(full(0), signer=other)), left) for _ in range(FADE_TICKS)]
    assert faded[-1] != pytest.approx(steady, abs=5)


def test_over_the_publics_slate_is_only_what_the_public_may_see(bench: Bench) -> None:
    shown(bench, replace(signed(full(0)), standby=(SLATE,)))
    canvas = Canvas(*SIZE)

    def slate(signed_ns: int | None) -> media.Picture:
        bench.composer.compose_slate(canvas, SLATE, signed_ns)
        return canvas.y.copy()

    alone = slate(None)
    assert np.array_equal(slate(bench.now_ns + 1), alone), "what came before the room was open"
    over = slate(bench.now_ns)
    assert not np.array_equal(over, alone)
    over[area()] = alone[area()]
    assert np.array_equal(over, alone), "and nothing else changes"


def test_what_was_signed_while_closed_does_not_fade_before_the_public(bench: Bench) -> None:
    shown(bench, signed(full(0)))
    bench.oldest_ns = bench.now_ns + 1000 * NS_PER_S
    fading = level(bench.tick(signed(full(0), signer=None)))
    assert fading == pytest.approx(BACKGROUND[0], abs=0.5)


def test_a_slate_whose_words_change_shows_the_new_ones(bench: Bench) -> None:
    other = Overlay("slate", {**SLATE.fields, "title": "Phiên họp đã kết thúc, xin cảm ơn"})
    first = bench.tick(view(Scene()))
    changed = replace(view(Scene()), slate=other)
    second = bench.tick(changed)
    assert not np.array_equal(first, second)
    assert second[100:260].max() > 150, "words, and not the bare ground"


def test_upright_pictures_keep_their_heads() -> None:
    box = Box(0, 0, 160, 120)
    whole = fit(360, 640, box, SIDES)
    assert whole.crop.height == whole.height == box.height
    wide = fit(640, 360, box, SIDES)
    assert (wide.crop.width, wide.crop.height) == (box.width, box.height)
    assert wide.height == box.height
