"""The frame clock: composes one picture each tick and hands it to the encoding thread."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from broadcast.program import Layout, Overlay, ProgramState, Scene, seats_of
from broadcast.studio.canvas import Canvas, Seat, boxes_of
from broadcast.studio.clock import NS_PER_S, Grid, Metronome, ProgramClock, video_pts
from broadcast.studio.encoding import Shot, VideoEncoding
from broadcast.studio.onair import OnAir
from broadcast.studio.overlays import Board, Request
from broadcast.studio.sources import Source, Sources
from config.settings import Program
from streams.frames import SiteId

LOST_NS = 2 * NS_PER_S
"""Without a frame for so long a site's last picture gives way to the signal-lost card."""


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """One occupied seat: who, where, and what may have to be drawn there."""

    site: SiteId
    seat: Seat
    title: Request | None
    lost: Request


def requests_of(state: ProgramState) -> tuple[Request, ...]:
    """Overlays that cover the whole picture, from back to front."""
    return tuple(Request.of(overlay) for overlay in state.overlays)


class Stage:
    """One scene with its seats, for pictures of one size."""

    def __init__(self, scene: Scene, names: dict[SiteId, str], width: int, height: int) -> None:
        self.plans: list[SeatPlan] = []
        titled = scene.layout not in (Layout.FULL, Layout.SLATE)
        boxes = boxes_of(scene.layout, width, height)
        for box, rect, site in zip(boxes, seats_of(scene.layout), scene.sources, strict=False):
            name = {"site": names.get(site, site)}
            title = Request.of(Overlay("seat_title", name), rect) if titled else None
            lost = Request.of(Overlay("signal_lost", name), rect)
            self.plans.append(SeatPlan(site, Seat(box), title, lost))

    def requests(self) -> list[Request]:
        titles = [plan.title for plan in self.plans if plan.title is not None]
        return titles + [plan.lost for plan in self.plans]


def is_lost(source: Source | None, now_ns: int) -> bool:
    """No frame for 2 s. A site that sends sound alone is no loss: it has a dark seat."""
    if source is None:
        return True
    picture_ns, sound_ns = source.picture.received_ns, source.sound.received_ns
    heard = now_ns - sound_ns < LOST_NS
    return now_ns - picture_ns >= LOST_NS and not (picture_ns == 0 and heard)


class Composer:
    """Everything that goes into a frame; on the frame clock only."""

    def __init__(self, program: Program, sources: Sources, board: Board) -> None:
        self._program, self._sources, self._board = program, sources, board
        self._snapshot: OnAir | None = None
        self._stage = Stage(Scene(), {}, program.width, program.height)
        self._overlays: tuple[Request, ...] = ()
        self._slate = self._public_slate = Request.of(Overlay("slate"))

    def follow(self, snapshot: OnAir) -> None:
        """Prepares for a new state; does nothing if it is the last one."""
        if snapshot is self._snapshot:
            return
        last, state = self._snapshot, snapshot.state
        self._snapshot = snapshot
        names = state.site_names
        if last is None or (last.state.program, last.state.site_names) != (state.program, names):
            self._stage = Stage(state.program, names, self._program.width, self._program.height)
        self._overlays = requests_of(state)
        self._slate, self._public_slate = Request.of(state.slate), Request.of(state.public_slate)
        wanted = [*self._overlays, self._slate, self._public_slate, *self._stage.requests()]
        self._board.ask(tuple(wanted))

    def compose(self, canvas: Canvas, now_ns: int, *, public: bool) -> None:
        """The program as of `now_ns` (CLOCK_MONOTONIC) under the state last followed."""
        assert self._snapshot is not None
        oldest_ns = (self._snapshot.opened_ns or 0) if public else 0
        canvas.clear()
        if self._snapshot.state.program.layout is Layout.SLATE:
            self._blend(canvas, self._slate)
        for plan in self._stage.plans:
            self._compose_seat(canvas, plan, now_ns, oldest_ns)
        for request in self._overlays:
            self._blend(canvas, request)

    def _compose_seat(self, canvas: Canvas, plan: SeatPlan, now_ns: int, oldest_ns: int) -> None:
        source = self._sources.get(plan.site)
        if source is None or is_lost(source, now_ns):
            self._blend(canvas, plan.lost)
            return
        picture = source.picture.due(now_ns)
        if picture is not None and picture.received_ns >= oldest_ns:
            plan.seat.paint(canvas, picture.frame)
        if plan.title is not None:
            self._blend(canvas, plan.title)

    def compose_public_slate(self, canvas: Canvas) -> None:
        canvas.clear()
        self._blend(canvas, self._public_slate)

    def _blend(self, canvas: Canvas, request: Request) -> None:
        if (drawing := self._board.drawing(request.key)) is not None:
            canvas.blend(drawing)


class FrameClock:
    """The thread that composes."""

    def __init__(
        self,
        clock: ProgramClock,
        program: Program,
        composer: Composer,
        encoding: VideoEncoding,
        on_air: Callable[[], OnAir | None],
    ) -> None:
        self._clock, self._fps, self._on_air = clock, program.fps, on_air
        self._grid = Grid(program.fps)
        self._composer, self._encoding = composer, encoding
        self._frame_ns = NS_PER_S // program.fps
        self._stop = threading.Event()
        self.metronome = Metronome(clock, self._grid, self._stop, 2 * self._frame_ns)
        self._thread = threading.Thread(target=self._run, name="frame-clock")
        self.frames = 0
        self.late = 0
        """Composed after the next one was due, or not at all because the encoder was behind."""

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for index in self.metronome.ticks():
            snapshot = self._on_air()
            if snapshot is not None:
                self._tick(index, snapshot)

    def _tick(self, index: int, snapshot: OnAir) -> None:
        due_ns = self._clock.monotonic_ns(self._grid.time_ns(index))
        public = snapshot.is_public(due_ns)
        self.frames += 1
        canvas = self._encoding.room_canvas()
        if canvas is None:
            self.late += 1
            return
        self._composer.follow(snapshot)
        self._composer.compose(canvas, due_ns, public=public)
        slate = None
        if not public and (slate := self._encoding.slate_canvas()) is not None:
            self._composer.compose_public_slate(slate)
        self._encoding.offer(Shot(canvas, slate, video_pts(index, self._fps), public))
        if time.monotonic_ns() - due_ns > self._frame_ns:
            self.late += 1
