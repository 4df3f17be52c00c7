"""Puts one frame together: seats from back to front, then the overlays. No thread of its own."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import av.error

from broadcast.overlay.render import Drawn
from broadcast.program import Layout, Overlay, Scene
from broadcast.studio.canvas import Canvas, Seat, area_of, boxes_of
from broadcast.studio.clock import NS_PER_S
from broadcast.studio.overlays import Board, Request
from broadcast.studio.picturetrack import Picture, PictureTrack
from broadcast.studio.sources import Source, Sources
from streams.frames import SiteId

log = logging.getLogger(__name__)

LOST_NS = 2 * NS_PER_S
"""Without a frame for so long a site's last picture gives way to the signal-lost card."""


@dataclass(frozen=True, slots=True)
class View:
    """What to compose: a part of the program state."""

    scene: Scene
    slate: Overlay
    overlays: tuple[Overlay, ...]
    site_names: dict[SiteId, str]
    standby: tuple[Overlay, ...] = ()
    """Not shown now, but to be drawn in advance."""


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """One occupied seat: who, where, and what may have to be drawn there."""

    site: SiteId
    seat: Seat
    name: Request
    whole: bool
    """It is all of the picture: who that is, the lower third tells."""
    lost: Request


def seat_plans(
    scene: Scene, names: dict[SiteId, str], width: int, height: int
) -> tuple[SeatPlan, ...]:
    """The occupied seats of a scene."""
    plans = []
    for box, site in zip(boxes_of(scene.layout, width, height), scene.sources, strict=False):
        name, rect = {"site": names.get(site, site)}, box.of(width, height)
        whole = (box.width, box.height) == (width, height)
        title = Request.of(Overlay("seat_title", name), rect)
        lost = Request.of(Overlay("signal_lost", name), rect)
        plans.append(SeatPlan(site, Seat(box), title, whole, lost))
    return tuple(plans)


def is_lost(source: Source | None, now_ns: int) -> bool:
    """No frame for 2 s. A site that sends sound alone is no loss: it has a dark seat."""
    if source is None:
        return True
    picture_ns, sound_ns = source.picture.received_ns, source.sound.received_ns
    heard = now_ns - sound_ns < LOST_NS
    return now_ns - picture_ns >= LOST_NS and not (picture_ns == 0 and heard)


class Composer:
    """For canvases of one size; used by one thread. `pick` says which of a site's pictures to
    take: the frame clock waits for their time, a still takes the newest."""

    def __init__(
        self,
        size: tuple[int, int],
        sources: Sources,
        board: Board,
        pick: Callable[[PictureTrack, int], Picture | None],
    ) -> None:
        self._size, self._sources, self._board, self._pick = size, sources, board, pick
        self._view: View | None = None
        self._plans: tuple[SeatPlan, ...] = ()
        self._overlays: tuple[Request, ...] = ()
        self._slate: Request | None = None

    def follow(self, view: View) -> None:
        """Prepares for another view and has its overlays drawn; cheap if it is the same."""
        last = self._view
        if view == last:
            return
        self._view = view
        if last is None or (last.scene, last.site_names) != (view.scene, view.site_names):
            self._plans = seat_plans(view.scene, view.site_names, *self._size)
        self._overlays = tuple(Request.of(overlay) for overlay in view.overlays)
        self._slate = Request.of(view.slate)
        titles = [plan.name for plan in self._plans]
        lost = [plan.lost for plan in self._plans]
        standby = [Request.of(overlay) for overlay in view.standby]
        self._board.ask((*self._overlays, self._slate, *titles, *standby, *lost))

    def compose(self, canvas: Canvas, now_ns: int, oldest_ns: int = 0) -> None:
        """As of `now_ns`; with nothing that was received before `oldest_ns` (CLOCK_MONOTONIC)."""
        assert self._view is not None
        canvas.clear()
        if self._view.scene.layout is Layout.SLATE:
            self._blend(canvas, self._slate)
        titles = [self._compose_seat(canvas, plan, now_ns, oldest_ns) for plan in self._plans]
        overlays = [self._drawing(request) for request in self._overlays]
        covered = [area_of(drawn) for drawn in overlays if drawn is not None]
        for title in titles:
            # A name half under another graphic is worse than none.
            if title is not None and not any(area_of(title).meets(area) for area in covered):
                canvas.blend(title)
        for drawn in overlays:
            if drawn is not None:
                canvas.blend(drawn)

    def _compose_seat(
        self, canvas: Canvas, plan: SeatPlan, now_ns: int, oldest_ns: int
    ) -> Drawn | None:
        """Paints the site or its card; returns the title to be laid over it."""
        source = self._sources.get(plan.site)
        if source is None or is_lost(source, now_ns):
            self._blend(canvas, plan.lost)
            return None
        picture = self._pick(source.picture, now_ns)
        if picture is not None and picture.received_ns >= oldest_ns:
            try:
                plan.seat.paint(canvas, picture.frame)
            except (av.error.FFmpegError, ValueError) as error:
                log.warning("%s: a picture that cannot be scaled: %s", plan.site, error)
        return None if plan.whole and picture is not None else self._drawing(plan.name)

    def compose_slate(self, canvas: Canvas, overlay: Overlay) -> None:
        """A slate alone; one of the view's overlays on standby."""
        canvas.clear()
        self._blend(canvas, Request.of(overlay))

    def _blend(self, canvas: Canvas, request: Request | None) -> None:
        if (drawn := self._drawing(request)) is not None:
            canvas.blend(drawn)

    def _drawing(self, request: Request | None) -> Drawn | None:
        return None if request is None else self._board.drawing(request.key)
