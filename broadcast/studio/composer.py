"""Puts one frame together: seats from back to front, then the overlays. No thread of its own."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from broadcast.interpreters import Signer
from broadcast.layout import Layout
from broadcast.overlay.render import Drawn
from broadcast.program import CUT, LISTS, OVER_A_SLATE, Overlay, Scene, Transition, TransitionKind
from broadcast.studio.canvas import Box, Canvas, Seat, UnscalableError, area_of, boxes_of
from broadcast.studio.graphics import Graphics
from broadcast.studio.overlays import Board, Request
from broadcast.studio.picturetrack import Picture, PictureTrack
from broadcast.studio.signing import SignerBox
from broadcast.studio.sources import Source, Sources
from streams.frames import NS_PER_S, SiteId, screen_site

log = logging.getLogger(__name__)

LOST_NS = 2 * NS_PER_S
"""Without a frame for so long a site's last picture gives way to the signal-lost card."""
SCREEN_LOST_NS = 5 * NS_PER_S


@dataclass(frozen=True, slots=True)
class View:
    """What to compose: a part of the program state."""

    scene: Scene
    slate: Overlay
    overlays: tuple[Overlay, ...]
    site_names: dict[SiteId, str]
    standby: tuple[Overlay, ...] = ()
    """Not shown now, but to be drawn in advance."""
    transition: Transition = CUT
    """How `scene` comes on when it is another than before."""
    signer: Signer | None = None
    """The sign-language interpreter, over all of it."""


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """One occupied seat: who, where, and what may have to be drawn there."""

    site: SiteId
    seat: Seat
    name: Request
    whole: bool
    """It is all of the picture: who that is, the lower third tells."""
    lost: Request
    absent: Request
    """The card of a site that never came, or was forgotten (`FORGOTTEN_NS`)."""

    def card(self, source: Source | None) -> Request:
        """For the site that sends nothing."""
        return self.absent if source is None else self.lost


def seat_plans(
    scene: Scene, names: dict[SiteId, str], width: int, height: int, signer: Signer | None = None
) -> tuple[SeatPlan, ...]:
    """The occupied seats of a scene. A card that is all of the picture leaves the interpreter's box
    free: what is still heard is signed."""
    plans = []
    for box, site in zip(boxes_of(scene, width, height), scene.sources, strict=False):
        name, rect = {"site": names.get(site, site)}, box.of(width, height)
        whole = (box.width, box.height) == (width, height)
        title = Request.of(Overlay("seat_title", name), rect)
        clear = signer.clear if signer is not None and whole else 0.0
        lost, absent = (
            Request.of(Overlay("signal_lost", {**name, "clear": clear, "absent": never}), rect)
            for never in (False, True)
        )
        plans.append(SeatPlan(site, Seat(box), title, whole, lost, absent))
    return tuple(plans)


def _seated(view: View) -> tuple[object, ...]:
    """All that its stage follows from."""
    slate = view.slate if view.scene.layout is Layout.SLATE else None
    return view.scene, view.site_names, view.signer, slate


def is_seen(source: Source, now_ns: int) -> bool:
    """A frame came in the last 2 s, of a screen in the last 5 s: a browser sends one that stands
    once a second, and some of those get lost."""
    patience_ns = LOST_NS if screen_site(source.site) is None else SCREEN_LOST_NS
    return now_ns - source.picture.received_ns < patience_ns


def is_lost(source: Source | None, now_ns: int) -> bool:
    """A site that came without a camera, and is heard, is no loss: it has a dark seat."""
    if source is None:
        return True
    heard = source.picture.absent and now_ns - source.sound.received_ns < LOST_NS
    return not (heard or is_seen(source, now_ns))


def _covers(plan: SeatPlan, picture: Picture | None) -> bool:
    """Leaves nothing to be seen of what was there before."""
    fills = picture is not None and plan.seat.fills(picture.frame, picture.aspect)
    return plan.whole and fills


@dataclass(frozen=True, slots=True)
class Stage:
    """A picture without its overlays: the seats of a scene, or the slate."""

    plans: tuple[SeatPlan, ...]
    slate: Request | None


@dataclass(frozen=True, slots=True)
class Change:
    """A stage that gives way to the present one."""

    last: Stage
    transition: Transition
    began_ns: int
    before: "Change | None" = None
    """`last` was itself still coming."""

    def share(self, now_ns: int) -> float:
        """Of the way; 1: it is over."""
        return min(1.0, (now_ns - self.began_ns) / (self.transition.duration_ms * 1_000_000))


class Composer:
    """For canvases of one size; used by one thread. `pick` says which of a site's pictures to
    take: the frame clock waits for their time, a still takes the newest. `slate_after_ns`: when
    every site of the picture has been lost for so long, the slate is shown; 0: never."""

    def __init__(
        self,
        size: tuple[int, int],
        sources: Sources,
        board: Board,
        pick: Callable[[PictureTrack, int], Picture | None],
        slate_after_ns: int = 0,
    ) -> None:
        self._size, self._sources, self._board, self._pick = size, sources, board, pick
        self._view: View | None = None
        self._stage = Stage((), None)
        self._change: Change | None = None
        self._under: list[Canvas] = []
        """What gives way; there from the first transition on, and from the first in another."""
        self._overlays: tuple[Request, ...] = ()
        self._graphics = Graphics(size)
        self._signing = SignerBox(size)
        self._slate: Request | None = None
        self._slate_after_ns = slate_after_ns
        self._dark_ns: int | None = None
        """Since when every site of the picture is lost."""

    def follow(self, view: View, now_ns: int) -> None:
        """Prepares for another view and has its overlays drawn; cheap if it is the same."""
        last = self._view
        if view == last:
            return
        self._view = view
        self._slate = Request.of(view.slate)
        self._overlays = tuple(Request.of(overlay) for overlay in view.overlays)
        self._signing.follow(view.signer)
        if last is None or _seated(last) != _seated(view):
            self._set(view, None if last is None else last.scene, now_ns)
        standby = [Request.of(overlay) for overlay in view.standby]
        leaving = [change.last for change in self._changes()]
        plans = [plan for stage in (self._stage, *leaving) for plan in stage.plans]
        titles = [plan.name for plan in plans]
        cards = [card for plan in plans for card in (plan.lost, plan.absent)]
        cards += [stage.slate for stage in leaving if stage.slate is not None]
        self._board.ask((*self._overlays, self._slate, *titles, *standby, *cards))

    def _changes(self) -> Iterator[Change]:
        change = self._change
        while change is not None:
            yield change
            change = change.before

    def _set(self, view: View, before: Scene | None, now_ns: int) -> None:
        last, change = self._standing(now_ns), self._change
        plans = seat_plans(view.scene, view.site_names, *self._size, view.signer)
        self._stage = Stage(plans, self._slate if view.scene.layout is Layout.SLATE else None)
        if before is None or before == view.scene:
            return
        self._graphics.cut(self._overlays)
        self._dark_ns = self._change = None
        if view.transition.kind is not TransitionKind.CUT:
            # Two at once are enough, and all that there is time for.
            change = None if change is None else replace(change, before=None)
            self._change = Change(last, view.transition, now_ns, change)

    def compose(self, canvas: Canvas, now_ns: int, oldest_ns: int = 0) -> None:
        """As of `now_ns`; with nothing that was received before `oldest_ns` (CLOCK_MONOTONIC)."""
        stage = self._standing(now_ns)
        box = self._signing.area
        overlays = self._graphics.at(now_ns, self._fitting(stage), self._board, oldest_ns, box)
        covered = [area_of(drawn) for drawn in overlays]
        if box is not None:
            covered.append(box)
        self._paint(canvas, stage, covered, now_ns, oldest_ns)
        if self._change is not None:
            self._change = self._transit(canvas, self._change, covered, now_ns, oldest_ns)
        for drawn in overlays:
            canvas.blend(drawn)
        signer = self._signing.signer
        picture = None if signer is None else self._picture(signer.site, now_ns, oldest_ns)
        self._signing.look(picture, now_ns)
        self._sign(canvas, oldest_ns)

    def _sign(self, canvas: Canvas, oldest_ns: int) -> None:
        try:
            self._signing.paint(canvas, oldest_ns)
        except UnscalableError as error:
            log.warning("the interpreter's picture cannot be scaled: %s", error)

    def _fitting(self, stage: Stage) -> tuple[Request, ...]:
        """The overlays that leave the words below them readable."""
        shown = self._overlays
        if stage.slate is not None:
            return tuple(one for one in shown if one.overlay.name in OVER_A_SLATE)
        if self._dark_ns is not None and any(plan.whole for plan in stage.plans):
            return tuple(one for one in shown if one.overlay.name not in LISTS)
        return shown

    def _standing(self, now_ns: int) -> Stage:
        """The present stage; the slate in its place when all of it has died."""
        plans = self._stage.plans
        if not plans or any(not is_lost(self._sources.get(p.site), now_ns) for p in plans):
            self._dark_ns = None
        elif self._dark_ns is None:
            self._dark_ns = now_ns
        died = self._dark_ns is not None and now_ns - self._dark_ns >= self._slate_after_ns
        return Stage((), self._slate) if self._slate_after_ns and died else self._stage

    def _transit(
        self,
        canvas: Canvas,
        change: Change,
        covered: list[Box],
        now_ns: int,
        oldest_ns: int,
        depth: int = 0,
    ) -> Change | None:
        """Lays what gives way over what comes, as far as it is still there; None: it is not."""
        share = change.share(now_ns)
        if share >= 1:
            return None
        if len(self._under) == depth:
            self._under.append(Canvas(*self._size))
        under, before = self._under[depth], change.before
        self._paint(under, change.last, covered, now_ns, oldest_ns)
        if before is not None:
            before = self._transit(under, before, covered, now_ns, oldest_ns, depth + 1)
        if change.transition.kind is TransitionKind.WIPE:
            canvas.wipe(under, share)
        else:
            canvas.dissolve(under, round(256 * share))
        return change if before is change.before else replace(change, before=before)

    def _paint(
        self, canvas: Canvas, stage: Stage, covered: list[Box], now_ns: int, oldest_ns: int
    ) -> None:
        if not stage.plans:
            canvas.clear()
            self._blend(canvas, stage.slate)
        titles = []
        for number, plan in enumerate(stage.plans):
            # It may be decoded only here, and is laid while the processor's cache still has it.
            picture = self._picture(plan.site, now_ns, oldest_ns)
            if not number and not _covers(plan, picture):
                canvas.clear()
            titles.append(self._compose_seat(canvas, plan, picture, now_ns))
        for title in titles:
            # A name half under another graphic is worse than none.
            if title is not None and not any(area_of(title).meets(area) for area in covered):
                canvas.blend(title)

    def _picture(self, site: SiteId, now_ns: int, oldest_ns: int) -> Picture | None:
        """What there is of the site to be shown."""
        source = self._sources.get(site)
        if source is None or not is_seen(source, now_ns):
            return None
        picture = self._pick(source.picture, now_ns)
        return picture if picture is not None and picture.received_ns >= oldest_ns else None

    def _compose_seat(
        self, canvas: Canvas, plan: SeatPlan, picture: Picture | None, now_ns: int
    ) -> Drawn | None:
        """Paints the site or its card; returns the title to be laid over it."""
        source = self._sources.get(plan.site)
        if picture is None and is_lost(source, now_ns):
            self._blend(canvas, plan.card(source))
            return None
        if picture is not None and self._show(canvas, plan, picture) and plan.whole:
            return None
        return self._drawing(plan.name)

    def _show(self, canvas: Canvas, plan: SeatPlan, picture: Picture) -> bool:
        try:
            plan.seat.paint(canvas, picture.frame, picture.aspect)
        except UnscalableError as error:
            log.warning("%s: a picture that cannot be scaled: %s", plan.site, error)
            if plan.whole:
                # It was to cover what this canvas had before, whatever that is.
                canvas.clear()
            return False
        return True

    def compose_slate(self, canvas: Canvas, overlay: Overlay, signed_ns: int | None = None) -> None:
        """A slate, one of the view's overlays on standby; with the interpreter as `compose` had
        him, but nothing that was received before `signed_ns` (None: without him)."""
        canvas.clear()
        self._blend(canvas, Request.of(overlay))
        if signed_ns is not None:
            self._sign(canvas, signed_ns)

    def _blend(self, canvas: Canvas, request: Request | None) -> None:
        if (drawn := self._drawing(request)) is not None:
            canvas.blend(drawn)

    def _drawing(self, request: Request | None) -> Drawn | None:
        return None if request is None else self._board.drawing(request.key)
