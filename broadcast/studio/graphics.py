"""How overlays come and go: they slide in from the picture's nearer side, and out again. Pure.

What slides is the drawing that is there anyway, cut at the picture's edge: nothing is drawn anew.
"""

import dataclasses
from dataclasses import dataclass

from broadcast.overlay.planes import Drawn
from broadcast.studio.canvas import Box
from broadcast.studio.overlays import Board, Request
from broadcast.studio.signing import around
from streams.frames import NS_PER_S

ENTER_NS = 400 * NS_PER_S // 1000
LEAVE_NS = 280 * NS_PER_S // 1000
HELD_NS = 200 * NS_PER_S // 1000
"""For so long what changed waits to be drawn anew; after that it is gone."""

MOVING = frozenset({"lower_third", "clock", "agenda", "queue"})
"""The small marks (live, logo) are there or not: they say what is true now."""

ANEW = frozenset({"lower_third"})
"""Comes in anew when what it says changes: another person speaks. A clock that is stopped stays."""


@dataclass(slots=True)
class Shown:
    """An overlay on the picture, or on its way out."""

    key: str
    drawn: Drawn
    since_ns: int
    """When it began to come, or to go."""
    last_ns: int
    """When it last stood by the program state."""


class Graphics:
    """The overlays of one composer, from back to front. Times are CLOCK_MONOTONIC."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size, self._width = size, size[0]
        self._shown: dict[str, Shown] = {}
        self._leaving: list[Shown] = []

    def cut(self, requests: tuple[Request, ...]) -> None:
        """The picture below is another: what belonged to the last one goes with it. Who goes on
        speaking keeps his name."""
        keys = {request.key for request in requests}
        self._leaving.clear()
        self._shown = {
            name: shown for name, shown in self._shown.items()
            if name not in ANEW or shown.key in keys
        }  # fmt: skip

    def at(
        self,
        now_ns: int,
        requests: tuple[Request, ...],
        board: Board,
        oldest_ns: int,
        box: Box | None = None,
    ) -> list[Drawn]:
        """What to blend now, and beside `box`. Nothing on its way out that last stood before
        `oldest_ns`: it was drawn for those who might see it then."""
        self._dismiss(now_ns, {request.overlay.name for request in requests})
        parts = [
            _slid(one.drawn, 1 - _eased((now_ns - one.since_ns) / LEAVE_NS), self._width)
            for one in self._leaving
            if one.last_ns >= oldest_ns
        ]
        fresh = [board.drawing(request.key) for request in requests]
        drawings = [
            drawn or self._held(request.overlay.name, now_ns, oldest_ns)
            for request, drawn in zip(requests, fresh, strict=True)
        ]
        if box is not None:
            drawings = around(drawings, box, self._size)
        parts += [
            self._enter(now_ns, request, drawn, fresh=new is not None)
            for request, drawn, new in zip(requests, drawings, fresh, strict=True)
        ]
        return [drawn for drawn in parts if drawn is not None]

    def _held(self, name: str, now_ns: int, oldest_ns: int) -> Drawn | None:
        """What it said last, for the frame or two in which it is drawn anew: a list does not blink
        whenever a name is added."""
        last = self._shown.get(name)
        if last is None or name in ANEW or last.last_ns < max(oldest_ns, now_ns - HELD_NS):
            return None
        return last.drawn

    def _dismiss(self, now_ns: int, wanted: set[str]) -> None:
        gone = [name for name in self._shown if name not in wanted]
        for name in gone:
            shown = self._shown.pop(name)
            if name in MOVING:
                shown.since_ns = now_ns
                self._leaving.append(shown)
        self._leaving = [one for one in self._leaving if now_ns - one.since_ns < LEAVE_NS]

    def _enter(
        self, now_ns: int, request: Request, drawn: Drawn | None, *, fresh: bool
    ) -> Drawn | None:
        name = request.overlay.name
        if drawn is None:
            return None
        last = self._shown.get(name)
        if last is None or (name in ANEW and last.key != request.key):
            last = self._shown[name] = Shown(request.key, drawn, now_ns, now_ns)
        if fresh:
            last.key, last.drawn, last.last_ns = request.key, drawn, now_ns
        if name not in MOVING:
            return drawn
        return _slid(drawn, _eased((now_ns - last.since_ns) / ENTER_NS), self._width)


def _eased(share: float) -> float:
    """Fast at first, gently to a stand: 1 - (1 - t)³."""
    return 1 - (1 - min(1.0, max(0.0, share))) ** 3


def _slid(drawn: Drawn, share: float, width: int) -> Drawn | None:
    """With `share` of its way into the picture behind it; None while nothing is to be seen."""
    if share >= 1:
        return drawn
    if drawn.x + drawn.width / 2 <= width / 2:
        way = drawn.x + drawn.width
        x = drawn.x - 2 * round(way * (1 - share) / 2)
    else:
        x = drawn.x + 2 * round((width - drawn.x) * (1 - share) / 2)
    left, right = max(0, -x), min(drawn.width, width - x)
    return _columns(drawn, x + left, left, right) if left < right else None


def _columns(drawn: Drawn, x: int, left: int, right: int) -> Drawn:
    """Those columns of it, laid at `x`; all even. Views, no copies."""
    half = slice(left // 2, right // 2)
    return dataclasses.replace(
        drawn,
        x=x,
        y_plane=drawn.y_plane[:, left:right],
        alpha=drawn.alpha[:, left:right],
        u_plane=drawn.u_plane[:, half],
        v_plane=drawn.v_plane[:, half],
        alpha_chroma=drawn.alpha_chroma[:, half],
    )
