"""The board: drawn elsewhere, there when it is ready, gone when it is no longer asked for."""

import time

from broadcast.layout import Rect
from broadcast.overlay.render import Renderer
from broadcast.program import Overlay
from broadcast.studio.overlays import Board, Request
from tests import media


def board() -> Board:
    return Board(Renderer(640, 360))


def test_what_is_asked_for_is_drawn_and_then_forgotten() -> None:
    shown, other = Request.of(Overlay("live")), Request.of(Overlay("logo", {"text": "HĐND"}))
    made = board()
    made.start()
    try:
        made.ask((shown,))
        media.wait_for(lambda: made.drawing(shown.key), "it is drawn")
        made.ask((other,))
        media.wait_for(lambda: made.drawing(other.key), "the other is drawn")
        assert made.drawing(shown.key) is None
    finally:
        made.close()


def test_a_clock_goes_on_by_itself_and_nothing_else_is_drawn_again() -> None:
    fields = {
        "kind": "question",
        "started_at_ms": time.time_ns() // 1_000_000,
        "limit_ms": 60_000,
        "paused_at_ms": None,
        "paused_ms": 0,
        "warn_ms": 30_000,
    }
    clock, name = Request.of(Overlay("clock", fields)), Request.of(Overlay("live"))
    made = board()
    assert clock.ticks
    assert not name.ticks
    made.start()
    try:
        made.ask((clock, name))
        media.wait_for(lambda: made.drawing(clock.key) and made.drawing(name.key), "both are drawn")
        first, beside = made.drawing(clock.key), made.drawing(name.key)
        media.wait_for(lambda: made.drawing(clock.key) is not first, "the next second")
        assert made.drawing(name.key) is beside
    finally:
        made.close()


def test_a_template_that_fails_costs_only_itself() -> None:
    bad, good = Request.of(Overlay("no_such")), Request.of(Overlay("live"))
    made = board()
    made.start()
    try:
        made.ask((bad, good))
        media.wait_for(lambda: made.drawing(good.key), "the good one is drawn")
        assert made.drawing(bad.key) is None
        assert made.failed == 1
    finally:
        made.close()


def test_the_same_words_are_the_same_request() -> None:
    one, same = (Request.of(Overlay("logo", {"text": "A", "n": 1})) for _ in range(2))
    other = Request.of(Overlay("logo", {"n": 1, "text": "B"}))
    seated = Request.of(Overlay("logo", {"n": 1, "text": "A"}), Rect(0, 0, 0.5, 0.5))
    assert one == same
    assert len({one.key, other.key, seated.key}) == 3
