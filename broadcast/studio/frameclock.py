"""The frame clock: composes one picture each tick and hands it to the encoding thread."""

import threading
import time
from collections.abc import Callable

from broadcast.program import ProgramState
from broadcast.studio.canvas import Canvas
from broadcast.studio.clock import Grid, Metronome, ProgramClock, video_pts
from broadcast.studio.composer import Composer, View
from broadcast.studio.encoding import CANVASES, Shot, VideoEncoding
from broadcast.studio.onair import OnAir
from streams.frames import NS_PER_S

AFTER_NS = 2_000_000
"""Sound is mixed at the same moments. Both at once would take the interpreter's lock from each
other at every step; the sound has less time to lose."""

PATIENCE = CANVASES - 1
"""Frames that a machine which was busy elsewhere makes up for at once, as it does for the sound;
there are canvases for them and for the newest. Older ones are left out."""


def program_view(state: ProgramState) -> View:
    """What the program shows, as against the preview."""
    return View(
        state.program,
        state.slate,
        state.overlays,
        state.site_names,
        (state.public_slate,),
        state.transition,
        state.signer,
    )


class FrameClock:
    """A thread of its own. `on_air` gives the snapshot in force, or None before the first."""

    def __init__(
        self,
        clock: ProgramClock,
        fps: int,
        composer: Composer,
        encoding: VideoEncoding,
        on_air: Callable[[], OnAir | None],
    ) -> None:
        self._clock, self._fps, self._on_air = clock, fps, on_air
        self._grid = Grid(fps)
        self._composer, self._encoding = composer, encoding
        self._frame_ns = NS_PER_S // fps
        self._stop = threading.Event()
        patience_ns = PATIENCE * self._frame_ns
        self._metronome = Metronome(
            clock, self._grid, self._stop, patience_ns, AFTER_NS, kept=PATIENCE
        )
        self._thread = threading.Thread(target=self._run, name="frame-clock")
        self._late = self._ticks = 0
        self._followed: OnAir | None = None

    @property
    def frames(self) -> int:
        """How many there should have been."""
        return self._ticks + self._metronome.skipped

    @property
    def late(self) -> int:
        """Frames composed after the next was due, or left out because the machine is too slow."""
        return self._late + self._metronome.skipped

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for index in self._metronome.ticks():
            snapshot = self._on_air()
            if snapshot is not None:
                self._tick(index, snapshot)

    def _tick(self, index: int, snapshot: OnAir) -> None:
        """One frame, composed and marked from one snapshot. Should another come while it composes,
        from that: pictures that came after it may be in the frame."""
        due_ns = self._clock.monotonic_ns(self._grid.time_ns(index))
        if self._followed is None and due_ns < (snapshot.opened_ns or 0):
            return  # its time was before there was a program: the public would see one slate
        self._ticks += 1
        canvas = self._encoding.room_canvas()
        if canvas is None:
            self._late += 1
            return
        self._compose(canvas, snapshot, due_ns)
        while (newest := self._on_air() or snapshot) is not snapshot:
            snapshot = newest
            self._compose(canvas, snapshot, due_ns)
        public = snapshot.is_public(due_ns)
        slate = None if public else self._encoding.slate_canvas()
        if slate is not None:
            signed_ns = snapshot.signed_since_ns(due_ns)
            self._composer.compose_slate(slate, snapshot.state.public_slate, signed_ns)
        self._encoding.offer(Shot(canvas, slate, video_pts(index, self._fps), public))
        if time.monotonic_ns() - due_ns > self._frame_ns:
            self._late += 1

    def _compose(self, canvas: Canvas, snapshot: OnAir, due_ns: int) -> None:
        oldest_ns = (snapshot.opened_ns or 0) if snapshot.is_public(due_ns) else 0
        if snapshot is not self._followed:
            self._composer.follow(program_view(snapshot.state), due_ns)
            self._followed = snapshot
        self._composer.compose(canvas, due_ns, oldest_ns)
